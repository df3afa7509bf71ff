from dataclasses import dataclass, field

import msgspec
import pytest

from escalate_daemon.core import slots, tuning
from escalate_daemon.core.commands import CommandRefused, Refusal
from escalate_daemon.core.context import Context
from escalate_daemon.core.effects import Bucket, Store, Stored
from escalate_daemon.core.naming import Person
from escalate_daemon.core.policy import Policy
from escalate_daemon.core.quietness import MUTES, Quietness
from escalate_daemon.core.slots import Target
from support.core_cast import cast_of

CAST = cast_of("ana", "ben")
START = 1_000_000
BEN = Person(CAST.id("ben"), "Ben", "desk", ("team", "night"), slots.AVAILABLE, "", "Ben")
CEM = Person(CAST.id("ana"), "Cem", "lab", (), slots.AVAILABLE, "", "Cem@lab")


@dataclass
class Quiet:
    """What one machine keeps out, and its disk."""

    ctx: Context = field(default_factory=lambda: CAST.context("ana", START))
    changes: int = 0
    disk: Stored | None = None

    def __post_init__(self) -> None:
        self.is_ = Quietness(self.ctx, self._changed)
        self.is_.load(self.disk)

    def _changed(self) -> None:
        self.changes += 1

    def restarted(self, down: int) -> "Quiet":
        """The next run, so many ms later."""
        stores = [each for each in self.ctx.drain() if isinstance(each, Store)]
        assert all((each.bucket, each.key) == (Bucket.META, MUTES) for each in stores)
        value = stores[-1].value
        return Quiet(disk=None if value is None else Stored(value, down))

    def muted(self) -> list[tuple[str, int | None]]:
        return [(each.who, each.left) for each in self.is_.muted()]


@pytest.fixture
def quiet() -> Quiet:
    return Quiet()


# --- Who is kept out -------------------------------------------------------------------------------
def test_nobody_is_kept_out_by_default(quiet: Quiet) -> None:
    assert (quiet.is_.keeps_out(BEN), quiet.is_.undisturbed, quiet.muted()) == (False, False, [])


@pytest.mark.parametrize("word", ["ben", "BEN", "ben@desk", CAST.id("ben").hex()])
def test_muted_member_is_kept_out_and_nobody_else(quiet: Quiet, word: str) -> None:
    quiet.is_.mute(word, None)
    assert (quiet.is_.keeps_out(BEN), quiet.is_.keeps_out(CEM), quiet.is_.undisturbed) == (True, False, False)


@pytest.mark.parametrize("all_of_it", ["mute", "quiet hour"])
def test_do_not_disturb_keeps_all_out_but_whom_it_lets_through(quiet: Quiet, all_of_it: str) -> None:
    if all_of_it == "mute":
        quiet.is_.mute("all", None)
    quiet.is_.set_policy(Policy(quiet=all_of_it == "quiet hour", allowed=("@TEAM", "zoe")))
    assert (quiet.is_.keeps_out(BEN), quiet.is_.keeps_out(CEM), quiet.is_.undisturbed) == (False, True, True)


def test_who_is_muted_by_name_is_not_let_through_either(quiet: Quiet) -> None:
    quiet.is_.set_policy(Policy(quiet=True, muted=("ben",), allowed=("ben",)))
    assert quiet.is_.keeps_out(BEN)


def test_muted_group_silences_its_word_and_keeps_nobody_out(quiet: Quiet) -> None:
    quiet.is_.mute("@Team", None)
    assert not quiet.is_.keeps_out(BEN)
    assert quiet.is_.silences(Target(word="@team"))
    assert not quiet.is_.silences(Target(word="@night"))
    assert not quiet.is_.silences(Target(member=BEN.id))


def test_settings_and_what_was_muted_by_hand_stand_side_by_side(quiet: Quiet) -> None:
    quiet.is_.set_policy(Policy(muted=("ben",)))
    quiet.is_.mute("cem", None)
    assert quiet.is_.unmute("all")
    assert (quiet.is_.keeps_out(BEN), quiet.is_.keeps_out(CEM)) == (True, False)


# --- Time ------------------------------------------------------------------------------------------
def test_mute_is_over_at_its_time(quiet: Quiet) -> None:
    quiet.is_.mute("ben", 5_000)
    assert (quiet.is_.next_deadline(), quiet.muted()) == (START + 5_000, [("ben", 5_000)])
    quiet.ctx.now += 4_999
    assert quiet.is_.keeps_out(BEN)
    quiet.ctx.now += 1
    quiet.is_.follow()
    assert (quiet.is_.keeps_out(BEN), quiet.is_.next_deadline(), quiet.changes) == (False, None, 2)


def test_muted_again_it_lasts_as_said_last_whatever_its_case(quiet: Quiet) -> None:
    quiet.is_.mute("ben", 5_000)
    quiet.is_.mute("BEN", None)
    assert quiet.muted() == [("BEN", None)]


def test_group_and_member_of_one_name_are_muted_and_taken_back_apart(quiet: Quiet) -> None:
    quiet.is_.mute("team", None)
    quiet.is_.mute("@Team", None)
    assert [who for who, _ in quiet.muted()] == ["team", "@Team"]
    assert quiet.is_.unmute("@team")
    assert [who for who, _ in quiet.muted()] == ["team"]
    assert quiet.is_.unmute("@team"), "where there is no such group, the member is meant"
    assert quiet.muted() == []


@pytest.mark.parametrize("lasts", [0, -1, tuning.AGE_MAX + 1])
def test_time_that_no_mute_lasts_is_wrong_usage(quiet: Quiet, lasts: int) -> None:
    with pytest.raises(CommandRefused) as refused:
        quiet.is_.mute("ben", lasts)
    assert (refused.value.reason, quiet.muted()) == (Refusal.USAGE, [])


def test_more_than_a_person_types_are_refused_and_the_same_again_is_not(quiet: Quiet) -> None:
    for number in range(tuning.MUTES_MAX):
        quiet.is_.mute(f"m{number}", None)
    with pytest.raises(CommandRefused) as refused:
        quiet.is_.mute("one-more", None)
    assert refused.value.reason is Refusal.NOT_ALLOWED
    quiet.is_.mute("M0", 5)
    assert len(quiet.muted()) == tuning.MUTES_MAX


# --- Keeping ---------------------------------------------------------------------------------------
def test_mute_outlives_a_restart_with_what_is_left_of_it(quiet: Quiet) -> None:
    quiet.is_.mute("ben", 60_000)
    quiet.is_.mute("cem", None)
    quiet.is_.mute("zoe", 5_000)
    assert quiet.restarted(10_000).muted() == [("ben", 50_000), ("cem", None)]


def test_last_mute_taken_back_is_forgotten(quiet: Quiet) -> None:
    quiet.is_.mute("ben", None)
    assert quiet.is_.unmute("ben")
    assert not quiet.is_.unmute("ben")
    assert quiet.restarted(0).muted() == []


@pytest.mark.parametrize("value", [b"", b"\xc1", b"\x91\x01", msgspec.msgpack.encode("ben")])
def test_damaged_row_mutes_nobody(value: bytes) -> None:
    assert Quiet(disk=Stored(value, 0)).muted() == []
