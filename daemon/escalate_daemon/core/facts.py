"""What happened, as facts for whoever watches: frozen, matched by type, never compared as text."""

from dataclasses import dataclass

from escalate_daemon.core.ids import HandId, MemberId
from escalate_daemon.core.views import EscalationView, MemberView


@dataclass(frozen=True, slots=True)
class EscalationFact:
    """Base of all facts about one escalation, with its view after the fact."""

    view: EscalationView

    @property
    def hand(self) -> HandId:
        """The escalation's id."""
        return self.view.id


class EscalationRaised(EscalationFact):
    """A hand is up that was not known before."""


class EscalationUpdated(EscalationFact):
    """Receipts or the owner's words changed; also put away and returned."""


class EscalationLost(EscalationFact):
    """Its owner vanished without leaving."""


class EscalationFound(EscalationFact):
    """Its owner is back."""


class EscalationPutAway(EscalationFact):
    """Hidden here: lost too long, or past its maximum age."""


class EscalationReturned(EscalationFact):
    """Put away before, and its owner's word came again."""


class EscalationEnded(EscalationFact):
    """Its owner ended it."""


class EscalationClaimed(EscalationFact):
    """Somebody is coming who was not before."""


class EscalationChat(EscalationFact):
    """Something was said in its thread; the newest lines of `view.thread` are it."""


class EscalationRang(EscalationFact):
    """This machine's person is rung for it, once more where that is wanted."""


@dataclass(frozen=True, slots=True)
class MemberChanged:
    """A member came, went, was lost, was found, or changed its profile or presence."""

    member: MemberView


@dataclass(frozen=True, slots=True)
class SpaceFull:
    """A member was not merged because the space holds as many as it may."""

    member: MemberId


@dataclass(frozen=True, slots=True)
class FirstComparisonDone:
    """The replica was compared with a peer for the first time since start (or nobody answered in time)."""

    with_peer: bool


@dataclass(frozen=True, slots=True)
class PeerRefused:
    """A link was closed for its peer's fault."""

    member: MemberId | None
    reason: str


Fact = (
    EscalationRaised
    | EscalationUpdated
    | EscalationLost
    | EscalationFound
    | EscalationPutAway
    | EscalationReturned
    | EscalationEnded
    | EscalationClaimed
    | EscalationChat
    | EscalationRang
    | MemberChanged
    | SpaceFull
    | FirstComparisonDone
    | PeerRefused
)
