"""Rules 14 and 4: connected nodes come to equal replicas in time, and everybody shows the owner's newest word."""

from escalate_daemon.core.ids import HandId
from escalate_daemon.core.views import EscalationState
from simulation.machine import Machine
from simulation.oracle.fairness import CONVERGED, MENDED
from simulation.oracle.rule import Case, Look, Rule

OLD_AGE_SLACK = 10_000  # ms


class Agreement(Rule):
    """Fingerprints, and at the end whole views."""

    def __init__(self, case: Case) -> None:
        super().__init__(case)
        self._agreed_for: dict[int, int] = {}
        self._forks: set[int] = set()
        self._writes: dict[int, tuple[int, int]] = {}
        self._wrote_at: dict[int, int] = {}

    def restored(self, machine: Machine) -> None:
        self._forks.add(machine.index)

    def sweep(self, looks: list[Look]) -> None:
        groups: dict[int, list[Machine]] = {}
        for look in looks:
            index, writes = look.machine.index, look.machine.writes()
            if self._writes.get(index) != writes:
                self._writes[index], self._wrote_at[index] = writes, self.world.now
            if not self.truth.people[look.machine.index].left:
                groups.setdefault(self.world.ways.labels[look.machine.index], []).append(look.machine)
        for machines in groups.values():
            if len(machines) > 1:
                self._judge(machines)

    def _judge(self, machines: list[Machine]) -> None:
        first, now = machines[0], self.world.now
        joined = 0
        for other in machines[1:]:
            since = self.world.ways.joined_since(first.index, other.index)
            joined = max(joined, now if since is None else since)
        last = max(self._wrote_at[machine.index] for machine in machines)
        due = max(joined + MENDED, last, self.fairness.calm_from(first.index)) + CONVERGED
        if now <= due:
            return
        prints = {machine.fingerprint() for machine in machines}
        if len(prints) > 1:
            who = ", ".join(f"n{m.index}:{m.fingerprint().hex()[:4]}" for m in machines)
            self.broken("14", f"fingerprints differ, due at {due}: {who}")
        if self._agreed_for.get(first.index) != due:
            self._agreed_for[first.index] = due
            self.stake("14")

    def final(self, looks: list[Look]) -> None:
        tables = {look.machine.index: self._table(look) for look in looks}
        first = looks[0].machine.index
        for index, table in tables.items():
            for key in sorted(table.keys() | tables[first].keys()):
                mine, theirs = table.get(key), tables[first].get(key)
                if mine != theirs:
                    self.broken("4", f"at the end n{index} and n{first} differ on {key}: {mine} and {theirs}")
        for look in looks:
            self._owner_agrees(look, tables[first])
        for index in self._forks:
            self.stake("4", ("fork", index))

    def _table(self, look: Look) -> dict[str, str]:
        rows: dict[str, str] = {}
        for view in look.escalations:
            if view.state in (EscalationState.ACTIVE, EscalationState.LOST) and not self._old(view.id):
                level = "" if view.ladder else view.level  # a step may have fired where a claim was not known yet
                rows[f"hand of {view.owner.id.hex()[:6]}"] = f"{view.id} {level} {view.message} {view.state}"
        for member in look.members:
            presence = f"{member.presence} {member.room}"
            rows[f"member {member.id.hex()[:6]}"] = f"{member.name} {member.host} {member.groups} {presence}"
        return rows

    def _old(self, hand_id: HandId) -> bool:
        """Near or past its maximum age: each clock ends it or puts it away for itself."""
        hand = self.truth.hands.get(hand_id)
        if hand is None or hand.age_doubt:
            return hand is not None
        return self.world.now - hand.raised_at > hand.hand.max_age - OLD_AGE_SLACK

    def _owner_agrees(self, look: Look, table: dict[str, str]) -> None:
        """What all agree on is what the owner's person last said."""
        index = look.machine.index
        hand = self.truth.up_hand(index)
        row = table.get(f"hand of {look.machine.member.hex()[:6]}", "")
        if (
            hand is not None
            and not hand.doubt
            and not self._old(HandId(hand.hand.id))
            and not row.startswith(hand.hand.id)
        ):
            self.broken("4", f"at the end nobody shows {hand.hand.id} of n{index}, but {row or 'nothing'}")
        if hand is None and row:
            known = self.truth.hands.get(look.escalations[0].id) if look.escalations else None
            if known is None or not known.doubt:
                self.broken("3", f"at the end all show {row} of n{index}, which has none")
