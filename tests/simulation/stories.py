"""What runs are made of: short stories that put a rule at stake. Each yields the ms until it goes on."""

from collections.abc import Callable, Iterator

from simulation.fate import Fate
from simulation.machine import Machine
from simulation.shell import Trap

Story = Iterator[int]
YEAR = 365 * 86_400_000
SHIFTS = (-YEAR, -86_400_000, -3_600_000, -5_000, 5_000, 60_000, 20 * 60_000, 3_600_000, YEAR)


def everyday(fate: Fate) -> Story:
    """Raise, look, change groups, replace, end."""
    for _ in range(fate.rng.randint(2, 6)):
        yield fate.rng.randint(300, 5000)
        owner = fate.running()
        if owner is None:
            return
        kind = fate.rng.random()
        if kind < 0.35:
            named = [m for m in (fate.running(owner),) if m is not None]
            fate.red(owner, *named, replace=fate.rng.random() < 0.5)
        elif kind < 0.45:
            fate.yellow(owner)
        elif kind < 0.7:
            fate.end(owner)
        elif kind < 0.9:
            fate.regroup(owner)
        else:
            fate.retell(owner)


def ended_while_cut(fate: Fate) -> Story:
    """Some know a hand, are cut off, and it ends meanwhile; they heal."""
    owner = fate.running()
    if owner is None:
        return
    if fate.rng.random() < 0.7:
        fate.red(owner, replace=True)
        yield fate.rng.randint(50, 4000)
    ones, others = fate.two_sides()
    fate.cut(ones, others, both_ways=fate.rng.random() < 0.8)
    yield fate.rng.randint(10, 12_000)
    if fate.rng.random() < 0.3:
        fate.red(owner, replace=True)
        yield fate.rng.randint(100, 3000)
    fate.end(owner)
    yield fate.rng.randint(10, 20_000)
    fate.heal()
    yield 12_000


def raised_while_cut(fate: Fate) -> Story:
    """A red that some named cannot hear until the heal."""
    ones, others = fate.two_sides()
    fate.cut(ones, others, both_ways=fate.rng.random() < 0.8)
    yield fate.rng.randint(10, 25_000)
    fate.red(fate.rng.choice(ones), fate.rng.choice(others), replace=True)
    yield fate.rng.randint(10, 15_000)
    fate.heal()
    yield 14_000


def killed_in_the_window(fate: Fate) -> Story:
    """A named one dies between recording a ring and reporting it, up to three times."""
    owner = fate.running()
    victim = fate.running(*([owner] if owner else []))
    if owner is None or victim is None:
        return
    tries = fate.rng.choice((1, 1, 2, 3))
    _arm(fate, victim)
    fate.red(owner, victim, replace=True)
    for again in range(tries):
        yield fate.rng.randint(1500, 4000)
        fate.start(victim)
        if again + 1 < tries:
            _arm(fate, victim)
    yield 6000


def _arm(fate: Fate, victim: Machine) -> None:
    if fate.rng.random() < 0.5:
        fate.trap(victim, Trap.BEFORE_SHOW)
    else:
        victim.desk.kill_after_shown = True


def named_restarts(fate: Fate) -> Story:
    """A named one's daemon dies and comes back while the red is up, perhaps elsewhere, perhaps with other clocks."""
    owner = fate.running()
    victim = fate.running(*([owner] if owner else []))
    if owner is None or victim is None:
        return
    fate.red(owner, victim, replace=True)
    yield fate.rng.randint(0, 5000)
    fate.kill(victim, power=fate.rng.random() < 0.4)
    yield fate.rng.randint(100, 8000)
    if fate.rng.random() < 0.3:
        fate.end(owner)
    if fate.rng.random() < 0.3:
        fate.move(victim)
    if fate.rng.random() < 0.4:
        fate.jump(victim, fate.rng.choice(SHIFTS))
    fate.start(victim)
    yield 6000


def owner_vanishes(fate: Fate) -> Story:
    """An owner dies, is lost, and comes back."""
    owner = fate.running()
    if owner is None:
        return
    fate.red(owner, replace=fate.rng.random() < 0.7)
    yield fate.rng.randint(20, 4000)
    fate.kill(owner, power=fate.rng.random() < 0.5)
    yield fate.rng.randint(200, 50_000)
    if fate.rng.random() < 0.4:
        fate.jump(owner, fate.rng.choice(SHIFTS))
    fate.start(owner)
    yield fate.rng.randint(2000, 8000)
    if fate.rng.random() < 0.5:
        fate.end(owner)
    yield 3000


