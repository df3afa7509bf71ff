"""Claims and lines reach everybody and are not lost; a claim silences while it counts, and not for ever."""

from escalate_daemon.core.effects import Show, ShowKind, Urgency
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationState, EscalationView
from simulation.machine import Machine
from simulation.oracle.claims import LAPSED, TrueClaim
from simulation.oracle.rule import Case, Look, Rule
from simulation.oracle.truth import TrueHand

GATHER = 500  # ms: what a view shows may have been looked up a moment ago
_UP = (EscalationState.ACTIVE, EscalationState.LOST)


class Answers(Rule):
    """Who is coming, and what was said, in every view; the owner's is one of them."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._knew: dict[tuple[int, HandId, int], TrueClaim] = {}  # viewer, hand, claimant

    def started(self, machine: Machine) -> None:
        self._knew = {key: claim for key, claim in self._knew.items() if key[0] != machine.index}

    def sweep(self, looks: list[Look]) -> None:
        for look in looks:
            if self.truth.people[look.machine.index].left:
                continue
            for view in look.escalations:
                hand = self.truth.hands.get(view.id)
                if hand is None or hand.doubt or hand.ended_at is not None or view.state not in _UP:
                    continue
                self._claims(look.machine.index, view, hand)
                self._lines(look.machine.index, view)

    def _claims(self, viewer: int, view: EscalationView, hand: TrueHand) -> None:
        listed = {self.truth.index[claim.member.id]: claim for claim in view.claims}
        made = self.claims.made.get(view.id, {})
        for who in listed:
            if who not in made and not self.truth.people[who].forked:
                self.broken("answers", f"n{viewer} shows that n{who} comes to {view.id}, which never said so")
        for who, claim in made.items():
            if claim.doubt or who == hand.owner or self.truth.people[who].forked:
                continue
            if claim.gone_at is None:
                self._stands(viewer, view.id, who, claim, counts=listed[who].counts if who in listed else None)
            else:
                self._is_gone(viewer, view.id, who, claim.gone_at, listed=who in listed)

    def _stands(self, viewer: int, hand: HandId, who: int, claim: TrueClaim, *, counts: bool | None) -> None:
        key = (viewer, hand, who)
        if counts is None:
            if self._knew.get(key) is claim:
                self.broken("answers", f"n{viewer} knew that n{who} comes to {hand}, and has forgotten it")
            due = self._due(who, viewer, claim.at)
            if due is not None and self.world.now > due:
                self.broken("answers", f"n{viewer} does not show that n{who} comes to {hand}, due at {due}")
            return
        self._knew[key] = claim
        self.stake("answers", key)
        person = self.truth.people[who]
        joined = self._due(who, viewer, max(claim.at, person.presence_at))
        if not counts and not person.left and joined is not None and self.world.now > joined:
            self.broken("answers", f"n{viewer} does not count that n{who} comes to {hand}, due at {joined}")

    def _is_gone(self, viewer: int, hand: HandId, who: int, gone_at: int, *, listed: bool) -> None:
        self._knew.pop((viewer, hand, who), None)
        due = self._due(who, viewer, gone_at)
        if listed and due is not None and self.world.now > due:
            self.broken("answers", f"n{viewer} shows that n{who} comes to {hand}, withdrawn at {gone_at}, due {due}")
        self.stake("answers withdrawn", (viewer, hand, who))

    def _due(self, who: int, viewer: int, since: int) -> int | None:
        if who == viewer:
            return since + GATHER
        if not self.world.machines[who].runs:
            return None
        due = self.fairness.due(who, viewer, since)
        return None if due is None else due + GATHER

    def _lines(self, viewer: int, view: EscalationView) -> None:
        texts = {line.text for line in view.thread}
        for who in self.claims.said:
            for said in self.claims.lines(who):
                if said.hand != view.id:
                    continue
                due = self._due(who, viewer, said.at)
                if due is not None and self.world.now > due:
                    self.stake("lines", (viewer, said.hand, said.text))
                    if said.text not in texts:
                        self.broken("lines", f"n{viewer} lacks {said.text!r} of n{who} in {view.id}, due at {due}")


class Silence(Rule):
    """No ring where a claim counts; no claim counts for ever."""

    def asked_to_show(self, machine: Machine, show: Show) -> None:
        if show.kind is not ShowKind.SHOW or show.urgency is not Urgency.RING or show.view is None:
            return
        if show.view.claimed:
            self.broken("silence", f"n{machine.index} rings for {show.hand}, to which somebody is coming")
        if not self.claims.is_open(show.hand):
            self.stake("silence over", (show.hand, machine.index))

    def sweep(self, looks: list[Look]) -> None:
        now = self.world.now
        for look in looks:
            viewer = look.machine.index
            for view in look.escalations:
                if view.state not in _UP:
                    continue
                for claim in view.claims:
                    who = self.truth.index[claim.member.id]
                    vanished = None if who == viewer else self.fairness.vanished_at(viewer, who)
                    if vanished is None:
                        continue
                    gone = now - max(vanished, self.truth.people[viewer].awake_at)
                    if claim.counts and gone > LAPSED:
                        self.broken(
                            "silence", f"n{viewer} waits for n{who}, which vanished {gone} ms ago, at {view.id}"
                        )
                    if not claim.counts:
                        self.stake("silence", (viewer, view.id, who))
