"""Turns slots into views: text cleaned, names labelled, receipts counted. Changes nothing."""

from collections.abc import Iterable
from dataclasses import replace

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.context import Context
from escalate_daemon.core.hands import Known
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.naming import Person, labels, means
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.reach import Reachability
from escalate_daemon.core.replica import Replica
from escalate_daemon.core.slots import Profile, Receipt, State, Target
from escalate_daemon.core.text import clean
from escalate_daemon.core.views import EscalationState, EscalationView, GrantView, MemberView, Reach, ReceiptView, Why
from escalate_daemon.core.wire import SlotKey

LOST = "lost"
_HEARS = ("sound", "popup", "terminal", "none")
_PRESENCES = (slots.AVAILABLE, slots.BUSY, slots.AWAY, slots.ROOM, slots.LEFT)


class Viewer:
    """Views of one node's replica. `receipts_of` gives what the owner keeps besides the replica."""

    def __init__(self, ctx: Context, replica: Replica, reach: Reachability, pins: Pins) -> None:
        self._ctx = ctx
        self._replica = replica
        self._reach = reach
        self._pins = pins
        self._people: dict[MemberId, Person] | None = None
        self.kept_receipts: dict[str, dict[MemberId, Receipt]] = {}

    def forget(self) -> None:
        """A profile or a state changed: names and presences are looked up anew."""
        self._people = None

    # --- Members -----------------------------------------------------------------------------------
    def people(self) -> dict[MemberId, Person]:
        """Everybody with a profile, me included, labelled."""
        if self._people is None:
            found = [self._person(m, p) for m in self._replica.members() if (p := self._replica.profile(m)) is not None]
            names = labels([(p.id, p.name, p.host) for p in found])
            self._people = {p.id: replace(p, label=names[p.id]) for p in found}
        return self._people

    def _person(self, member: MemberId, profile: Profile) -> Person:
        state = self._replica.state(member) or State()
        groups = tuple(g for g in (clean(g, tuning.NAME_POINTS) for g in profile.groups[: tuning.GROUPS_MAX]) if g)
        name = _unposed(clean(profile.name, tuning.NAME_POINTS)) or member.hex()[:8]
        presence = state.presence if state.presence in _PRESENCES else slots.AVAILABLE
        room = clean(state.room, tuning.NAME_POINTS)
        return Person(member, name, clean(profile.host, tuning.HOST_BYTES), groups, presence, room)

    def me(self) -> Person:
        """Myself, by my own slots."""
        return self.people()[self._ctx.me]

    def is_online(self, member: MemberId) -> bool:
        """Reachable and not left; oneself is."""
        person = self.people().get(member)
        return person is not None and person.presence != slots.LEFT and self._reach.is_reachable(member)

    def member(self, member: MemberId) -> MemberView:
        """One member; one without a profile shows by its id."""
        person = self.people().get(member) or Person(
            member, member.hex()[:8], "", (), slots.AVAILABLE, "", member.hex()[:8]
        )
        profile = self._replica.profile(member) or Profile(b"", person.name)
        gone = person.presence != slots.LEFT and member != self._ctx.me and self._reach.is_lost(member)
        return MemberView(
            id=member,
            name=person.name,
            host=person.host,
            label=person.label,
            presence=LOST if gone else person.presence,
            room=person.room if person.presence == slots.ROOM else "",
            groups=person.groups,
            location=clean(profile.location, tuning.PLACE_BYTES),
            phone=clean(profile.phone, tuning.PHONE_BYTES),
            url=clean(profile.url, tuning.PLACE_BYTES),
            me=member == self._ctx.me,
            online=self.is_online(member),
            hears=profile.hears if profile.hears in _HEARS else "none",
            version=clean(profile.version, tuning.NAME_POINTS),
            new_key=self._pins.is_new_key(member, person.name),
            addresses=tuple(clean(a, tuning.PLACE_BYTES) for a in profile.addresses[: tuning.ADDRESSES_MAX]),
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
        people = self.people()
        ids = {t.member for t in known.hand.named if not t.word}
        words = [t for t in known.hand.named if t.word]
        ids.update(p.id for p in people.values() if any(means(t, p) for t in words))
        return frozenset(ids - {known.owner})

    def receipts(self, known: Known) -> dict[MemberId, Receipt]:
        """Every receipt for this hand, newest word of each member."""
        found = dict(self.kept_receipts.get(known.id, {}))
        for member in self._replica.members():
            for receipt in self._replica.receipts(member):
                if receipt.hand == known.id and receipt.owner == known.owner:
                    found[member] = receipt
        return found

    def escalation(self, known: Known) -> EscalationView:
        """One escalation as it stands now."""
        now = self._ctx.now
        red = known.hand.level == slots.RED
        receipts = self.receipts(known) if red else {}
        counted = frozenset(self.kept_receipts.get(known.id, ()))  # named when they answered, and so they stay
        named = (self.meant(known) | counted) - {known.owner} if red else frozenset()
        since = self._reach.unreachable_since(known.owner)
        lost = known.state in (EscalationState.LOST, EscalationState.PUT_AWAY) and since is not None
        return EscalationView(
            id=known.id,
            owner=self.member(known.owner),
            level=slots.RED if known.hand.level == slots.RED else slots.YELLOW,
            message=clean(known.hand.message, tuning.MESSAGE_POINTS),
            named=tuple(self._word(target) for target in known.hand.named[: tuning.TARGETS_MAX]),
            state=known.state,
            age=known.age(now),
            max_age=known.max_age,
            lost_for=max(0, now - since) if lost and since is not None else None,
            ended_ago=None if known.ended_at is None else max(0, now - known.ended_at),
            end_reason=known.end_reason,
            note=clean(known.note, tuning.MESSAGE_POINTS),
            reach=self._reach_of(named, receipts),
            receipts=tuple(self._receipt(m, receipts.get(m), known) for m in sorted(named)),
            named_me=self._ctx.me in named,
            mine=known.owner == self._ctx.me,
        )

    def _word(self, target: Target) -> str:
        if target.word:
            return clean(target.word, tuning.NAME_POINTS + len("@room:"))
        return self.member(target.member).label

    def _reach_of(self, named: Iterable[MemberId], receipts: dict[MemberId, Receipt]) -> Reach:
        members = list(named)
        mine = [receipts[m] for m in members if m in receipts]
        return Reach(
            named=len(members),
            online=sum(self.is_online(m) for m in members),
            delivered=sum(r.delivered >= 0 for r in mine),
            shown=sum(r.shown >= 0 for r in mine),
            sounded=sum(r.sounded >= 0 for r in mine),
            seen=sum(r.seen >= 0 for r in mine),
        )

    def _receipt(self, member: MemberId, receipt: Receipt | None, known: Known) -> ReceiptView:
        if receipt is None:  # named, and nothing came back: the owner is to see that too
            receipt = Receipt(known.id, known.owner)
        total = self._ctx.now - known.raised_at

        def ago(age: int) -> int | None:
            return None if age < 0 else max(0, total - age)

        return ReceiptView(
            member=self.member(member),
            delivered_ago=ago(receipt.delivered),
            shown_ago=ago(receipt.shown),
            sounded_ago=ago(receipt.sounded),
            seen_ago=ago(receipt.seen),
            why=Why(receipt.why) if receipt.why in tuple(Why) else None,
        )


def _unposed(name: str) -> str:
    """A peer's name without what would make it another's label: ana@desk, ana~3f2a."""
    return name.replace("@", "_").replace("~", "_").lstrip("-")


def _remaining(grant: slots.Grant, held_for: int) -> int:
    lifetime, age = (min(max(0, number), tuning.AGE_MAX) for number in (grant.lifetime, grant.age))
    return max(lifetime - age - held_for, -tuning.AGE_MAX)
