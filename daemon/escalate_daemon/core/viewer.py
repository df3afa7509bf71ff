"""Turns slots into views: text cleaned, names labelled, receipts counted. Changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass

from escalate_daemon.core import ladder, slots, tuning
from escalate_daemon.core.answering import Answering, HandAnswers
from escalate_daemon.core.context import Context
from escalate_daemon.core.hands import Known
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.naming import Person, means
from escalate_daemon.core.people import People
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.receiving import Receiving
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Hand, Profile, Receipt, Target
from escalate_daemon.core.text import clean
from escalate_daemon.core.views import (
    ClaimView,
    EscalationState,
    EscalationView,
    GrantView,
    LineView,
    MemberView,
    Reach,
    ReceiptView,
    StepView,
    Why,
)
from escalate_daemon.core.wire import SlotKey

LOST = "lost"
_HEARS = ("sound", "popup", "terminal", "none")
_WHYS = {why.value: why for why in Why}


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a member's view follows from: while all of it stands, so does the view."""

    person: Person
    profile: Profile
    gone: bool
    online: bool
    new_key: bool


class Viewer:
    """Views of one node's replica. `kept_receipts` is what the owner keeps besides the replica."""

    def __init__(self, ctx: Context, replica: Replica, reach: Reachability, pins: Pins, answering: Answering) -> None:
        self._ctx = ctx
        self._answering = answering
        self._replica = replica
        self._reach = reach
        self._pins = pins
        self._people = People(replica)
        self._receiving = Receiving(replica)
        self._edition = -1  # of the people: for it the next two are true
        self._present: list[MemberId] | None = None
        self._meant: dict[tuple[Hand, frozenset[int]], frozenset[MemberId]] = {}
        self._views: dict[MemberId, tuple[_Seen, MemberView]] = {}
        self._stamp = (-1, -1, -1)  # editions of people, reachability and pins: for them the next is true
        self._current: dict[MemberId, MemberView] = {}
        self.kept_receipts: dict[str, dict[MemberId, Receipt]] = {}

    # --- Members -----------------------------------------------------------------------------------
    def people(self) -> dict[MemberId, Person]:
        """Everybody with a profile, me included, labelled."""
        return self._people.all()

    def present(self) -> list[MemberId]:
        """Everybody but me who has a profile and has not left."""
        self._renew()
        if self._present is None:
            there = self._people.all().items()
            self._present = [m for m, p in there if m != self._ctx.me and p.presence != slots.LEFT]
        return self._present

    def _renew(self) -> None:
        edition = self._people.edition
        if edition != self._edition:
            self._edition, self._present = edition, None
            self._meant.clear()

    def me(self) -> Person:
        """Myself, by my own slots."""
        return self.people()[self._ctx.me]

    def person(self, member: MemberId) -> Person | None:
        """One member as names mean it, None without a profile."""
        return self._people.get(member)

    def is_online(self, member: MemberId) -> bool:
        """Reachable and not left; oneself is."""
        person = self._people.get(member)
        return person is not None and person.presence != slots.LEFT and self._reach.is_reachable(member)

    def member(self, member: MemberId) -> MemberView:
        """One member; one without a profile shows by its id."""
        stamp = (self._people.edition, self._reach.edition, self._pins.edition)
        if stamp != self._stamp:
            self._stamp = stamp
            self._current.clear()
        view = self._current.get(member)
        if view is None:
            person = self._people.get(member)
            if person is None:  # not kept: a hand may name any number of ids that nobody has
                nobody = member.hex()[:8]
                return self._view(self._seen(Person(member, nobody, "", (), slots.AVAILABLE, "", nobody)))
            view = self._current[member] = self._kept_view(self._seen(person))
        return view

    def _seen(self, person: Person) -> _Seen:
        member = person.id
        gone = person.presence != slots.LEFT and member != self._ctx.me and self._reach.is_lost(member)
        profile = self._replica.profile(member) or Profile(b"", person.name)
        return _Seen(person, profile, gone, self.is_online(member), self._pins.is_new_key(member, person.name))

    def _kept_view(self, seen: _Seen) -> MemberView:
        before = self._views.get(seen.person.id)
        if before is None or before[0] != seen:
            before = self._views[seen.person.id] = (seen, self._view(seen))
        return before[1]

    def _view(self, seen: _Seen) -> MemberView:
        person, profile = seen.person, seen.profile
        return MemberView(
            id=person.id,
            name=person.name,
            host=person.host,
            label=person.label,
            presence=LOST if seen.gone else person.presence,
            room=person.room if person.presence == slots.ROOM else "",
            groups=person.groups,
            location=clean(profile.location, tuning.PLACE_BYTES),
            phone=clean(profile.phone, tuning.PHONE_BYTES),
            url=clean(profile.url, tuning.PLACE_BYTES),
            me=person.id == self._ctx.me,
            online=seen.online,
            hears=profile.hears if profile.hears in _HEARS else "none",
            version=clean(profile.version, tuning.NAME_POINTS),
            new_key=seen.new_key,
            addresses=tuple(clean(a, tuning.PLACE_BYTES) for a in profile.addresses[: tuning.ADDRESSES_MAX]),
            undisturbed=profile.undisturbed,
        )

    def members(self) -> list[MemberView]:
        """All, me first, then by label."""
        views = [self.member(member) for member in self.people()]
        return sorted(views, key=lambda v: (not v.me, v.label, v.id))

    def grants(self) -> list[GrantView]:
        """All reusable invites that members gave, revoked ones included while they are remembered."""
        views: list[GrantView] = []
        for member in self._replica.members():
            held = self._replica.get(SlotKey(member, slots.GRANTS))
            age = 0 if held is None else held.age(self._ctx.now)
            views.extend(
                GrantView(g.id, g.secret, _remaining(g, age), member == self._ctx.me, g.revoked)
                for g in self._replica.grants(member)
            )
        return views

    # --- Escalations -------------------------------------------------------------------------------
    def meant(self, known: Known) -> frozenset[MemberId]:
        """Whom a hand names, as seen from here; its owner never."""
        self._renew()
        key = known.hand, known.fired
        meant = self._meant.get(key)
        if meant is None:
            words = [t for t in known.named if t.word]
            ids = {t.member for t in known.named if not t.word}
            ids.update(p.id for p in self.people().values() if any(means(t, p) for t in words))
            meant = self._meant[key] = frozenset(ids - {known.owner})
        return meant

    def receipts(self, known: Known) -> dict[MemberId, Receipt]:
        """Every receipt for this hand, newest word of each member."""
        if known.receipts is not None:
            return {**known.receipts, **self.kept_receipts.get(known.id, {})}
        return {**self.kept_receipts.get(known.id, {}), **self._receiving.of(known.id, known.owner)}

    def freeze(self, known: Known) -> None:
        """It ends: keep with it what was reported and answered by now."""
        known.receipts = self._receiving.of(known.id, known.owner)
        known.answers = self._answering.of(known.id, known.owner)

    def escalation(self, known: Known) -> EscalationView:
        """One escalation as it stands now."""
        now = self._ctx.now
        red = known.red
        receipts = self._receipt_views(known) if red else ()
        answers = known.answers or self._answering.of(known.id, known.owner)
        since = self._reach.unreachable_since(known.owner)
        lost = known.state in (EscalationState.LOST, EscalationState.PUT_AWAY) and since is not None
        return EscalationView(
            id=known.id,
            owner=self.member(known.owner),
            level=slots.RED if red else slots.YELLOW,
            message=clean(known.hand.message, tuning.MESSAGE_POINTS),
            named=self._words(known.named),
            state=known.state,
            age=known.age(now),
            max_age=known.max_age,
            lost_for=max(0, now - since) if lost and since is not None else None,
            ended_ago=None if known.ended_at is None else max(0, now - known.ended_at),
            end_reason=known.end_reason,
            note=clean(known.note, tuning.MESSAGE_POINTS),
            reach=_reach_of(receipts),
            receipts=receipts,
            named_me=any(receipt.member.me for receipt in receipts),
            mine=known.owner == self._ctx.me,
            claims=self._claims(known, answers),
            thread=self._thread(known, answers),
            forgotten=answers.forgotten,
            ladder=tuple(
                StepView(step.after, self._words(step.named), place in known.fired)
                for place, step in enumerate(ladder.steps(known.hand))
            ),
        )

    def _claims(self, known: Known, answers: HandAnswers) -> tuple[ClaimView, ...]:
        age = self._ctx.now - known.raised_at
        return tuple(
            ClaimView(self.member(claimant), max(0, age - max(0, claim.age)), self._answering.counts(claimant))
            for claimant, claim in answers.claims
        )

    def _thread(self, known: Known, answers: HandAnswers) -> tuple[LineView, ...]:
        age = self._ctx.now - known.raised_at
        return tuple(
            LineView(self.member(who), max(0, age - max(0, line.age)), clean(line.text, tuning.LINE_POINTS))
            for who, line in answers.lines
        )

    def _words(self, targets: Sequence[Target]) -> tuple[str, ...]:
        return tuple(self._word(target) for target in targets[: tuning.TARGETS_MAX])

    def _word(self, target: Target) -> str:
        if target.word:
            return clean(target.word, tuning.NAME_POINTS + len("@room:"))
        return self.member(target.member).label

    def _receipt_views(self, known: Known) -> tuple[ReceiptView, ...]:
        """Of all who are named: one of whom nothing came back is to be seen too."""
        counted = self.kept_receipts.get(known.id, {}).keys()  # named when they answered, and so they stay
        named = self.meant(known).union(counted) - {known.owner}
        receipts, nothing = self.receipts(known), Receipt(known.id, known.owner)
        age = self._ctx.now - known.raised_at
        return tuple([_receipt_view(self.member(m), receipts.get(m, nothing), age) for m in sorted(named)])


