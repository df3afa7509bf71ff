"""Carries out commands: what a person, the shell and the notifier tell the node."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from escalate_daemon.core import slots, text, tuning
from escalate_daemon.core.absorb import receipt_key
from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.commands import (
    AddGrant,
    AddressFound,
    Approach,
    Command,
    CommandRefused,
    DialFailed,
    Dismiss,
    EndMine,
    JoinGroup,
    LadderStep,
    LeaveGroup,
    LeaveSpace,
    Mute,
    NetworkChanged,
    Refusal,
    ReportClosed,
    ReportLost,
    ReportMended,
    ReportNotShown,
    ReportNotSounded,
    ReportSeen,
    ReportShown,
    ReportSounded,
    ReturnToSpace,
    RevokeGrant,
    Say,
    SetPolicy,
    SetPresence,
    SetProfile,
    Start,
    TrustMember,
    Unmute,
    Withdraw,
)
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.facts import MemberChanged
from escalate_daemon.core.hands import Hands
from escalate_daemon.core.ids import HandId, fold
from escalate_daemon.core.mesh import Mesh
from escalate_daemon.core.myself import Myself
from escalate_daemon.core.naming import Plan
from escalate_daemon.core.owner import Owner
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.quietness import ALL, Quietness
from escalate_daemon.core.rings import Rings
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.views import EndReason

HandsCommand = Start | EndMine | Approach | Withdraw | Say | Dismiss
PersonsCommand = LeaveSpace | SetPresence | ReturnToSpace | JoinGroup | LeaveGroup | TrustMember | Mute | Unmute
ShellsCommand = SetPolicy | SetProfile | AddGrant | RevokeGrant | AddressFound | NetworkChanged | DialFailed
Report = (
    ReportShown
    | ReportNotShown
    | ReportSounded
    | ReportNotSounded
    | ReportClosed
    | ReportSeen
    | ReportLost
    | ReportMended
)


@dataclass(frozen=True, slots=True)
class Control:
    """Dispatches the commands of one node. `plan` resolves WHO words as seen now."""

    ctx: Context
    me: Myself
    hands: Hands
    rings: Rings
    mesh: Mesh
    book: AddressBook
    pins: Pins
    viewer: Viewer
    quietness: Quietness
    owner: Owner
    plan: Callable[[Sequence[str], Sequence[LadderStep]], Plan]

    def carry_out(self, cmd: Command) -> HandId | None:
        """Do it; gives the id of the hand that it was about, where that is one. Raises CommandRefused."""
        match cmd:
            case Start() | EndMine() | Approach() | Withdraw() | Say() | Dismiss():
                return self._about_hand(cmd)
            case (
                LeaveSpace()
                | SetPresence()
                | ReturnToSpace()
                | JoinGroup()
                | LeaveGroup()
                | TrustMember()
                | Mute()
                | Unmute()
            ):
                return self._for_person(cmd)
            case (
                SetPolicy()
                | SetProfile()
                | AddGrant()
                | RevokeGrant()
                | AddressFound()
                | NetworkChanged()
                | DialFailed()
            ):
                self._for_shell(cmd)
            case _:
                self._report(cmd)
        return None

    def _about_hand(self, cmd: HandsCommand) -> HandId | None:
        match cmd:
            case Start():
                return self._start(cmd)
            case EndMine(note):
                return self.me.end_hand(EndReason.OWNER, _message(note))
            case Approach(hand):
                self._refuse_in_a_room()
                self.me.answers.claim(hand)
                self._was_seen(hand)
            case Withdraw(hand):
                self.me.answers.withdraw(hand)
            case Say(hand, words):
                self.me.answers.say(hand, words)
                self._was_seen(hand)
            case Dismiss(hand):
                known = self.hands.get(hand)
                if known is not None:
                    self.rings.dismiss(known)
        return cmd.hand

    def _was_seen(self, hand: HandId) -> None:
        """Who answers it has seen it, by a button or by a verb."""
        known = self.hands.get(hand)
        if known is not None:
            self.rings.seen(known, still_up=True)

    def _refuse_in_a_room(self) -> None:
        """Rule 7: who sits in a meeting comes to nobody."""
        me = self.viewer.me()
        if me.presence == slots.ROOM:
            raise CommandRefused(Refusal.IN_A_ROOM, f"you are in room {me.room}", "first: escalate room --leave")

    def _for_person(self, cmd: PersonsCommand) -> HandId | None:
        ended = None
        match cmd:
            case LeaveSpace(for_good):
                ends = EndReason.LEFT if for_good or self.quietness.policy.end_on_leave else None
                ended = self.me.set_presence(slots.LEFT, ends=ends)
                self.me.answers.withdraw_all()
            case SetPresence(presence, room):
                ended = self._be(presence, room)
            case ReturnToSpace():
                self.me.come_back()
            case JoinGroup(name):
                self.me.change_group(name, wear=True)
            case LeaveGroup(name):
                self.me.change_group(name, wear=False)
            case TrustMember(member):
                self.pins.trust(member, self.viewer.member(member).name)
            case Mute(who, lasts):
                self.quietness.mute(self._mutable(who), lasts)
            case Unmute(who):
                if not self.quietness.unmute(who.strip()):
                    raise CommandRefused(Refusal.UNKNOWN_NAME, f"{who} is not muted", "what is: escalate mute --list")
        if isinstance(cmd, SetPresence | JoinGroup | LeaveGroup):
            self.ctx.emit(MemberChanged(self.viewer.member(self.ctx.me)))  # who watches here sees it too
        return ended

    def _be(self, presence: str, room: str) -> HandId | None:
        policy = self.quietness.policy
        if presence == slots.ROOM:
            return self._enter(room, EndReason.ROOM if policy.end_on_room else None)
        if presence == slots.AWAY:
            return self.me.set_presence(presence, ends=EndReason.AWAY if policy.end_on_away else None)
        if presence not in (slots.AVAILABLE, slots.BUSY):
            raise CommandRefused(Refusal.USAGE, f"nobody can be {presence!r}", "available, busy, away, or in a room")
        self.me.set_presence(presence, ends=None)
        return None

    def _enter(self, room: str, ends: EndReason | None) -> HandId | None:
        try:
            name = text.normalise_label(room, "room")
        except text.TextRefused as error:
            raise CommandRefused(Refusal.USAGE, error.reason) from error
        me = self.viewer.me()
        if me.presence == slots.ROOM and fold(me.room) == fold(name):
            ends = None  # in it already: nothing is entered
        return self.me.set_presence(slots.ROOM, name, ends=ends)

    def _mutable(self, who: str) -> str:
        """A word that can be muted: all, a group's or everyone's word, or a member's name. Refused as in naming."""
        word = who.strip()
        if fold(word) in (ALL, "@" + ALL):
            return ALL
        target = self.plan((word,), ()).targets[0]
        return target.word or word.removeprefix("@")

    def _for_shell(self, cmd: ShellsCommand) -> None:
        match cmd:
            case SetPolicy(policy):
                self.hands.put_away_after = policy.put_away_after
                self.owner.warn_after = policy.warn_after
                self.quietness.set_policy(policy)
            case SetProfile():
                self.me.set_profile(cmd)
            case AddGrant(grant):
                self.me.add_grant(grant)
            case RevokeGrant(grant_id):
                self.me.revoke_grant(grant_id)
            case AddressFound(address, together):
                self.book.hint(address, together[: tuning.ADDRESSES_MAX])
                self.mesh.changed()
            case NetworkChanged():
                self.mesh.network_changed()
            case DialFailed(dial, _, myself, _):
                self.mesh.dial_failed(dial, myself=myself)

    def _report(self, report: Report) -> None:
        if isinstance(report, ReportClosed):
            self.rings.closed(report.hand)
            return
        if isinstance(report, ReportMended):
            self.rings.mended()
            return
        known = self.hands.get(report.hand)
        if known is None:
            return
        match report:
            case ReportShown(_, handle, _):
                self.rings.shown(known, handle)
            case ReportNotShown():
                self.rings.not_shown(known)
            case ReportSounded():
                self.rings.sounded(known)
            case ReportSeen(_, still_up):
                self.rings.seen(known, still_up=still_up)
            case ReportLost():
                self.rings.lost(known)
            case ReportNotSounded():
                pass  # the receipt lacks `sounded`: that is the truth, and nothing more is known

    def rehearse(self, cmd: Start) -> Plan:
        """What it would come to. Raises CommandRefused as it would be."""
        _message(cmd.message)
        plan = self.plan(cmd.named, cmd.ladder)
        self.me.refuse_start(cmd, plan)
        return plan

    def _start(self, cmd: Start) -> HandId:
        message = _message(cmd.message)
        hand = self.me.start(cmd, message, self.plan(cmd.named, cmd.ladder))
        for old in [h for h in self.viewer.kept_receipts if h != hand]:
            for member in self.viewer.kept_receipts.pop(old):
                self.ctx.emit(Store(Bucket.RECEIPTS, receipt_key(old, member), None))
        return hand


def _message(words: str) -> str:
    try:
        return text.normalise_message(words)
    except text.TextRefused as error:
        raise CommandRefused(Refusal.USAGE, error.reason) from error
