"""What I write: my profile, my state with the one hand, and what happens when my own slots come back from others.

Leaving and ending are one write of `state`. A hand that only the disk remembers is never written again: should
peers hold a newer state without it, it ended in a life that this disk forgot.
"""

import msgspec

from escalate_daemon.core import slots, text, tuning
from escalate_daemon.core.commands import CommandRefused, Refusal, SetProfile, Start
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.hands import Hands, Known
from escalate_daemon.core.ids import HandId, fold, hand_id
from escalate_daemon.core.myanswers import MyAnswers
from escalate_daemon.core.naming import Plan
from escalate_daemon.core.own import OwnSlots
from escalate_daemon.core.replica import Held, Replica, decode_body
from escalate_daemon.core.slots import Answers, Body, End, Grant, Grants, Hand, Links, Profile, State
from escalate_daemon.core.views import EndReason

ALIVE = b"alive"
GRANTS_MAX = 16  # of one member: they fit its slot, and nobody needs more


class Myself:
    """Writes profile, state and grants. Everything that a person asks for about oneself ends here."""

    def __init__(self, ctx: Context, replica: Replica, own: OwnSlots, hands: Hands) -> None:
        self._ctx = ctx
        self._replica = replica
        self._own = own
        self._hands = hands
        self.answers = MyAnswers(ctx, replica, own, hands)
        self._raised_now: set[str] = set()  # hands of this boot: only these are written again above a stranger
        self._settings: dict[str, object] = {}
        self._group_changes: dict[str, str | None] = {}
        self._presence_set = False
        self._presence_ends: EndReason | None = None  # why the presence set in this boot ends my hand
        self._available_since: int | None = ctx.now
        self._alive_at = ctx.now

    def begin(self, alive: Stored | None) -> None:
        """At start: first slots where there are none; and since when I have been available."""
        state = self._replica.state(self._ctx.me)
        if state is None:
            self._own.write(slots.STATE, State())
        if state is not None and state.presence != slots.AVAILABLE:
            self._available_since = None
        elif alive is not None and alive.age < tuning.HERE_GRACE and alive.value.isdigit():
            self._available_since = self._ctx.now - int(alive.value[:15]) - alive.age
        self._own.write(slots.LINKS, Links())
        self._write_profile()

    # --- Profile -----------------------------------------------------------------------------------
    def set_undisturbed(self, *, undisturbed: bool) -> None:
        """Say that I am not to be disturbed, or may be again."""
        self._settings["undisturbed"] = undisturbed
        self._write_profile()

    def set_profile(self, command: SetProfile) -> None:
        """Take what the shell knows; written only where it changes something."""
        for name in command.__slots__:
            value = getattr(command, name)
            if value is not None:
                self._settings[name] = value[: tuning.ADDRESSES_MAX] if name == "addresses" else value
        self._write_profile()

    def change_group(self, name: str, *, wear: bool) -> None:
        """Put a group on, or take it off. Raises CommandRefused for a bad name or too many."""
        try:
            label = text.normalise_label(name.removeprefix("@"), "group")
        except text.TextRefused as error:
            raise CommandRefused(Refusal.USAGE, error.reason) from error
        groups = self._groups(self._profile().groups)
        if wear and fold(label) not in map(fold, groups) and len(groups) >= tuning.GROUPS_MAX:
            raise CommandRefused(Refusal.NOT_ALLOWED, f"at most {tuning.GROUPS_MAX} groups", "leave one first")
        self._group_changes[fold(label)] = label if wear else None
        self._write_profile()

    def _profile(self) -> Profile:
        mine = self._ctx.config.chain[-1]
        return self._replica.profile(self._ctx.me) or Profile(mine.key, self._ctx.config.name)

    def _groups(self, base: tuple[str, ...]) -> tuple[str, ...]:
        groups = {fold(group): group for group in base}
        for folded, label in self._group_changes.items():
            if label is None:
                groups.pop(folded, None)
            else:
                groups.setdefault(folded, label)
        return tuple(groups.values())

    def _write_profile(self) -> None:
        mine = self._ctx.config.chain[-1]
        before = self._profile()
        base = msgspec.structs.replace(
            before,
            key=mine.key,
            name=self._ctx.config.name,
            intro=mine,
            encryption_key=self._ctx.config.encryption_key,
            groups=self._groups(before.groups),
        )
        profile = msgspec.structs.replace(base, **self._settings)
        if profile != self._replica.profile(self._ctx.me):
            self._own.write(slots.PROFILE, profile)

    # --- Hand and presence -------------------------------------------------------------------------
    @property
    def hand(self) -> Known | None:
        """My hand that is up."""
        return self._hands.of(self._ctx.me)

    def refuse_start(self, command: Start, plan: Plan) -> None:
        """Raise CommandRefused where `start` would: red replaces my own yellow; else one that is up refuses, unless
        told to replace.
        """
        if not 0 < command.max_age <= tuning.MAX_AGE_LIMIT:
            days = tuning.MAX_AGE_LIMIT // (24 * tuning.HOUR)
            raise CommandRefused(Refusal.USAGE, "the maximum age is out of range", f"more than 0 s, at most {days}d")
        current = self.hand
        if current is not None and not command.replace and (current.red or not plan.targets):
            raise CommandRefused(
                Refusal.ALREADY_ACTIVE,
                f"yours is up already ({slots.RED if current.red else slots.YELLOW})",
                "`escalate end` ends it, --replace replaces it",
            )

    def start(self, command: Start, message: str, plan: Plan) -> HandId:
        """Raise; who is away or had left is available again by that, in the same write."""
        self.refuse_start(command, plan)
        level = slots.RED if plan.targets else slots.YELLOW
        current = self.hand
        nonce = self._ctx.rng.randbytes(16)
        hand = Hand(hand_id(self._ctx.me, nonce), level, message, plan.targets, 0, command.max_age, nonce, plan.ladder)
        self._raised_now.add(hand.id)
        state = self._state()
        presence = slots.AVAILABLE if state.presence in (slots.AWAY, slots.LEFT) else state.presence
        if presence != state.presence:
            self._presence_set, self._presence_ends = True, None
        end = state.end if current is None else self._end(current, EndReason.REPLACED, "")
        self._write_state(State(presence, state.room, hand, end))
        return HandId(hand.id)

    def end_hand(self, reason: EndReason, note: str = "") -> HandId | None:
        """End my hand; None where there is none."""
        current = self.hand
        if current is None:
            return None
        state = self._state()
        self._write_state(State(state.presence, state.room, None, self._end(current, reason, note)))
        return current.id

    def set_presence(self, presence: str, room: str = "", *, ends: EndReason | None) -> HandId | None:
        """Be available, busy, away, in a room, or gone; gives my hand where that ended it, in the same write.

        `ends`: why my hand ends by that, None: it stays up.
        """
        current, state = self.hand, self._state()
        self._presence_set, self._presence_ends = True, ends
        ended = current if ends is not None else None
        if ended is None and (state.presence, state.room) == (presence, room):
            return None
        if ended is None or ends is None:
            hand = None if current is None else self._rewritten(current)
            self._write_state(State(presence, room, hand, state.end))
            return None
        self._write_state(State(presence, room, None, self._end(ended, ends, "")))
        return ended.id

    def come_back(self) -> None:
        """Be available again after leaving."""
        state = self._state()
        self._presence_set, self._presence_ends = True, None
        if state.presence == slots.LEFT:
            self._write_state(msgspec.structs.replace(state, presence=slots.AVAILABLE, room=""))

    def _state(self) -> State:
        return self._replica.state(self._ctx.me) or State()

    def _end(self, current: Known, reason: EndReason, note: str) -> End:
        return End(current.id, reason, note, current.age(self._ctx.now))

    def _write_state(self, state: State) -> None:
        if state.presence != slots.AVAILABLE:
            self._available_since = None
        elif self._available_since is None:
            self._available_since = self._ctx.now
        self._own.write(slots.STATE, state)
        self._hands.state_changed(self._ctx.me, direct=False)

    def available_for(self) -> int | None:
        """Ms that I have been available without a break of HERE_GRACE, None: I am not."""
        return None if self._available_since is None else self._ctx.now - self._available_since

    # --- Invites -----------------------------------------------------------------------------------
    def add_grant(self, grant: Grant) -> None:
        """Publish a reusable invite."""
        self._own.write(slots.GRANTS, Grants((*self._aged_grants(), grant)[-GRANTS_MAX:]))

    def revoke_grant(self, grant: str) -> None:
        """Take one of mine back; CommandRefused where there is none of that id."""
        grants = self._aged_grants()
        if all(g.id != grant for g in grants):
            raise CommandRefused(Refusal.UNKNOWN_NAME, f"no invite {grant!r} of yours", "`escalate invite list`")
        revoked = tuple(msgspec.structs.replace(g, revoked=True) if g.id == grant else g for g in grants)
        self._own.write(slots.GRANTS, Grants(revoked))

    def _aged_grants(self) -> tuple[Grant, ...]:
        held = self._replica.get(self._own.key(slots.GRANTS))
        age = 0 if held is None else held.age(self._ctx.now)
        grants = (msgspec.structs.replace(g, age=g.age + age) for g in self._replica.grants(self._ctx.me))
        return tuple(g for g in grants if g.age < g.lifetime + 24 * tuning.HOUR)

    # --- My slots as others hold them --------------------------------------------------------------
    def reclaim(self, theirs: Held) -> None:
        """A record under my signature that this run did not write and that is not older than mine.

        It is of an earlier life of mine whose disk is gone or was put back. Its content wins but for what this
        boot did, which is written again above it; a hand that only my disk remembers ends.
        """
        slot = theirs.record.slot
        mine = self._replica.get(theirs.record.key)
        self._own.rise_above(theirs.version)
        if slot == slots.STATE:
            self._reclaim_state(theirs, mine)
        elif mine is None or theirs.version > mine.version:
            self._adopt(theirs, mine)

    def _adopt(self, theirs: Held, mine: Held | None) -> None:
        slot = theirs.record.slot
        body = mine.decoded if mine is not None else None
        self._own.adopt(theirs)
        if slot == slots.PROFILE:
            self._write_profile()
        elif slot == slots.GRANTS and isinstance(body, Grants):
            self._reconcile_grants(body)
        elif slot == slots.ANSWERS and isinstance(body, Answers):
            self.answers.reconcile(body)
        elif slot in (slots.LINKS, slots.RECEIPTS) and isinstance(body, Body):
            self._own.write(slot, body)

    def _reconcile_grants(self, before: Grants) -> None:
        """What this boot gave is given still, and what it took back is never given again."""
        theirs = self._aged_grants()
        revoked = {g.id for g in (*before.grants, *theirs) if g.revoked}
        extra = tuple(g for g in before.grants if g.id not in {t.id for t in theirs})
        grants = tuple(msgspec.structs.replace(g, revoked=g.id in revoked) for g in (*theirs, *extra))
        if grants != theirs:
            self._own.write(slots.GRANTS, Grants(grants[-GRANTS_MAX:]))

    def _reclaim_state(self, theirs: Held, mine: Held | None) -> None:
        body = decode_body(theirs.record.body, State) or State()
        current, state = self.hand, self._state()
        if current is not None and current.id in self._raised_now:
            other = body.hand is not None and body.hand.id != current.id
            end = End(body.hand.id, EndReason.REPLACED) if other and body.hand is not None else state.end
            self._write_state(State(state.presence, state.room, self._rewritten(current), end))
        elif mine is None or theirs.version > mine.version:
            self._adopt_state(theirs, body, state)
        else:  # a twin of my version: nobody can tell which came later, so what only one of them holds is over
            kept = current is not None and body.hand is not None and body.hand.id == current.id
            hand = self._rewritten(current) if kept and current is not None else None
            end = self._end(current, EndReason.OWNER, "") if current is not None and not kept else state.end
            self._write_state(State(state.presence, state.room, hand, end))

    def _adopt_state(self, theirs: Held, body: State, before: State) -> None:
        self._own.adopt(theirs)
        self._hands.state_changed(self._ctx.me, direct=False)
        hand = self.hand
        ended_here = body.hand is not None and hand is None
        stands = before if self._presence_set else body
        kept = None if hand is None else self._rewritten(hand)
        end = before.end if ended_here else body.end
        if hand is not None and self._presence_set and self._presence_ends is not None:
            kept, end = None, self._end(hand, self._presence_ends, "")  # the presence of this boot ended it
        if ended_here or (kept is None) is not (body.hand is None) or _where(stands) != _where(body):
            self._write_state(State(stands.presence, stands.room, kept, end))

    def _rewritten(self, known: Known) -> Hand:
        return msgspec.structs.replace(known.hand, age=known.age(self._ctx.now))

    def peers_word(self, age: int) -> None:
        """A peer told the age of the very state that I loaded from disk."""
        current = self.hand
        if current is not None and current.from_disk:
            self._hands.older(current, age + max(0, current.hand.age))

    # --- Time --------------------------------------------------------------------------------------
    def tick(self) -> None:
        """Store now and then that I am running, and how old what is up is by now."""
        if self._ctx.now < self._alive_at:
            return
        self._alive_at = self._ctx.now + tuning.ALIVE_STAMP
        self._hands.restamp()
        here = self.available_for()
        self._ctx.emit(Store(Bucket.META, ALIVE, None if here is None else str(here).encode()))

    def next_deadline(self) -> int:
        """When tick is due."""
        return self._alive_at


def _where(state: State) -> tuple[str, str]:
    return state.presence, state.room
