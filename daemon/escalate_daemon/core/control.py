"""Carries out commands: what a person, the shell and the notifier tell the node."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from escalate_daemon.core import text, tuning
from escalate_daemon.core.absorb import receipt_key
from escalate_daemon.core.addresses import AddressBook
from escalate_daemon.core.commands import (
    AddGrant,
    AddressFound,
    Command,
    CommandRefused,
    DialFailed,
    EndMine,
    JoinGroup,
    LeaveGroup,
    LeaveSpace,
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
    SetProfile,
    Start,
    TrustMember,
)
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store
from escalate_daemon.core.hands import Hands
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.mesh import Mesh
from escalate_daemon.core.myself import Myself
from escalate_daemon.core.naming import Plan
from escalate_daemon.core.pins import Pins
from escalate_daemon.core.rings import Rings
from escalate_daemon.core.viewer import Viewer
from escalate_daemon.core.views import EndReason

PersonsCommand = Start | EndMine | LeaveSpace | ReturnToSpace | JoinGroup | LeaveGroup | TrustMember
ShellsCommand = SetProfile | AddGrant | RevokeGrant | AddressFound | NetworkChanged | DialFailed
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
    plan: Callable[[Sequence[str]], Plan]

    def carry_out(self, cmd: Command) -> HandId | None:
        """Do it; gives the id of the hand that was raised or ended. Raises CommandRefused."""
        match cmd:
            case Start() | EndMine() | LeaveSpace() | ReturnToSpace() | JoinGroup() | LeaveGroup() | TrustMember():
                return self._for_person(cmd)
            case SetProfile() | AddGrant() | RevokeGrant() | AddressFound() | NetworkChanged() | DialFailed():
                self._for_shell(cmd)
            case _:
                self._report(cmd)
        return None

    def _for_person(self, cmd: PersonsCommand) -> HandId | None:
        match cmd:
            case Start():
                return self._start(cmd)
            case EndMine(note):
                return self.me.end_hand(EndReason.OWNER, _message(note))
            case LeaveSpace():
                return self.me.leave()
            case ReturnToSpace():
                self.me.come_back()
            case JoinGroup(name):
                self.me.change_group(name, wear=True)
            case LeaveGroup(name):
                self.me.change_group(name, wear=False)
            case TrustMember(member):
                self.pins.trust(member, self.viewer.member(member).name)
        return None

    def _for_shell(self, cmd: ShellsCommand) -> None:
        match cmd:
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
            case ReportSeen():
                self.rings.seen(known)
            case ReportLost():
                self.rings.lost(known)
            case ReportNotSounded():
                pass  # the receipt lacks `sounded`: that is the truth, and nothing more is known

    def _start(self, cmd: Start) -> HandId:
        message = _message(cmd.message)
        hand = self.me.start(cmd, message, self.plan(cmd.named))
        for old in [h for h in self.viewer.kept_receipts if h != hand]:
            for member in self.viewer.kept_receipts.pop(old):
                self.ctx.emit(Store(Bucket.RECEIPTS, receipt_key(old, member), None))
        return hand


def _message(words: str) -> str:
    try:
        return text.normalise_message(words)
    except text.TextRefused as error:
        raise CommandRefused(Refusal.USAGE, error.reason) from error
