"""watch: a stream of what happens, beginning with what is active."""

from collections.abc import AsyncIterator
from typing import Literal

from escalate_daemon import clock, present
from escalate_daemon.core.facts import (
    EscalationChat,
    EscalationClaimed,
    EscalationEnded,
    EscalationFact,
    EscalationLost,
    EscalationRaised,
    EscalationRang,
    Fact,
    MemberChanged,
)
from escalate_daemon.core.views import EscalationView
from escalate_daemon.daemon import Daemon
from escalate_daemon.ipc import protocol
from escalate_daemon.requests.hands import up

EscalationEvent = Literal["raised", "updated", "claimed", "chat", "lost", "ended"]


async def watch(daemon: Daemon) -> AsyncIterator[protocol.Event]:
    """Events until the watcher goes, falls too far behind, or the daemon changes its space or stops."""
    await daemon.begun()
    with daemon.hub.subscribe() as subscription:
        if daemon.session is not None:
            for escalation in up(daemon.session):
                yield protocol.Event(event="raised", escalation=escalation)
        yield protocol.Event(event="ready")
        while (fact := await subscription.next()) is not None:
            event = _event(fact)
            if event is not None:
                yield event


def _event(fact: Fact) -> protocol.Event | None:
    match fact:
        case EscalationRaised():
            return _hand("raised", fact.view)
        case EscalationClaimed():
            return _hand("claimed", fact.view)
        case EscalationChat():
            return _hand("chat", fact.view)
        case EscalationRang():
            return None
        case EscalationLost():
            return _hand("lost", fact.view)
        case EscalationEnded():
            return _hand("ended", fact.view)
        case EscalationFact():  # updated, found, put away, returned
            return _hand("updated", fact.view)
        case MemberChanged(member):
            return protocol.Event(event="member", member=present.member(member))
        case _:
            return None


def _hand(event: EscalationEvent, view: EscalationView) -> protocol.Event:
    return protocol.Event(event=event, escalation=present.escalation(view, clock.wall()))
