"""Stories of answers, ladders, presence and policy. As in `stories.py`, each yields the ms until it goes on."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from escalate_daemon.core import slots
from escalate_daemon.core.commands import SetPolicy
from escalate_daemon.core.ids import HandId
from simulation.deeds import Deeds
from simulation.fate import Fate
from simulation.machine import Machine
from simulation.shell import Trap

Story = Iterator[int]


def _owner_and_other(fate: Fate) -> tuple[Machine, Machine] | None:
    owner = fate.running()
    other = fate.running(*([owner] if owner else []))
    return None if owner is None or other is None else (owner, other)


def somebody_comes(fate: Fate) -> Story:
    """A red is answered, by one or by several, who say something, and think better of it."""
    pair = _owner_and_other(fate)
    if pair is None:
        return
    (owner, other), deeds = pair, Deeds(fate)
    hand = fate.red(owner, other, replace=True)
    if hand is None:
        return
    yield fate.rng.choice((0, 5, 20, fate.rng.randint(30, 3000)))
    for _ in range(fate.rng.randint(2, 7)):
        _answer(deeds, fate.some(), hand)
        yield fate.rng.choice((1, fate.rng.randint(10, 4000)))
    if fate.rng.random() < 0.5:
        fate.end(owner)
    yield 2000


def _answer(deeds: Deeds, who: Machine, hand: HandId) -> None:
    kind = deeds.rng.random()
    if kind < 0.45:
        deeds.come(who, hand)
    elif kind < 0.6:
        deeds.stay(who, hand)
    elif kind < 0.9:
        deeds.say(who, hand)
    else:
        deeds.dismiss(who, hand)


def claims_over_a_cut(fate: Fate) -> Story:
    """On both sides of a cut somebody comes, withdraws, and talks; they heal."""
    owner = fate.running()
    if owner is None:
        return
    deeds = Deeds(fate)
    hand = fate.red(owner, replace=True)
    if hand is None:
        return
    yield fate.rng.randint(50, 4000)
    early = fate.running(owner)
    if early is not None and fate.rng.random() < 0.5:
        deeds.come(early, hand)
        yield fate.rng.randint(0, 2000)
    ones, others = fate.two_sides()
    fate.cut(ones, others, both_ways=fate.rng.random() < 0.8)
    for _ in range(fate.rng.randint(2, 6)):
        yield fate.rng.randint(1, 5000)
        _answer(deeds, fate.rng.choice(fate.rng.choice((ones, others))), hand)
    if early is not None and fate.rng.random() < 0.5:
        deeds.stay(early, hand)
    yield fate.rng.choice((fate.rng.randint(10, 5000), fate.rng.randint(15_000, 25_000)))
    fate.heal()
    yield 12_000


def claimant_gone(fate: Fate) -> Story:
    """Who was coming dies, sleeps, leaves, or is cut off, for longer than a claim outlives it; then it is back."""
    pair = _owner_and_other(fate)
    if pair is None:
        return
    (owner, other), deeds, rng = pair, Deeds(fate), fate.rng
    late = fate.running(owner, other)
    if late is not None and rng.random() < 0.6:
        fate.kill(late)  # it learns of the hand while somebody is coming
    steps = deeds.ladder(rng.choice((4000, 40_000, 70_000)), owner) if rng.random() < 0.7 else ()
    hand = fate.start_hand(owner, ("@everyone",) if rng.random() < 0.7 else (other.name,), steps, replace=True)
    if hand is None:
        return
    yield rng.randint(500, 3500)
    deeds.come(other, hand)
    yield rng.randint(100, 3000)
    if late is not None:
        fate.start(late)
        yield rng.randint(100, 4000)
    way = rng.randrange(5)
    if way == 0:
        fate.kill(other, power=rng.random() < 0.7)
    elif way == 1:
        fate.sleep(other)
    elif way == 2:
        fate.leave(other)
    else:
        fate.cut([other], [m for m in fate.machines if m is not other])
    if rng.random() < 0.2:
        fate.kill(owner)
    yield rng.choice((rng.randint(40_000, 70_000), rng.randint(95_000, 115_000)))
    if way == 3:
        deeds.stay(other, hand)
    fate.heal()
    fate.start(other)
    fate.wake(other)
    fate.come_back(other)
    yield 12_000


def up_the_ladder(fate: Fate) -> Story:
    """A ladder's steps come due: its owner may be dead by then, and somebody may come in the very moment."""
    owner = fate.running()
    if owner is None:
        return
    deeds, rng = Deeds(fate), fate.rng
    first = rng.randint(1, 15) * 1000
    newcomer = fate.running(owner)
    if newcomer is not None and rng.random() < 0.4:
        fate.kill(newcomer)
    other = fate.running(owner)
    words = () if other is None or rng.random() < 0.4 else (other.name,)
    hand = fate.start_hand(owner, words, deeds.ladder(first, owner), replace=True)
    if hand is None:
        return
    gone = rng.choice((0, 1, 1, 2))
    passed = rng.randint(100, first // 2)
    yield passed
    if gone == 1:
        fate.kill(owner, power=rng.random() < 0.5)
    elif gone == 2:
        fate.cut([owner], [m for m in fate.machines if m is not owner])
    if rng.random() < 0.5:
        yield first - passed + rng.randint(-40, 40)
        claimant = fate.running(owner)
        if claimant is not None:
            deeds.come(claimant, hand)
            yield rng.randint(500, 8000)
            if rng.random() < 0.7:
                deeds.stay(claimant, hand)
    yield rng.randint(1000, 12_000)
    if newcomer is not None:
        fate.start(newcomer)
    fate.regroup(fate.some())
    yield rng.randint(1000, 12_000)
    fate.heal()
    fate.start(owner)
    yield 8000


def in_and_out(fate: Fate) -> Story:
    """People are busy, in rooms, away and back, on both sides of a cut or of none, while hands are up."""
    owner = fate.running()
    if owner is None:
        return
    deeds, rng = Deeds(fate), fate.rng
    for machine in rng.sample(fate.machines, rng.randint(1, len(fate.machines))):
        deeds.be_anything(machine)
    yield rng.randint(10, 2500)
    other = fate.running(owner)
    words = [rng.choice(("@here", "@room:blue", "@everyone", f"@{rng.choice(('team', 'ops'))}"))]
    if other is not None and rng.random() < 0.4:
        words.append(other.name)
    fate.start_hand(owner, tuple(words), replace=True)
    yield rng.randint(50, 3000)
    is_cut = rng.random() < 0.6
    if is_cut:
        ones, others = fate.two_sides()
        fate.cut(ones, others)
    for _ in range(rng.randint(1, 5)):
        yield rng.randint(10, 4000)
        who = rng.choice((owner, owner, fate.some()))
        if rng.random() < 0.2:
            fate.trap(who, rng.choice((Trap.BEFORE_COMMIT, Trap.AFTER_COMMIT, Trap.MID_SENDS)))
        if rng.random() < 0.15:
            fate.leave(who)
        else:
            deeds.be_anything(who)
    yield rng.randint(10, 8000)
    if is_cut:
        fate.heal()
    for machine in fate.machines:
        fate.start(machine)
        if rng.random() < 0.7:
            fate.come_back(machine)
            deeds.be(machine, slots.AVAILABLE)
    yield 10_000


def left_in_peace(fate: Fate) -> Story:
    """Somebody mutes, or has a quiet hour, before a red or while it is up; and no longer."""
    pair = _owner_and_other(fate)
    if pair is None:
        return
    (owner, other), deeds, rng = pair, Deeds(fate), fate.rng
    before = rng.random() < 0.7
    by_hand = rng.random() < 0.6
    allowed = (owner.name,) if rng.random() < 0.25 else ()

    def begin() -> None:
        if by_hand:
            deeds.mute(other, owner)
        else:
            deeds.quiet_hour(other, begins=True, allowed=allowed)

    if before:
        begin()
        yield rng.randint(1, 2000)
    hand = fate.red(owner, other, replace=True)
    if hand is None:
        return
    yield rng.choice((5, rng.randint(100, 4000)))
    if not before:
        begin()
    if rng.random() < 0.3:
        fate.kill(other)
        yield rng.randint(100, 3000)
        fate.start(other)
    if rng.random() < 0.3:
        fate.end(owner)
        yield rng.randint(1, 500)
        fate.red(owner, other, replace=True)
    yield rng.randint(500, 12_000)
    deeds.unmute(other)
    deeds.quiet_hour(other, begins=False)
    yield rng.randint(1000, 5000)


def again_and_again(fate: Fate) -> Story:
    """Some machines repeat; somebody comes, or looks."""
    pair = _owner_and_other(fate)
    if pair is None:
        return
    (owner, other), deeds, rng = pair, Deeds(fate), fate.rng
    for machine in (other, fate.some()):
        machine.policy = replace(machine.policy, repeat=rng.randint(3, 12) * 1000)
        if machine.runs:
            machine.command(SetPolicy(machine.policy))
    hand = fate.red(owner, other, replace=True)
    if hand is None:
        return
    yield rng.randint(5000, 30_000)
    kind = rng.randrange(4)
    if kind == 0:
        deeds.come(fate.some(), hand)
    elif kind == 1:
        deeds.dismiss(other, hand)
    elif kind == 2:
        fate.kill(other)
        yield rng.randint(100, 3000)
        fate.start(other)
    yield rng.randint(5000, 20_000)


def long_thread(fate: Fate) -> Story:
    """Several talk, more than is kept, in two threads, over a cut."""
    pair = _owner_and_other(fate)
    if pair is None:
        return
    (owner, other), deeds, rng = pair, Deeds(fate), fate.rng
    hands = [fate.red(owner, other, replace=True), fate.red(other, replace=True)]
    threads = [hand for hand in hands if hand is not None]
    yield rng.randint(100, 3000)
    cut = rng.random() < 0.6
    if cut and threads:
        ones, others = fate.two_sides()
        fate.cut(ones, others)
    for _ in range(rng.randint(3, 12) if threads else 0):
        who = fate.some()
        for _ in range(rng.choice((1, 2, 9))):
            deeds.say(who, rng.choice(threads))
        yield rng.choice((1, rng.randint(10, 2000)))
    if rng.random() < 0.3:
        fate.trap(other, Trap.MID_SENDS)
        deeds.say(other, rng.choice(threads or [HandId("")]))
        yield 500
        fate.start(other)
    fate.heal()
    yield 12_000


ANSWERING: tuple[tuple[Callable[[Fate], Story], float], ...] = (
    (somebody_comes, 2),
    (claims_over_a_cut, 2.5),
    (up_the_ladder, 2.5),
    (in_and_out, 3),
    (left_in_peace, 2),
    (again_and_again, 1),
    (long_thread, 1),
)
