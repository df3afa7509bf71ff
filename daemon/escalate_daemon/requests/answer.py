"""From a request to its handler; the core's refusals get the contract's words here."""

from collections.abc import AsyncIterator

import msgspec

from escalate_daemon.core.commands import CommandRefused
from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure
from escalate_daemon.requests import (
    answers,
    hands,
    health,
    invites,
    joining,
    machine,
    past,
    people,
    presence,
    spaces,
    watching,
)
from escalate_daemon.requests.refusals import by_core
from escalate_daemon.trust.errors import TrustError


class Answers:
    """What the local API's server asks."""

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    async def handle(self, request: protocol.AnyRequest) -> protocol.AnyReply:
        """The reply to one request that is not `watch`; RequestFailed for every refusal."""
        await self._daemon.begun()
        try:
            reply = await self._dispatch(request)
        except CommandRefused as error:
            raise by_core(error) from error
        except TrustError as error:
            raise failure("failed", str(error), error.hint or None) from error
        session = self._daemon.session
        if session is not None and session.membership.open_space:
            return msgspec.structs.replace(reply, open_space=True)
        return reply

    def watch(self) -> AsyncIterator[protocol.Event]:
        """The stream that a `watch` request turns its line into."""
        return watching.watch(self._daemon)

    async def _dispatch(self, request: protocol.AnyRequest) -> protocol.AnyReply:  # noqa: PLR0912  one arm a request: a table that the type checker proves complete
        daemon = self._daemon
        match request:
            case protocol.StartRequest():
                return await hands.start(daemon, request)
            case protocol.PlanRequest():
                return await hands.plan(daemon, request)
            case protocol.ApproachRequest():
                return await answers.approach(daemon, request)
            case protocol.ChatRequest():
                return await answers.chat(daemon, request)
            case protocol.SeenRequest():
                return await answers.seen(daemon, request)
            case protocol.PresenceRequest():
                return await presence.presence(daemon, request)
            case protocol.MuteRequest():
                return await presence.mute(daemon, request)
            case protocol.RecentRequest():
                return await past.recent(daemon, request)
            case protocol.HistoryRequest():
                return await past.history(daemon, request)
            case protocol.EndRequest():
                return await hands.end(daemon, request)
            case protocol.ListRequest():
                return await hands.list_(daemon, request)
            case protocol.ShowRequest():
                return await hands.show(daemon, request)
            case protocol.WhoRequest():
                return await people.who(daemon, request)
            case protocol.StatusRequest():
                return await people.status(daemon, request)
            case protocol.GroupRequest():
                return await people.group(daemon, request)
            case protocol.TrustRequest():
                return await people.trust(daemon, request)
            case protocol.UpRequest():
                return await spaces.up(daemon, request)
            case protocol.LeaveRequest():
                return await spaces.leave(daemon, request)
            case protocol.JoinRequest():
                return await joining.join(daemon, request)
            case protocol.SpaceShowRequest():
                return await spaces.show(daemon, request)
            case protocol.InviteRequest():
                return await invites.invite(daemon, request)
            case protocol.InviteListRequest():
                return await invites.list_(daemon, request)
            case protocol.InviteRevokeRequest():
                return await invites.revoke(daemon, request)
            case protocol.DaemonStatusRequest():
                return await machine.status(daemon, request)
            case protocol.DaemonStopRequest():
                return await machine.stop(daemon, request)
            case protocol.DoctorRequest():
                return await health.doctor(daemon, request)
            case protocol.WatchRequest():
                raise failure("usage", "a watch is a stream, not a question")
