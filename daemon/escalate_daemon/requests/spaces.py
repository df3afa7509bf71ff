"""up, leave, space show: my space, and whether I am there."""

from typing import Final

from escalate_daemon import present, wording
from escalate_daemon.core.ids import fold, member_id
from escalate_daemon.daemon import Daemon
from escalate_daemon.finding import look_around
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure
from escalate_daemon.requests import joining
from escalate_daemon.trust.membership import Membership, create_space

LOOK_S: Final = 2.0  # a newcomer sees those near within 0.2 s; the rest is for a lossy network


async def up(daemon: Daemon, request: protocol.UpRequest) -> protocol.SpaceReply | protocol.NearbyReply:
    """Come into my space; without one, make one, unless others are near and nobody has said `new`."""
    async with daemon.changing:
        mine = daemon.membership
        if mine is not None:
            _refuse_other(mine, request)
            return await joining.again(daemon, mine)
        if daemon.damaged is not None:
            raise failure("failed", *daemon.damaged)  # a new space beside the old one would be a trap
        if request.open:
            if request.name is None:
                raise failure("usage", "an open space needs its name", "as in: escalate up 'Show room' --open")
            return await joining.enter_open(daemon, joining.space_name(request.name))
        name = joining.space_name(request.name or wording.default_space_name(daemon.around.person.name))
        if not request.new:
            near = await look_around(LOOK_S)
            if near:
                return protocol.NearbyReply(other_spaces=near)
        await daemon.enter(create_space(name, daemon.around.person.name), "")
        return joining.reply(daemon, f"you have made the space {name}; let others in with: escalate invite")


async def leave(daemon: Daemon, request: protocol.LeaveRequest) -> protocol.SpaceReply:
    """Leave until `up`, or for good. Nothing happens without a space."""
    async with daemon.changing:
        if daemon.membership is None:
            return joining.reply(daemon, "you are in no space; make one: escalate up")
        name = daemon.membership.space_name
        if request.forget:
            await daemon.forget()
            return joining.reply(daemon, f"you are no member of {name} any more")
        if daemon.session is None:
            return joining.reply(daemon, f"you had left {name} already; come back with: escalate up")
        me = await daemon.leave()
        talk = joining.reply(daemon, f"you have left {name} and hear nothing; come back with: escalate up").talk
        return protocol.SpaceReply(space=daemon.space(), me=me, talk=talk)


async def show(daemon: Daemon, request: protocol.SpaceShowRequest) -> protocol.SpaceShowReply:
    """The space and who made it."""
    session = daemon.inside()
    mine = session.membership
    creator = None if mine.open_space else member_id(mine.chain[0].key)
    return protocol.SpaceShowReply(
        id=mine.space.hex(),
        name=mine.space_name,
        epoch=mine.epoch,
        open=mine.open_space,
        admins=[each.label for each in session.members() if each.id == creator],
        me=present.member(session.me()),
    )


def _refuse_other(mine: Membership, request: protocol.UpRequest) -> None:
    """`up OTHER` while in a space is not done: leaving is said in so many words."""
    other = request.name is not None and fold(request.name.strip()) != fold(mine.space_name)
    if other or (request.open and not mine.open_space):
        raise failure(
            "already-active",
            f"you are a member of {mine.space_name} already",
            "give that up first: escalate leave --forget",
        )