def owner_away_for_long(fate: Fate) -> Story:
    """An owner is gone until its hand is put away everywhere; then it is back, or ends it first."""
    owner = fate.running()
    if owner is None:
        return
    fate.red(owner, replace=True)
    yield fate.rng.randint(1000, 6000)
    way = fate.rng.randrange(3)
    if way == 0:
        fate.kill(owner, power=True)
    elif way == 1:
        fate.sleep(owner)
    else:
        fate.cut([owner], [m for m in fate.machines if m is not owner])
    yield fate.rng.randint(930_000, 1_000_000)
    if way == 2 and fate.rng.random() < 0.4:
        fate.end(owner)
        yield 2000
    fate.heal()
    fate.start(owner)
    fate.wake(owner)
    yield 16_000


def owner_traps(fate: Fate) -> Story:
    """An owner dies in the very step of raising or ending."""
    owner = fate.running()
    if owner is None:
        return
    if fate.rng.random() < 0.5:
        fate.red(owner, replace=True)
        yield fate.rng.randint(500, 3000)
    fate.trap(owner, fate.rng.choice((Trap.BEFORE_COMMIT, Trap.AFTER_COMMIT, Trap.MID_SENDS)))
    if fate.rng.random() < 0.5:
        fate.end(owner)
    else:
        fate.red(owner, replace=True)
    yield fate.rng.randint(100, 9000)
    if fate.rng.random() < 0.5:
        fate.jump(owner, fate.rng.choice((-YEAR, -3_600_000, -20_000)))
    fate.start(owner)
    yield fate.rng.randint(100, 3000)
    if fate.rng.random() < 0.5:
        fate.red(owner, replace=True)
    yield 3000


def stored_and_ended(fate: Fate) -> Story:
    """A hand is on a sleeping disk when it ends; its machine starts with nobody to ask at first."""
    owner = fate.running()
    other = fate.running(*([owner] if owner else []))
    if owner is None or other is None:
        return
    fate.red(owner, replace=True)
    yield fate.rng.randint(300, 3000)
    fate.kill(other, power=fate.rng.random() < 0.7)
    yield fate.rng.randint(100, 4000)
    fate.end(owner)
    alone = fate.rng.random() < 0.6
    if alone:
        fate.cut([other], [m for m in fate.machines if m is not other])
    yield fate.rng.randint(100, 3000)
    fate.start(other)
    yield fate.rng.randint(1000, 9000)
    if alone:
        fate.heal()
    yield 12_000


def old_backup(fate: Fate) -> Story:
    """A disk is set back, or emptied; its owner raises before anybody can tell it what it forgot."""
    owner = fate.running()
    if owner is None:
        return
    if fate.rng.random() < 0.6:
        fate.jump(owner, 1000 - owner.wall)  # its battery is flat: it is 1970
        fate.kill(owner)
        yield 300
        fate.start(owner)
        yield fate.rng.randint(500, 2000)
    backup = fate.backup(owner) if fate.rng.random() < 0.8 else {}
    if backup and fate.rng.random() < 0.7:
        fate.kill(owner)
        yield 200
        fate.start(owner)
    yield fate.rng.randint(100, 2000)
    for _ in range(fate.rng.randint(1, 3)):
        fate.red(owner, replace=True)
        yield fate.rng.randint(200, 3000)
    if fate.rng.random() < 0.4:
        fate.end(owner)
        yield fate.rng.randint(100, 2000)
    fate.kill(owner, power=fate.rng.random() < 0.5)
    fate.restore(owner, backup)
    alone = fate.rng.random() < 0.7
    if alone:
        fate.cut([owner], [m for m in fate.machines if m is not owner])
    yield fate.rng.randint(100, 4000)
    fate.start(owner)
    yield fate.rng.randint(0, 2500)
    for _ in range(fate.rng.randint(0, 6)):
        fate.red(owner, replace=True)
        yield fate.rng.randint(50, 1200)
    yield fate.rng.randint(100, 6000)
    if alone:
        fate.heal()
    yield 14_000


def islands(fate: Fate) -> Story:
    """Two groups forget each other, and meet again."""
    ones, others = fate.two_sides()
    fate.cut(ones, others)
    yield fate.rng.randint(26_000, 60_000)
    if fate.rng.random() < 0.6:
        fate.red(fate.rng.choice(ones), replace=True)
    if fate.rng.random() < 0.4:
        fate.end(fate.rng.choice(others))
    yield fate.rng.randint(100, 5000)
    fate.heal()
    yield 14_000


