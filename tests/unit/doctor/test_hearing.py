"""Who can no longer hear is told once, and again only after it was well in between."""

from dataclasses import replace

import pytest

from escalate_daemon.doctor.hearing import (
    NETWORK,
    NOTIFIER,
    SOUND,
    STANDS_S,
    WELL_S,
    DeskHears,
    NetHears,
    Telltale,
    Trouble,
    desk_troubles,
    net_troubles,
)

DESK = DeskHears(shows=True, found="", mend="", silent_on_purpose=False, sounds=True, sound_found="", sound_mend="")
NET = NetHears(others=2, links=3, has_address=True, port=1, near=2)
BAD = (Trouble(SOUND, "a red makes no sound", "no player", "install one"),)
STANDS = STANDS_S[SOUND]


def test_nothing_is_wrong_where_all_is_there() -> None:
    assert desk_troubles(DESK) == net_troubles(NET) == []


def test_no_notifier_is_the_trouble_before_no_sound() -> None:
    assert [each.topic for each in desk_troubles(replace(DESK, shows=False, sounds=False))] == [NOTIFIER]
    assert [each.topic for each in desk_troubles(replace(DESK, sounds=False))] == [SOUND]


def test_what_is_wanted_so_is_no_trouble() -> None:
    assert desk_troubles(replace(DESK, sounds=False, silent_on_purpose=True)) == []
    assert desk_troubles(replace(DESK, shows=False, nothing_on_purpose=True)) == []


@pytest.mark.parametrize(
    "net",
    [
        replace(NET, links=0, has_address=False),
        replace(NET, links=0, port=0),
        replace(NET, links=0, near=1),
    ],
)
def test_cut_off_is_a_trouble(net: NetHears) -> None:
    assert [each.topic for each in net_troubles(net)] == [NETWORK]


@pytest.mark.parametrize("net", [replace(NET, links=0, near=0), replace(NET, others=0, links=0, has_address=False)])
def test_nobody_else_being_there_is_none(net: NetHears) -> None:
    assert net_troubles(net) == []


def test_it_is_told_aloud_once_where_it_was_well_before() -> None:
    tale = Telltale()
    assert tale.look((), 0).loud == ()
    first = tale.look(BAD, 100)
    assert (first.warn, first.loud, first.again_s) == ((), (), STANDS)
    told = tale.look(BAD, 100 + STANDS)
    assert told.warn == told.loud == BAD
    later = tale.look(BAD, 1000)
    assert (later.warn, later.loud, later.again_s) == ((), (), None)


def test_what_was_so_from_the_start_is_a_warning_alone() -> None:
    tale = Telltale()
    tale.look(BAD, 0)
    told = tale.look(BAD, STANDS)
    assert (told.warn, told.loud) == (BAD, ())


def test_what_passes_at_once_is_not_told() -> None:
    tale = Telltale()
    tale.look((), 0)
    tale.look(BAD, 1)
    assert tale.look((), 2) == tale.look((), 3)
    again = tale.look(BAD, 1 + STANDS)
    assert (again.warn, again.loud) == ((), ())


def test_warning_is_taken_back_when_it_is_well() -> None:
    tale = Telltale()
    tale.look(BAD, 0)
    tale.look(BAD, STANDS)
    assert tale.look((), 100).over == (SOUND,)
    assert tale.look((), 101).over == ()


@pytest.mark.parametrize(("well_for", "loud"), [(WELL_S - 1, ()), (WELL_S + 1, BAD)])
def test_it_is_told_aloud_again_only_after_it_was_well_for_a_while(well_for: float, loud: tuple[Trouble, ...]) -> None:
    tale = Telltale()
    tale.look((), 0)
    tale.look(BAD, 1)
    assert tale.look(BAD, 1 + STANDS).loud == BAD
    tale.look((), 100)
    tale.look((), 100 + well_for)
    tale.look(BAD, 100 + well_for)
    told = tale.look(BAD, 100 + well_for + STANDS)
    assert told.loud == loud
    assert told.warn == BAD


def test_text_is_one_line_with_cause_and_mend() -> None:
    assert BAD[0].text == "a red makes no sound: no player; install one"
