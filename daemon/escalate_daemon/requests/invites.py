"""invite, invite list, invite revoke: ways in, given by this member."""

from escalate_daemon import clock
from escalate_daemon.core import tuning
from escalate_daemon.daemon import Daemon
from escalate_daemon.inviting import Given
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure
from escalate_daemon.session import Session
from escalate_daemon.trust.errors import TrustError

_YEAR_S = 366 * 24 * 3600


async def invite(daemon: Daemon, request: protocol.InviteRequest) -> protocol.InviteReply:
    """A new invite, one-use or reusable."""
    session = _closed_space(daemon)
    _may_invite(session)
    if request.for_s is not None and not 0 < request.for_s <= _YEAR_S:
        raise failure("usage", "an invite lasts from a moment up to a year", "as in: --for 30d")
    lifetime = None if request.for_s is None else max(1, round(request.for_s * 1000))
    try:
        give = session.inviting.give_reusable if request.reusable else session.inviting.give_one
        given = give(lifetime)
    except TrustError as error:
        raise failure("not-allowed", str(error), error.hint or None) from error
    return protocol.InviteReply(
        code=given.code,
        command=f"escalate join {given.code}",
        expires_at=_expires(given),
        uses=None if given.reusable else 1,
    )


async def list_(daemon: Daemon, request: protocol.InviteListRequest) -> protocol.InviteListReply:
    """My invites that can still be used."""
    return _listed(_closed_space(daemon))


async def revoke(daemon: Daemon, request: protocol.InviteRevokeRequest) -> protocol.InviteListReply:
    """Take one back; what is left."""
    session = _closed_space(daemon)
    if not session.inviting.revoke(request.id):
        raise failure(
            "unknown-name", f"you gave no invite {request.id} that can still be used", "see: escalate invite list"
        )
    return _listed(session)


def _closed_space(daemon: Daemon) -> Session:
    session = daemon.inside()
    if session.membership.open_space:
        name = session.membership.space_name
        raise failure(
            "not-allowed",
            f"{name} is an open space: it needs no invites",
            f"others come in by: escalate join --open '{name}'",
        )
    return session


def _may_invite(session: Session) -> None:
    """Refused where nobody would be admitted by my introduction: such a door never opens."""
    if len(session.membership.chain) >= tuning.CHAIN_MAX:
        raise failure(
            "not-allowed",
            f"you came in by {tuning.CHAIN_MAX - 1} invites one after another; nobody is admitted further on",
            "ask a member who was here earlier for: escalate invite",
        )


def _listed(session: Session) -> protocol.InviteListReply:
    return protocol.InviteListReply(
        invites=[
            protocol.Invite(id=each.id, expires_at=_expires(each), uses=None if each.reusable else 1, used=0)
            for each in session.inviting.given()
        ]
    )


def _expires(given: Given) -> str:
    return clock.text(clock.wall() + given.ends_in / 1000)