def _receipt_view(member: MemberView, receipt: Receipt, age: int) -> ReceiptView:
    """`age`: of the hand, in ms."""
    return ReceiptView(
        member=member,
        delivered_ago=None if receipt.delivered < 0 else max(0, age - receipt.delivered),
        shown_ago=None if receipt.shown < 0 else max(0, age - receipt.shown),
        sounded_ago=None if receipt.sounded < 0 else max(0, age - receipt.sounded),
        seen_ago=None if receipt.seen < 0 else max(0, age - receipt.seen),
        why=_WHYS.get(receipt.why),
    )


def _reach_of(receipts: Sequence[ReceiptView]) -> Reach:
    return Reach(
        named=len(receipts),
        online=sum([r.member.online for r in receipts]),
        delivered=sum([r.delivered_ago is not None for r in receipts]),
        shown=sum([r.shown_ago is not None for r in receipts]),
        sounded=sum([r.sounded_ago is not None for r in receipts]),
        seen=sum([r.seen_ago is not None for r in receipts]),
    )


def _remaining(grant: slots.Grant, held_for: int) -> int:
    lifetime, age = (min(max(0, number), tuning.AGE_MAX) for number in (grant.lifetime, grant.age))
    return max(lifetime - age - held_for, -tuning.AGE_MAX)
