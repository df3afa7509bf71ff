"""Judgements on the daemon itself, what it keeps, its space, versions and clock."""

from dataclasses import replace

import pytest

from escalate_daemon.doctor.belonging import (
    SpaceFacts,
    VersionFacts,
    judge_neighbours,
    judge_space,
    judge_versions,
)
from escalate_daemon.doctor.check import ago, parted, said
from escalate_daemon.doctor.keeping import IdentityFacts, StoreFacts, judge_identity, judge_store
from escalate_daemon.doctor.process import RECENT_S, ProcessFacts, judge_process
from escalate_daemon.doctor.timing import APART_S, EARLIEST, ClockFacts, judge_clock

PROCESS = ProcessFacts(pid=12, age_s=200, version="0.1.0", socket="/run/e/daemon.sock")
STORE = StoreFacts("/s", free=10**9, writable=True)
FLOOR = SpaceFacts("Floor", "", "", others=3, online=2, other_spaces=0)
ANA = IdentityFacts("ana", "k3m7-92fd", "/s/membership", kept=True, mode=0o600)
NOW = 1_790_000_000.0


def test_running_daemon_says_how_old_it_is() -> None:
    check = judge_process(PROCESS)
    assert (check.ok, check.mend) == (True, None)
    assert check.found == "running for 3 min (pid 12, version 0.1.0)"


def test_socket_made_anew_is_told_with_its_reason_for_a_while() -> None:
    check = judge_process(replace(PROCESS, socket_mended_s=5))
    assert "/run/e/daemon.sock had vanished" in check.found
    assert "loginctl" in (check.mend or "")
    assert judge_process(replace(PROCESS, socket_mended_s=RECENT_S)) == judge_process(PROCESS)


def test_settings_changed_since_the_start_name_the_restart() -> None:
    check = judge_process(replace(PROCESS, settings_changed=True))
    assert check.ok
    assert check.mend == "escalate daemon restart"


def test_fault_that_was_outlived_is_broken() -> None:
    assert not judge_process(replace(PROCESS, fault="the daemon had a fault")).ok


def test_setting_that_could_not_be_followed_is_broken() -> None:
    check = judge_process(replace(PROCESS, unheeded=("the peers of the config are not dialled: x",)))
    assert not check.ok
    assert "not dialled" in check.found


def test_store_with_room_is_well() -> None:
    assert judge_store(STORE).ok


@pytest.mark.parametrize(
    ("facts", "found", "mend"),
    [
        (replace(STORE, warnings=("/s/state.db cannot be written (full); free some space",)), "(full)", "free some"),
        (replace(STORE, free=0), "nearly: 0 MB", "free some space"),
        (replace(STORE, writable=False), "/s cannot be written", "writable"),
        (replace(STORE, set_aside="/s/state.db was damaged (x): set aside as y; z"), "set aside as y", "by itself"),
    ],
)
def test_store_that_does_not_keep_names_cause_and_mend(facts: StoreFacts, found: str, mend: str) -> None:
    check = judge_store(facts)
    assert not check.ok
    assert found in check.found
    assert mend in (check.mend or "")


def test_damage_of_earlier_is_told_and_is_not_broken() -> None:
    check = judge_store(replace(STORE, old_damage=("/s/state.db.damaged-1",)))
    assert check.ok
    assert "/s/state.db.damaged-1" in (check.mend or "")


@pytest.mark.parametrize(
    ("facts", "ok"),
    [
        (ANA, True),
        (replace(ANA, kept=None), True),
        (replace(ANA, kept=False), False),
        (replace(ANA, mode=0o644), False),
        (replace(ANA, warning="cannot keep the membership; make room"), False),
    ],
)
def test_identity_has_to_be_kept_and_private(facts: IdentityFacts, ok: bool) -> None:
    check = judge_identity(facts)
    assert check.ok is ok
    assert ok or check.mend


def test_space_tells_who_is_there() -> None:
    assert judge_space(FLOOR).found == "Floor: 2 of 3 others online"
    assert "invite" in (judge_space(replace(FLOOR, others=0, online=0)).mend or "")


def test_without_a_space_the_refusal_is_the_cause() -> None:
    check = judge_space(replace(FLOOR, refusal="you are in no space", mend="escalate up"))
    assert (check.ok, check.found, check.mend) == (False, "you are in no space", "escalate up")


def test_other_spaces_near_are_broken_only_where_nobody_of_mine_is() -> None:
    assert judge_neighbours(FLOOR).ok
    assert judge_neighbours(replace(FLOOR, other_spaces=2)).ok
    check = judge_neighbours(replace(FLOOR, online=0, other_spaces=2))
    assert not check.ok
    assert "2 daemons of other spaces" in check.found
    assert "escalate invite" in (check.mend or "")


def test_same_version_everywhere_is_well() -> None:
    assert judge_versions(VersionFacts("0.1.0", "0.1.0", (("ben", "0.1.0"),))).ok


def test_version_skew_names_who_has_to_upgrade_to_what() -> None:
    check = judge_versions(VersionFacts("0.9.0", "0.9.0", (("ben", "0.10.0"), ("cyd", "0.9.0"), ("dan", "unknown"))))
    assert not check.ok
    assert "ben runs 0.10.0" in check.found
    assert "0.10.0" in (check.mend or "")
    assert "this machine, cyd and dan" in (check.mend or "")


def test_upgrade_that_the_daemon_does_not_run_yet_wants_a_restart() -> None:
    check = judge_versions(VersionFacts("0.1.0", "0.2.0"))
    assert (check.ok, check.mend) == (False, "escalate daemon restart")


def test_clock_that_agrees_is_well() -> None:
    assert judge_clock(ClockFacts(NOW, (("ben", 0.2),))).ok
    assert judge_clock(ClockFacts(NOW)).ok


@pytest.mark.parametrize(
    ("facts", "found"),
    [
        (ClockFacts(EARLIEST - 1), "long passed"),
        (ClockFacts(NOW, (("ben", APART_S + 60),)), "3 min behind ben's; its or this one is wrong"),
        (ClockFacts(NOW, (("ben", -86_400.0), ("cyd", -86_400.5))), "ahead of ben's; this one is wrong"),
    ],
)
def test_wrong_clock_is_named_with_its_mend(facts: ClockFacts, found: str) -> None:
    check = judge_clock(facts)
    assert not check.ok
    assert found in check.found
    assert "timedatectl" in (check.mend or "")


def test_one_wrong_clock_among_the_others_is_not_mine() -> None:
    assert judge_clock(ClockFacts(NOW, (("ben", 86_400.0), ("cyd", 0.0), ("dan", 0.1)))).ok


def test_jump_of_the_wall_clock_is_told() -> None:
    check = judge_clock(ClockFacts(NOW, jump=(-3600.0, 120.0)))
    assert check.ok
    assert "1 h back 2 min ago" in check.found


def test_words_are_short() -> None:
    assert (ago(0.2), ago(59), ago(61), ago(7200), ago(86_400), ago(200_000)) == (
        "0 s",
        "59 s",
        "1 min",
        "2 h",
        "1 day",
        "2 days",
    )
    assert (said([]), said(["a"]), said(["a", "b"]), said(["a", "b", "c"])) == ("", "a", "a and b", "a, b and c")
    assert said(list("abcdef"), at_most=2) == "a, b and 4 more"
    assert parted("it is full; free some", "x") == ("it is full", "free some")
    assert parted("it is full", "x") == ("it is full", "x")
