"""start, plan, end, toggle, list, show: one's own escalation, and everybody's."""

from collections.abc import Sequence

from escalate_daemon import clock, present
from escalate_daemon.core import tuning
from escalate_daemon.core.commands import CommandRefused, EndMine, LadderStep, Start
from escalate_daemon.core.text import normalise_message
from escalate_daemon.core.views import EscalationState, EscalationView
from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import RequestFailed, failure
from escalate_daemon.requests.naming import hand_meant, only_hand, unaliased
from escalate_daemon.session import Session
from escalate_daemon.wording import ended_by_toggle, not_raised_by_toggle, raised_by_toggle


async def start(daemon: Daemon, request: protocol.StartRequest) -> protocol.EscalationReply:
    """Raise; for `toggle`, end where mine is up, and say on the screen what came of it."""
    if not request.toggle:
        return await _raise(daemon, daemon.inside(), request)
    try:
        return await _toggle(daemon, daemon.inside(), request)
    except RequestFailed as refused:
        daemon.announce(not_raised_by_toggle(str(refused)))
        raise
    except CommandRefused as refused:
        daemon.announce(not_raised_by_toggle(str(refused)))
        raise


async def _toggle(daemon: Daemon, session: Session, request: protocol.StartRequest) -> protocol.EscalationReply:
    mine = _mine(session)
    if mine is not None:
        session.shell.command(EndMine())
        daemon.announce(ended_by_toggle(mine))
        return reply(session.hand(mine.id))
    answer = await _raise(daemon, session, request)
    view = _mine(session)
    if view is not None:
        daemon.announce(raised_by_toggle(view, session.others_online()))
    return answer


async def _raise(daemon: Daemon, session: Session, request: protocol.StartRequest) -> protocol.EscalationReply:
    command = _command(daemon, request)
    plan = session.shell.rehearse(command)
    hand = session.shell.command(command)
    if hand is None:
        raise failure("failed", "nothing was raised")
    daemon.recents.remember(normalise_message(command.message))
    await session.heard(hand)
    view = session.hand(hand)
    return reply(
        view,
        reached_nobody=view is not None and not session.reaches_somebody(view),
        others_online=session.others_online(),
        warnings=[*daemon.warnings(), *plan.warnings],
    )


async def plan(daemon: Daemon, request: protocol.PlanRequest) -> protocol.PlanReply:
    """Who would hear it, as known here."""
    session = daemon.inside()
    asked = protocol.StartRequest(
        message=request.message,
        recent=request.recent,
        named=request.named,
        ladder=request.ladder,
        replace=request.replace is not False,
    )
    command = _command(daemon, asked)
    planned = session.shell.rehearse(command)
    members = {each.id: each for each in session.members()}
    meant = sorted((members[each] for each in planned.meant if each in members), key=lambda each: each.label)
    return protocol.PlanReply(
        level="red" if planned.targets else "yellow",
        message=command.message,
        expected=[protocol.Expected(member=present.member(each), undisturbed=each.undisturbed) for each in meant],
        others_online=session.others_online(),
        settled=session.settled,
        warnings=list(planned.warnings),
    )


def _command(daemon: Daemon, request: protocol.StartRequest) -> Start:
    """What is asked for: aliases and recents looked up, durations in ms."""
    if not all(who.strip() for who in request.named):
        raise failure("usage", "an empty name names nobody", "see who there is with: escalate who")
    message = request.message if request.recent is None else daemon.recents.nth(request.recent)
    ladder = tuple(
        LadderStep(_ms(rung.after_s), unaliased(daemon.config.aliases, rung.named)) for rung in request.ladder
    )
    named = unaliased(daemon.config.aliases, request.named)
    return Start(message, named, _max_age(daemon, request.max_age_s), request.replace, ladder)


def _ms(seconds: float) -> int:
    if not 0 < seconds <= tuning.MAX_AGE_LIMIT / tuning.SECOND:
        raise failure("usage", "a step of the ladder comes within 7d", 'as in: --then "2m @leads"')
    return max(1, round(seconds * tuning.SECOND))


async def end(daemon: Daemon, request: protocol.EndRequest) -> protocol.EscalationReply:
    """End mine; nothing happens where there is none."""
    if daemon.session is None:
        return protocol.EscalationReply(escalation=None, in_space=False)
    hand = daemon.session.shell.command(EndMine(request.note))
    return reply(None if hand is None else daemon.session.hand(hand))


async def list_(daemon: Daemon, request: protocol.ListRequest) -> protocol.ListReply:
    """What is active or lost, mine first."""
    if daemon.session is None:
        return protocol.ListReply(escalations=[], in_space=False)
    return protocol.ListReply(escalations=up(daemon.session))


async def show(daemon: Daemon, request: protocol.ShowRequest) -> protocol.EscalationReply:
    """One in full."""
    session = daemon.inside()
    views = session.escalations()
    if request.who is None:
        return reply(only_hand(views))
    return reply(hand_meant(views, session.members(), request.who))


def up(session: Session) -> list[protocol.Escalation]:
    """Active and lost escalations as objects, mine first."""
    shown = (EscalationState.ACTIVE, EscalationState.LOST)
    unix_s = clock.wall()
    return [present.escalation(view, unix_s) for view in session.escalations(ended=False) if view.state in shown]


def reply(
    view: EscalationView | None,
    *,
    reached_nobody: bool = False,
    others_online: int = 0,
    warnings: Sequence[str] = (),
) -> protocol.EscalationReply:
    """One escalation, or none, as an answer."""
    return protocol.EscalationReply(
        escalation=None if view is None else present.escalation(view, clock.wall()),
        reached_nobody=reached_nobody,
        others_online=others_online,
        forgotten=0 if view is None else view.forgotten,
        warnings=list(warnings),
    )


def _mine(session: Session) -> EscalationView | None:
    return next((view for view in session.escalations(ended=False) if view.mine), None)


def _max_age(daemon: Daemon, asked_s: float | None) -> int:
    seconds = daemon.config.escalation.max_age_s if asked_s is None else asked_s
    if not 0 < seconds <= tuning.MAX_AGE_LIMIT / tuning.SECOND:
        raise failure("usage", "an escalation may last up to 7d", "as in: --for 8h")
    return max(1, round(seconds * tuning.SECOND))
