"""One run, all of it drawn from its seed: a world, stories that follow or cross, an end in which all must agree."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from random import Random

from simulation import answer_stories, stories
from simulation.deeds import settings
from simulation.fate import Fate
from simulation.machine import Machine, SpinError
from simulation.oracle.oracle import Oracle
from simulation.oracle.rule import RuleBroken
from simulation.stories import Story
from simulation.world import Build, World

BIG = 60  # machines
SETTLES = 45_000  # ms of quiet at the end: hints, redials, loss of contact and its return
SWEEP = 500  # ms between two looks of the oracle
HALL = 30  # machines: cut in halves, each half is too large to dial everybody it remembers
USUAL = (*stories.USUAL, *answer_stories.ANSWERING)
DAY = 86_400_000
FIRST_BIG_SEED = 1_000_000  # seeds from here on are worlds of 60
FIRST_HALL_SEED = 2_000_000  # seeds from here on are worlds of 30 that begin with two islands


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended. `broken` names the first broken rule, None: all held."""

    seed: int
    broken: str | None
    story: str
    trace: str
    simulated_ms: int
    stakes: Counter[str] = field(default_factory=Counter)


class Run:
    """One seeded run."""

    def __init__(self, seed: int, build: Build, *, verbose: bool = False) -> None:
        self.seed = seed
        self.rng = Random(seed)
        self.big = seed >= FIRST_BIG_SEED
        self.hall = seed >= FIRST_HALL_SEED
        count = HALL if self.hall else BIG if self.big else self.rng.randint(3, 8)
        self.oracle = Oracle()
        self.world = World(self.rng.getrandbits(64), count, self.oracle, build, verbose=verbose)
        self.oracle.sit(self.world)
        self.fate = Fate(self.world, Random(self.rng.getrandbits(64)))
        self.long = not self.big and self.rng.random() < 0.03
        self.patient = not self.big and not self.long and self.rng.random() < 0.1
        self.told: list[str] = []
        self.over = False

    def play(self) -> Outcome:
        """To the end, or to the first broken rule."""
        broken: str | None = None
        try:
            self._play()
        except (RuleBroken, SpinError) as error:
            broken = str(error)
        except Exception as error:  # noqa: BLE001 - a core that raises is a finding like any other
            broken = f"rule 0: {type(error).__name__}: {error} {_where(error)}"
        if broken is not None:
            self.world.log(broken)
        trace = self.world.trace.hexdigest()
        told = " ".join(self.told)
        return Outcome(self.seed, broken, told, trace, self.world.now, self.oracle.stakes)

    def _play(self) -> None:
        self._desks()
        self._start_all()
        self._for(self.rng.randint(4000, 9000))
        end = self.world.now + (self.rng.randint(60_000, 110_000) if not self.big else 45_000)
        if self.hall:
            end += 25_000
            self._tell(stories.two_halls(self.fate), "two_halls", lambda: self._line(end))
        elif self.long:
            self._tell(stories.owner_away_for_long(self.fate), "owner_away_for_long")
            end = self.world.now + 1_030_000
        elif self.patient:
            end += 65_000
            after = (lambda: self._line(end)) if self.rng.random() < 0.7 else None
            self._tell(answer_stories.claimant_gone(self.fate), "claimant_gone", after)
        else:
            if self.big and not self.hall and self.rng.random() < 0.5:
                self._tell(stories.islands(self.fate), "islands")
            lines = 1 if self.rng.random() < 0.6 else 2
            for _ in range(lines):
                self._line(end)
        self._for(end - self.world.now)
        self.over = True
        self.fate.mend_all()
        self._for(SETTLES)
        self.oracle.final()

    def _desks(self) -> None:
        rng = self.rng
        walls_differ = rng.random() < 0.3
        for machine in self.world.machines:
            machine.policy = settings(rng)
            machine.wall_shift = rng.randint(-DAY, DAY) if walls_differ else 0
            habits = machine.desk.habits
            if rng.random() < 0.1:
                habits.fails = rng.choice((0.3, 1.0))
            if rng.random() < 0.15:
                habits.mute = 1.0
            if rng.random() < 0.2:
                habits.touched = 0.5
            if rng.random() < 0.15:
                habits.slow = rng.randint(50, 900)
        if rng.random() < 0.15:
            self.world.network.queue_bytes = rng.randint(1500, 6000)

    def _start_all(self) -> None:
        for machine in self.world.machines:
            delay = self.rng.choice((0, self.rng.randrange(3000)))
            if self.rng.random() < 0.1:
                delay = self.rng.randrange(40_000)
            self.world.schedule.after(delay, partial(self._start, machine))

    def _start(self, machine: Machine) -> None:
        if not self.over:
            self.fate.start(machine)

    # --- Stories -----------------------------------------------------------------------------------
    def _line(self, end: int) -> None:
        """One story after the other, until the end."""
        if self.world.now >= end - 5000 or self.over:
            return
        kinds, weights = zip(*USUAL, strict=True)
        kind = self.rng.choices(kinds, weights)[0]
        gap = self.rng.choice((500, 3000, 12_000))
        self._tell(kind(self.fate), kind.__name__, lambda: self.world.schedule.after(gap, lambda: self._line(end)))

    def _tell(self, story: Story, name: str, after: Callable[[], None] | None = None) -> None:
        self.told.append(name)
        self.world.log(f"--- {name}")

        def go_on() -> None:
            if self.over:
                return
            wait = next(story, None)
            if wait is not None:
                self.world.schedule.after(wait, go_on)
            elif after is not None:
                after()

        go_on()

    # --- Time --------------------------------------------------------------------------------------
    def _for(self, duration: int) -> None:
        end = self.world.now + duration
        sweep = SWEEP * 2 if self.big or self.long else SWEEP
        while self.world.now < end:
            self.world.schedule.run_until(min(end, self.world.now + sweep))
            self.world.look_around()
            self.oracle.sweep()


def _where(error: Exception) -> str:
    frame = error.__traceback__
    place = ""
    while frame is not None:
        place = f"({frame.tb_frame.f_code.co_filename.rpartition('/')[2]}:{frame.tb_lineno})"
        frame = frame.tb_next
    return place


def run(seed: int, build: Build | None = None, *, verbose: bool = False) -> Outcome:
    """Play one seed."""
    return Run(seed, build or Build(), verbose=verbose).play()
