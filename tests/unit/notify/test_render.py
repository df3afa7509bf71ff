from dataclasses import replace

import pytest

from escalate_daemon.core.effects import Urgency
from escalate_daemon.core.ids import MemberId
from escalate_daemon.core.views import ClaimView, EscalationState, EscalationView, LineView, MemberView, Reach
from escalate_daemon.notify.base import Colour, Loudness, Popup, Press
from escalate_daemon.notify.render import ago, member_words, popup_for
from support.hands import ANA, RED, YELLOW

FSI, PDI = "\u2068", "\u2069"
HEBREW = "\u05d3\u05e0\u05d4"


def rendered(view: object = RED, urgency: Urgency = Urgency.RING) -> Popup:
    assert isinstance(view, type(RED))
    return popup_for(view, urgency, rings=urgency is Urgency.RING)


def test_a_red_says_who_needs_help_and_why_in_the_title() -> None:
    assert rendered().title == "Ana needs help: caller is threatening"


def test_a_red_without_message_says_who_needs_help() -> None:
    assert rendered(replace(RED, message="")).title == "Ana needs help"


def test_a_yellow_raises_a_hand() -> None:
    assert rendered(YELLOW, Urgency.QUIET).title == "Ana raises a hand"
    assert rendered(replace(YELLOW, message="printer"), Urgency.QUIET).title == "Ana raises a hand: printer"


def test_the_place_comes_before_who_is_named() -> None:
    assert rendered().body.splitlines() == ["row B, desk 4 (on ana-pc)", "You are named: @team"]


@pytest.mark.parametrize(
    ("location", "host", "line"),
    [("", "ana-pc", ["On ana-pc"]), ("row B", "", ["row B"]), ("", "", [])],
)
def test_an_unknown_place_leaves_no_empty_words(location: str, host: str, line: list[str]) -> None:
    view = replace(YELLOW, owner=replace(ANA, location=location, host=host))
    assert rendered(view, Urgency.QUIET).body.splitlines() == line


def test_lost_contact_is_said_first_and_is_grey() -> None:
    popup = rendered(replace(RED, state=EscalationState.LOST, lost_for=40_000))
    assert popup.body.splitlines()[0] == "Contact lost 40 s ago"
    assert popup.colour is Colour.GREY


def test_an_end_says_so_with_its_note() -> None:
    popup = rendered(replace(RED, state=EscalationState.ENDED, note="thanks Sam"), Urgency.QUIET)
    assert popup.title == "Ana needs no more help: caller is threatening"
    assert popup.body.splitlines()[0] == "Ended: thanks Sam"
    assert "named" not in popup.body


def test_only_the_quiet_ones_are_not_critical() -> None:
    loudness = [rendered(RED, urgency).loudness for urgency in (Urgency.RING, Urgency.URGENT, Urgency.QUIET)]
    assert loudness == [Loudness.CRITICAL, Loudness.CRITICAL, Loudness.NORMAL]


def test_the_colour_is_the_level_whatever_the_urgency() -> None:
    assert rendered(RED, Urgency.QUIET).colour is Colour.RED
    assert rendered(YELLOW, Urgency.QUIET).colour is Colour.YELLOW


@pytest.mark.parametrize("label", ["ana~3f2a", "ana~3f2a (new key)"])
def test_a_new_key_is_said_once(label: str) -> None:
    member = replace(ANA, label=label, new_key=True)
    assert member_words(member) == "ana~3f2a (new key)"


def test_many_named_are_counted() -> None:
    view = replace(RED, named=("a", "b", "c", "d", "e", "f"), named_me=False)
    assert rendered(view).body.splitlines()[1] == "Named: a, b, c, d, 2 more"


def test_a_right_to_left_name_cannot_reorder_our_words() -> None:
    view = replace(RED, owner=replace(ANA, label=HEBREW), message=HEBREW)
    assert rendered(view).title == f"{FSI}{HEBREW}{PDI} needs help: {FSI}{HEBREW}{PDI}"


def test_my_own_hand_speaks_to_me_and_does_not_tell_me_where_i_am() -> None:
    popup = rendered(replace(RED, mine=True, named_me=False), Urgency.QUIET)
    assert popup.title == "You asked for help: caller is threatening"
    assert "desk 4" not in popup.body


def test_an_old_hand_tells_its_age() -> None:
    assert rendered(replace(RED, age=300_000)).body.splitlines()[-1] == "Raised 5 min ago"


@pytest.mark.parametrize(
    ("ms", "words"),
    [(-5, "0 s"), (40_999, "40 s"), (119_000, "119 s"), (120_000, "2 min"), (7_200_000, "2 h"), (172_800_000, "2 d")],
)
def test_durations_use_the_largest_unit_that_says_enough(ms: int, words: str) -> None:
    assert ago(ms) == words


def test_the_tag_is_the_hand() -> None:
    assert rendered().tag == RED.id


