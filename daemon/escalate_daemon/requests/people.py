"""who, status, group, trust: the members, and what they wear."""

from escalate_daemon import present
from escalate_daemon.core.commands import JoinGroup, LeaveGroup, TrustMember
from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure
from escalate_daemon.requests.hands import up
from escalate_daemon.requests.naming import members_or_refuse


async def who(daemon: Daemon, request: protocol.WhoRequest) -> protocol.WhoReply:
    """All members, or those whom WHO means."""
    if daemon.session is None:
        return protocol.WhoReply(space=daemon.space(), members=[], other_spaces=daemon.other_spaces())
    members = daemon.session.members()
    if request.who is not None:
        members = members_or_refuse(members, request.who)
    return protocol.WhoReply(
        space=daemon.space(),
        members=[present.member(each) for each in members],
        other_spaces=daemon.other_spaces(),
    )


async def status(daemon: Daemon, request: protocol.StatusRequest) -> protocol.StatusReply:
    """Me, the space, who would hear me, what is up."""
    session = daemon.session
    if session is None:
        nobody = protocol.Hear(others=0, online=0)
        return protocol.StatusReply(
            me=None, space=daemon.space(), hear=nobody, escalations=[], warnings=daemon.warnings()
        )
    return protocol.StatusReply(
        me=present.member(session.me()),
        space=daemon.space(),
        hear=protocol.Hear(others=len(session.others()), online=session.others_online()),
        escalations=up(session),
        warnings=daemon.warnings(),
    )


async def group(daemon: Daemon, request: protocol.GroupRequest) -> protocol.GroupReply:
    """The groups, after one was put on or taken off."""
    session = daemon.inside()
    name = (request.name or "").strip().removeprefix("@")
    if request.action != "list" and not name:
        raise failure("usage", "which group?", f"as in: escalate group {request.action} team")
    warnings = []
    if request.action == "join":
        session.shell.command(JoinGroup(name))
    elif request.action == "leave":
        before = session.me().groups
        session.shell.command(LeaveGroup(name))
        if session.me().groups == before:
            warnings.append(f"you were not in @{name}")
    return protocol.GroupReply(groups=present.groups(session.members()), warnings=warnings)


async def trust(daemon: Daemon, request: protocol.TrustRequest) -> protocol.SpaceReply:
    """Pin a member's key to its name."""
    session = daemon.inside()
    found = members_or_refuse(session.members(), request.who)
    others = [each for each in found if not each.me]
    new = [each for each in others if each.new_key] or others
    if not new:
        raise failure("usage", "that is you: nothing to trust")
    if len(new) > 1:
        labels = ", ".join(each.label for each in new)
        raise failure("usage", f"{request.who} is more than one", f"one of: {labels}")
    session.shell.command(TrustMember(new[0].id))
    talk = [f"{new[0].name} is trusted now (member {new[0].id.hex()[:8]})"]
    return protocol.SpaceReply(space=daemon.space(), me=present.member(session.me()), talk=talk)
