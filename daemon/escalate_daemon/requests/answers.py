"""approach, chat, seen: what anybody answers to an escalation, from a command or from its pop-up."""

from escalate_daemon.core.commands import Approach, Dismiss, Say, Withdraw
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationView
from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.protocol import failure
from escalate_daemon.requests.hands import reply
from escalate_daemon.requests.naming import hand_meant, one_hand, others_hand
from escalate_daemon.session import Session


async def approach(daemon: Daemon, request: protocol.ApproachRequest) -> protocol.EscalationReply:
    """Claim it and go, or withdraw the claim."""
    session = daemon.inside()
    if request.undo:
        view = _meant(session, request.who) or others_hand(session.escalations(), _is_mine_to_withdraw)
        if view is None:
            raise failure("nothing-to-claim", "you had not said that you are coming")
        session.shell.command(Withdraw(view.id))
        return reply(session.hand(view.id))
    view = _meant(session, request.who) or others_hand(session.escalations(), lambda _: True)
    if view is None:
        raise failure("nothing-to-claim", "nobody else has an escalation up", "what is up: escalate list")
    claimed, warnings = await go(daemon, session, view.id)
    return reply(claimed, warnings=warnings)


async def go(daemon: Daemon, session: Session, hand: HandId) -> tuple[EscalationView | None, list[str]]:
    """Claim it, then run the person's own action; the escalation, and what became of the action where it is bad."""
    session.shell.command(Approach(hand))
    view = session.hand(hand)
    told = None if view is None else await daemon.actions.approach(view)
    return session.hand(hand), [] if told is None else [told]


async def chat(daemon: Daemon, request: protocol.ChatRequest) -> protocol.EscalationReply:
    """The thread, after something was said in it."""
    session = daemon.inside()
    view = _meant(session, request.who) or one_hand(session.escalations())
    if view is None:
        if request.text is None:
            return reply(None)
        raise failure("nothing-to-claim", "nothing is active to talk about", "what is up: escalate list")
    if request.text is not None:
        session.shell.command(Say(view.id, request.text))
    return reply(session.hand(view.id))


async def seen(daemon: Daemon, request: protocol.SeenRequest) -> protocol.EscalationReply:
    """Dismiss its pop-up here, and say so."""
    session = daemon.inside()
    view = _meant(session, request.who) or others_hand(session.escalations(), lambda _: True)
    if view is None:
        return reply(None)
    session.shell.command(Dismiss(view.id))
    return reply(session.hand(view.id))


def _meant(session: Session, who: str | None) -> EscalationView | None:
    return None if who is None else hand_meant(session.escalations(), session.members(), who)


def _is_mine_to_withdraw(view: EscalationView) -> bool:
    return any(claim.member.me for claim in view.claims)
