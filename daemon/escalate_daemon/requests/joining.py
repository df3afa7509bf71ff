"""join: into a space by an invite's code, or into an open one by its name."""

from typing import Final

from escalate_daemon import standing, wording
from escalate_daemon.core.ids import fold
from escalate_daemon.core.text import TextRefused, normalise_label
from escalate_daemon.daemon import Daemon
from escalate_daemon.finding import knock_around, knock_at
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import ErrorCode, RequestFailed, failure
from escalate_daemon.links.address import Address, AddressError, parse_address
from escalate_daemon.session import USUAL_PORT
from escalate_daemon.trust.code import read_code
from escalate_daemon.trust.errors import CodeError, InviteExpired, InviteUsed, NoAnswer, SpaceFull, TrustError
from escalate_daemon.trust.fingerprint import fingerprint
from escalate_daemon.trust.joining import Joiner
from escalate_daemon.trust.membership import Membership, open_space

MEETS_S: Final = 2.0  # after the comparison: rule 9's two seconds of connectivity
COMPARED_S: Final = 12.0  # s for the first comparison with a peer; without it the joiner is in, and alone so far
_CODES: Final[dict[type[TrustError], ErrorCode]] = {
    InviteUsed: "invite-used",
    InviteExpired: "invite-expired",
    NoAnswer: "no-answer",
    SpaceFull: "not-allowed",
    CodeError: "usage",
}


async def join(daemon: Daemon, request: protocol.JoinRequest) -> protocol.SpaceReply:
    """Enter a space; doing it again changes nothing."""
    async with daemon.changing:
        if request.open_name is not None:
            return await _by_name(daemon, space_name(request.open_name), yes=request.yes)
        if request.code is None:
            raise failure("usage", "join what?", "as in: escalate join esc1-...")
        try:
            return await _by_code(daemon, request.code, request.host, yes=request.yes)
        except TrustError as error:
            raise _refusal(error) from error


async def again(daemon: Daemon, mine: Membership) -> protocol.SpaceReply:
    """Already a member: come back where I had left."""
    if daemon.session is None:
        await daemon.come_back(mine)
        return reply(daemon, f"you are back in {mine.space_name}")
    return reply(daemon)


async def enter_open(daemon: Daemon, name: str) -> protocol.SpaceReply:
    """Into the open space of this name, whoever is there."""
    await daemon.enter(open_space(name, daemon.around.person.name), "")
    return reply(daemon, f"{name} is open: whoever knows its name on this network is in it")


def reply(daemon: Daemon, *talk: str) -> protocol.SpaceReply:
    """Where I stand now, and what is to be said."""
    return protocol.SpaceReply(space=daemon.space(), me=daemon.me(), talk=[*talk, *daemon.warnings()])


def space_name(typed: str) -> str:
    """A space's name as a person typed it, checked."""
    try:
        return normalise_label(typed, "name")
    except TextRefused as error:
        raise failure("usage", f"that cannot be a space's name: {error.reason}") from error


async def _by_name(daemon: Daemon, name: str, *, yes: bool) -> protocol.SpaceReply:
    mine = daemon.membership
    if mine is not None and mine.open_space and fold(mine.space_name) == fold(name):
        return await again(daemon, mine)
    _may_leave(daemon, yes=yes)
    return await enter_open(daemon, name)


async def _by_code(daemon: Daemon, code: str, host: str | None, *, yes: bool) -> protocol.SpaceReply:
    secret = read_code(code)
    mark = standing.mark_of(secret)
    if daemon.membership is not None and daemon.standing.joined_by == mark:
        return await again(daemon, daemon.membership)
    door = None if host is None else _address(host)
    _may_leave(daemon, yes=yes)
    person = daemon.around.person
    joiner = Joiner(secret, daemon.identity_for(mark), person.name, person.host, daemon.around.folders)
    place: str | None = None
    if door is None:
        membership = await knock_around(joiner, daemon.config.daemon.peers)
    else:
        membership, place = await knock_at(door, joiner)
    session = await daemon.enter(membership, mark)
    if place is not None:
        session.found(place)
    inviter = membership.chain[-2]
    talk = wording.fingerprints(session.fingerprint(), fingerprint(inviter.key), inviter.name)
    await session.compared(COMPARED_S)
    if not await session.meets_somebody(MEETS_S):
        talk.append("nobody of it could be reached yet; the daemon goes on trying")
    return reply(daemon, *talk)


def _may_leave(daemon: Daemon, *, yes: bool) -> None:
    """Refused where joining would give up a space with others in it, and nobody said yes."""
    mine = daemon.membership
    if mine is not None and not yes and not daemon.alone():
        raise failure(
            "not-allowed",
            f"you are a member of {mine.space_name}, and would leave it",
            "to do that, join again with: --yes",
        )


def _address(host: str) -> Address:
    try:
        return parse_address(host, USUAL_PORT)
    except AddressError as error:
        raise failure("usage", str(error), "as in: escalate join CODE desk7.local:4711") from error


def _refusal(error: TrustError) -> RequestFailed:
    code: ErrorCode = next((code for kind, code in _CODES.items() if isinstance(error, kind)), "failed")
    hint = error.hint
    if code == "no-answer":
        hint = "is the inviter's daemon running? Where multicast fails name its host: escalate join CODE HOST[:PORT]"
    return failure(code, str(error), hint or None)