# --- Who is coming ---------------------------------------------------------------------------------
SAM, ZOE = (replace(ANA, id=MemberId(name.encode() * 8), name=name, label=name, me=False) for name in ("Sam", "Zoe"))
ME = replace(ANA, id=MemberId(b"m" * 16), name="Max", label="Max", me=True)
MINE = replace(RED, mine=True, named_me=False, owner=ME)


def claimed(view: EscalationView, *members: MemberView, counts: bool = True) -> EscalationView:
    return replace(view, claims=tuple(ClaimView(member, 1_000, counts) for member in members))


@pytest.mark.parametrize(
    ("members", "title"),
    [
        ((SAM,), "Sam is coming to Ana: caller is threatening"),
        ((ME,), "You are coming to Ana: caller is threatening"),
        ((SAM, ZOE), "Sam and Zoe are coming to Ana: caller is threatening"),
        ((SAM, ME), "You and Sam are coming to Ana: caller is threatening"),
        ((SAM, ZOE, ME), "You, Sam and Zoe are coming to Ana: caller is threatening"),
    ],
)
def test_a_claim_turns_the_title_into_who_is_coming(members: tuple[MemberView, ...], title: str) -> None:
    popup = rendered(claimed(RED, *members), Urgency.QUIET)
    assert (popup.title, popup.colour) == (title, Colour.GREEN)


def test_many_who_are_coming_are_counted() -> None:
    crowd = [replace(SAM, id=MemberId(bytes([n]) * 16), label=f"m{n}") for n in range(6)]
    assert rendered(claimed(RED, *crowd)).title.startswith("m0, m1, m2, m3 and 2 more are coming")


def test_a_claim_that_does_not_count_changes_neither_words_nor_colour() -> None:
    popup = rendered(claimed(RED, SAM, counts=False))
    assert (popup.title, popup.colour) == ("Ana needs help: caller is threatening", Colour.RED)


def test_a_claimant_of_a_new_key_is_said_to_have_one() -> None:
    assert "(new key)" in rendered(claimed(RED, replace(SAM, new_key=True))).title


def test_the_newest_lines_of_the_thread_come_first_in_the_body() -> None:
    thread = tuple(LineView(who, 0, text) for who, text in ((SAM, "one"), (ME, "two"), (ZOE, HEBREW)))
    lines = rendered(replace(RED, thread=thread)).body.splitlines()
    assert lines[:2] == ["You: two", f"Zoe: {FSI}{HEBREW}{PDI}"]


# --- The owner's own -------------------------------------------------------------------------------
def test_my_own_tells_me_loudly_in_words_that_nobody_was_shown_it() -> None:
    body = rendered(replace(MINE, reach=Reach(named=3))).body
    assert body.splitlines()[0] == "SHOWN TO NOBODY it is for; nobody is coming yet"


def test_my_own_tells_me_how_many_were_shown_it() -> None:
    body = rendered(replace(MINE, reach=Reach(named=3, shown=2), age=61_000)).body
    assert body.splitlines() == ["Shown to 2 of 3; nobody is coming yet", "Raised 61 s ago"]


def test_my_own_tells_me_who_is_coming_and_no_more_that_nobody_is() -> None:
    popup = rendered(claimed(MINE, SAM), Urgency.QUIET)
    assert popup.title == "Sam is coming: caller is threatening"
    assert "nobody" not in popup.body


def test_my_own_yellow_promises_no_receipts() -> None:
    assert rendered(replace(YELLOW, mine=True)).body == "Seen by whoever looks; nobody is coming yet"


@pytest.mark.parametrize(("left", "warned"), [(599_000, True), (601_000, False)])
def test_my_own_warns_of_its_end_by_itself(left: int, *, warned: bool) -> None:
    body = rendered(replace(MINE, age=MINE.max_age - left)).body
    assert ("It ends by itself in 9 min" in body) is warned


# --- Buttons ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("view", "presses"),
    [
        (RED, [Press.APPROACH, Press.CHAT]),
        (replace(RED, named_me=False), [Press.APPROACH, Press.CHAT]),
        (YELLOW, [Press.APPROACH, Press.CHAT]),
        (replace(RED, state=EscalationState.LOST), [Press.APPROACH, Press.CHAT]),
        (claimed(RED, SAM), [Press.APPROACH, Press.CHAT]),
        (claimed(RED, ME), [Press.WITHDRAW, Press.CHAT]),
        (claimed(RED, ME, counts=False), [Press.WITHDRAW, Press.CHAT]),
        (MINE, [Press.CHAT, Press.END]),
        (replace(RED, state=EscalationState.ENDED), []),
        (replace(MINE, state=EscalationState.ENDED), []),
    ],
    ids=["named", "not named", "yellow", "lost", "claimed", "mine to withdraw", "lapsed", "own", "ended", "own ended"],
)
def test_every_popup_has_the_buttons_of_what_can_be_done_about_it(view: EscalationView, presses: list[Press]) -> None:
    buttons = rendered(view).buttons
    assert [press for press, _ in buttons] == presses
    assert all(words for _, words in buttons)