def two_halls(fate: Fate) -> Story:
    """Two halves of a large space forget each other and meet again; only probes can bring that about."""
    half = len(fate.machines) // 2
    yield 3000
    fate.cut(fate.machines[:half], fate.machines[half:])
    yield fate.rng.randint(32_000, 45_000)
    fate.red(fate.rng.choice(fate.machines), replace=True)
    yield 3000
    fate.heal(hinted=False)
    yield 16_000


def sleeper(fate: Fate) -> Story:
    """One sleeps through a raise or an end."""
    owner = fate.running()
    other = fate.running(*([owner] if owner else []))
    if owner is None or other is None:
        return
    if fate.rng.random() < 0.5:
        fate.red(owner, replace=True)
        yield fate.rng.randint(100, 2000)
    fate.sleep(other)
    yield fate.rng.randint(100, 8000)
    if fate.rng.random() < 0.5:
        fate.end(owner)
    else:
        fate.red(owner, other, replace=True)
    yield fate.rng.choice((fate.rng.randint(100, 14_000), fate.rng.randint(14_000, 60_000), 150_000))
    fate.wake(other)
    yield 12_000


def leaver(fate: Fate) -> Story:
    """One leaves with its hand up, and returns."""
    owner = fate.running()
    if owner is None:
        return
    fate.red(owner, replace=True)
    yield fate.rng.randint(50, 3000)
    if fate.rng.random() < 0.3:
        fate.trap(owner, fate.rng.choice((Trap.BEFORE_COMMIT, Trap.AFTER_COMMIT, Trap.MID_SENDS)))
    fate.leave(owner)
    yield fate.rng.randint(500, 8000)
    other = fate.running(owner)
    if other is not None and fate.rng.random() < 0.6:
        fate.red(other, owner, replace=True)
    yield fate.rng.randint(500, 4000)
    fate.start(owner)
    fate.come_back(owner)
    yield 6000


def flaky(fate: Fate) -> Story:
    """Streams stall and break while hands go up and down."""
    for _ in range(fate.rng.randint(3, 8)):
        kind = fate.rng.random()
        if kind < 0.5:
            fate.stall(fate.rng.choice((250, 350, fate.rng.randint(200, 6000))))
        elif kind < 0.75:
            fate.snap()
        else:
            owner = fate.running()
            if owner is not None:
                fate.red(owner, replace=True)
        yield fate.rng.randint(100, 4000)


def forgers(fate: Fate) -> Story:
    """Forged, flipped and senseless bytes."""
    for _ in range(fate.rng.randint(1, 4)):
        fate.forge()
        yield fate.rng.randint(100, 4000)


def lossy(fate: Fate) -> Story:
    """Second mode: frames lost, doubled, reordered."""
    fate.lose_frames(fate.rng.choice((0.05, 0.2, 0.5)))
    for _ in range(fate.rng.randint(2, 5)):
        yield fate.rng.randint(500, 6000)
        owner = fate.running()
        if owner is not None:
            if fate.rng.random() < 0.6:
                fate.red(owner, replace=True)
            else:
                fate.end(owner)
    fate.lose_no_frames()
    yield 16_000


def hasty(fate: Fate) -> Story:
    """One owner raises again and again: sounds are limited, pop-ups are not."""
    owner = fate.running()
    other = fate.running(*([owner] if owner else []))
    if owner is None or other is None:
        return
    for _ in range(fate.rng.randint(6, 10)):
        fate.red(owner, other, replace=True)
        yield fate.rng.randint(200, 1500)
    fate.end(owner)


def short_lived(fate: Fate) -> Story:
    """A hand reaches its maximum age."""
    owner = fate.running()
    if owner is None:
        return
    fate.red(owner, replace=True, max_age=fate.rng.randint(35_000, 60_000))
    yield fate.rng.randint(1000, 30_000)
    if fate.rng.random() < 0.4:
        fate.kill(owner)
        yield fate.rng.randint(1000, 40_000)
        fate.start(owner)
    yield 30_000


USUAL: tuple[tuple[Callable[[Fate], Story], float], ...] = (
    (everyday, 3),
    (ended_while_cut, 2),
    (raised_while_cut, 2),
    (killed_in_the_window, 2),
    (named_restarts, 1.5),
    (owner_vanishes, 2),
    (owner_traps, 1.5),
    (stored_and_ended, 2),
    (old_backup, 2.5),
    (islands, 1),
    (sleeper, 1.5),
    (leaver, 1.5),
    (flaky, 1.5),
    (forgers, 1),
    (lossy, 1),
    (hasty, 0.5),
    (short_lived, 0.5),
)
