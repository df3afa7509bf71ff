"""What else a person types in a day: presence, mutes, aliases, ladders, history; with three real daemons."""

import csv
import io
import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from escalate_daemon.ipc.protocol import (
    ChatRequest,
    EscalationReply,
    HistoryReply,
    MuteReply,
    RecentReply,
    StatusReply,
    WhoReply,
)
from support.floor import Floor, floor
from support.machine import Machine
from support.waiting import until

pytestmark = pytest.mark.end_to_end


@pytest.fixture(scope="module")
def joined() -> Iterator[Floor]:
    with floor("ana", "ben", "cyd") as made:
        made["cyd"].run("group", "join", "leads").must(0)
        made["ana"].run("config", "set", "aliases.boss", "@leads ben").must(0)
        made["ana"].run("daemon", "restart").must(0)
        made.until_together()
        yield made


@pytest.fixture
def three(joined: Floor) -> Floor:
    for machine in joined.all:
        machine.run("back").must(0)
        machine.run("unmute", "all").must(0)
    joined.settle()
    return joined


def presence_of(machine: Machine, name: str) -> str:
    return next(each.presence for each in machine.members() if each.name == name)


# --- Raising ---------------------------------------------------------------------------------------
def test_an_alias_rings_all_whom_it_stands_for_and_r_says_the_last_message_again(three: Floor) -> None:
    hand = three.start("ana", "-m", "paper jam", "-n", "boss")
    for name in ("ben", "cyd"):
        three.until_on_screen(name, "paper jam")
    assert three.show("ana", hand).named == ["@leads", "ben"]
    three["ana"].run("end").must(0)
    three["ana"].run("start", "-m", "other").must(0)
    three["ana"].run("end").must(0)
    assert three["ana"].ask(RecentReply, "recent").messages[:2] == ["other", "paper jam"]
    again = three.start("ana", "-r", "2", "-n", "BOSS")
    assert three.show("ana", again).message == "paper jam"
    three["ana"].run("end").must(0)
    newest = three.start("ana", "-r")
    assert three.show("ana", newest).message == "paper jam"


def test_a_ladder_names_whom_it_is_for_next_if_nobody_comes_and_nobody_else_if_somebody_does(three: Floor) -> None:
    hand = three.start("ana", "-m", "help", "-n", "ben", "--then", "2s @leads")
    three.until_sees("cyd", hand)
    assert three.show("cyd", hand).reach.named == 1
    until(lambda: three.show("ana", hand).reach.named == 2, "the ladder names cyd too")
    (step,) = three.show("ana", hand).ladder
    assert (step.after_s, step.named, step.fired) == (2.0, ["@leads"], True)
    until(lambda: three.show("ana", hand).reach.shown == 2, "cyd is rung")
    three["ana"].run("end").must(0)
    claimed = three.start("ana", "-m", "again", "-n", "ben", "--then", "3s @leads")
    three.until_sees("ben", claimed)
    three["ben"].run("approach", claimed).must(0)
    until(lambda: three.show("cyd", claimed).claims, "cyd knows that ben comes")
    until(lambda: three.show("cyd", claimed).age_s > 3.5, "the step's time is over")
    assert [step.fired for step in three.show("cyd", claimed).ladder] == [False]


def test_a_toggle_raises_and_ends_and_says_so_on_the_screen(three: Floor) -> None:
    raised = three["ana"].ask(EscalationReply, "toggle", "-m", "at the door", "-n", "ben").escalation
    assert raised is not None
    three.until_on_screen("ben", "at the door")
    until(lambda: three.screen("ana"), "the pop-up that confirms it")
    ended = three["ana"].ask(EscalationReply, "toggle", "-m", "ignored").escalation
    assert ended is not None
    assert (ended.id, ended.state) == (raised.id, "ended")
    three.until_over("ben")


# --- Presence --------------------------------------------------------------------------------------
def test_a_room_ends_mine_is_shown_to_all_and_is_called_by_its_name(three: Floor) -> None:
    mine = three.start("ben", "-m", "mine")
    three.until_sees("ana", mine)
    said = three["ben"].run("room", "Blue Room").must(0)
    assert "has ended" in said.err
    until(lambda: three.show("ana", mine).end_reason == "room", "ana knows why it ended")
    three["cyd"].run("room", "blue room").must(0)
    until(lambda: presence_of(three["ana"], "cyd") == presence_of(three["ana"], "ben") == "room", "both are in it")
    assert "in room Blue Room" in three["ana"].run("who").must(0).out
    hand = three.start("ana", "-m", "projector", "-n", "@room:Blue Room")
    assert three.show("ana", hand).reach.named == 2
    three["ben"].run("room", "--leave").must(0)
    until(lambda: presence_of(three["ana"], "ben") == "available", "ben is out of it")
    assert three.show("ana", hand).reach.named == 2  # who answered for it stays named


def test_away_and_busy_and_back_are_seen_and_here_means_who_is_available(three: Floor) -> None:
    mine = three.start("ben", "-m", "mine")
    three["ben"].run("away").must(0)
    three["cyd"].run("status", "busy").must(0)
    until(lambda: [presence_of(three["ana"], name) for name in ("ben", "cyd")] == ["away", "busy"], "ana knows")
    assert three.show("ana", mine).end_reason == "away"
    hand = three.start("ana", "-m", "anybody", "-n", "@here", exits=(5,))
    assert three.show("ana", hand).reach.named == 0
    three["ana"].run("end").must(0)
    three["ben"].run("back").must(0)
    three["cyd"].run("status", "available").must(0)
    until(lambda: {presence_of(three["ana"], name) for name in ("ben", "cyd")} == {"available"}, "both are back")
    three["ben"].run("away").must(0)
    three["ben"].run("start", "-m", "I need one").must(0)
    assert presence_of(three["ben"], "ben") == "available"


# --- Not to be disturbed ---------------------------------------------------------------------------
def test_one_who_mutes_is_told_nothing_and_the_owner_why_until_it_is_unmuted(three: Floor) -> None:
    ana, ben = three["ana"], three["ben"]
    assert [mute.who for mute in ben.ask(MuteReply, "mute", "ana", "--for", "1h").muted] == ["ana"]
    hand = three.start("ana", "-m", "first", "-n", "ben")
    until(lambda: [each.why for each in three.show("ana", hand).receipts] == ["muted"], "ana is told that ben mutes")
    assert three.show("ana", hand).reach.shown == 0
    assert not any("first" in line for line in three.screen("ben"))
    assert three.show("cyd", hand).receipts[0].member.name == "ben"
    ana.run("end").must(0)
    ben.run("daemon", "restart").must(0)
    three.until_together()
    assert [mute.who for mute in ben.ask(MuteReply, "mute", "--list").muted] == ["ana"], "it outlives the daemon"
    other = three.start("cyd", "-m", "not muted", "-n", "ben")
    three.until_on_screen("ben", "not muted")
    three["cyd"].run("end").must(0)
    assert ben.ask(MuteReply, "unmute", "ana").muted == []
    again = three.start("ana", "-m", "second", "-n", "ben")
    three.until_on_screen("ben", "second")
    until(lambda: three.show("ana", again).reach.shown == 1, "ana is told that it was shown")
    assert other != again


def test_quiet_hours_of_the_settings_keep_rings_out_and_say_so(three: Floor) -> None:
    ben, now = three["ben"], datetime.now()
    hours = f"{now - timedelta(hours=1):%H:%M}-{now + timedelta(hours=1):%H:%M}"
    ben.run("config", "set", "quiet.hours", hours).must(0)
    ben.run("config", "set", "quiet.allow", "cyd").must(0)
    ben.run("daemon", "restart").must(0)
    three.until_together()
    hand = three.start("ana", "-m", "quietly", "-n", "ben")
    until(lambda: [each.why for each in three.show("ana", hand).receipts] == ["muted"], "ana is told")
    three.start("cyd", "-m", "allowed", "-n", "ben")
    three.until_on_screen("ben", "allowed")
    assert not any("quietly" in line for line in three.screen("ben"))
    assert "quiet hour" in ben.run("mute", "--list").must(0).err
    ben.run("config", "set", "quiet.hours", "").must(0)
    ben.run("daemon", "restart").must(0)
    three.until_together()


def test_seen_is_told_to_the_owner_once_and_needs_no_pop_up(three: Floor) -> None:
    hand = three.start("ana", "-m", "look", "-n", "ben")
    three.until_on_screen("ben", "look")
    three["ben"].run("seen").must(0)
    until(lambda: three.show("ana", hand).reach.seen == 1, "ana is told that ben saw it")
    three["ben"].run("seen", "ana").must(0)
    assert three.show("ana", hand).reach.seen == 1


# --- Threads ---------------------------------------------------------------------------------------
def test_the_owner_and_the_others_speak_in_one_thread_in_their_order(three: Floor) -> None:
    hand = three.start("ana", "-m", "help", "-n", "ben")
    for name, words in (("ben", "where?"), ("ana", "row B"), ("cyd", "I am near")):
        three.until_sees(name, hand)
        three[name].run("chat", "ana", words).must(0)
        until(lambda words=words: words in [x.text for x in three.show("ana", hand).thread], f"{words} came")  # type: ignore[misc]
    for name in three.machines:
        until(lambda name=name: len(three.show(name, hand).thread) == 3, f"{name} has all of it")  # type: ignore[misc]
        assert [line.member.name for line in three.show(name, hand).thread] == ["ben", "ana", "cyd"]


def test_a_chat_line_is_bounded_in_characters_and_bytes_and_my_newest_20_are_kept(three: Floor) -> None:
    ana, ben = three["ana"], three["ben"]
    hand = three.start("ana", "-m", "help", "-n", "ben")
    three.until_sees("ben", hand)
    assert "281" in ben.run("chat", hand, "x" * 281).must(2).err
    assert "604" in ben.run("chat", hand, "\U0001f600" * 151).must(2).err
    ben.run("chat", hand, "x" * 280).must(0)
    ben.run("chat", hand, "\U0001f600" * 150).must(0)
    for number in range(21):
        ben.look(ChatRequest(who=hand, text=f"line {number}"))
    newest = [f"line {number}" for number in range(1, 21)]
    until(lambda: [line.text for line in three.show("ana", hand).thread] == newest, "ana has the newest 20")
    assert "3 earlier lines not kept" in ana.run("chat", hand).must(0).out
    assert "3 earlier lines not kept" in ana.run("show", hand).must(0).out


# --- What was --------------------------------------------------------------------------------------
def test_history_tells_in_json_csv_and_figures_what_was_shown_and_claimed(three: Floor) -> None:
    hand = three.start("ana", "-m", "told, later", "-n", "ben", "--wait", "shown=60s")
    three["ben"].run("approach", hand).must(0)
    until(lambda: three.show("ana", hand).claims, "ana is told of the claim")
    three["ana"].run("end", "-m", "done").must(0)
    past = three["ana"].ask(HistoryReply, "history", "--since", "1h").escalations[0]
    assert (past.id, past.note, [claim.member.name for claim in past.claims]) == (hand, "done", ["ben"])
    rows = list(csv.DictReader(io.StringIO(three["ana"].run("history", "--csv").must(0).out)))
    assert (rows[0]["id"], rows[0]["owner"], rows[0]["message"]) == (hand, "ana", "told, later")
    figures = json.loads(three["ana"].run("history", "--stats", "--json").must(0).out)["stats"]
    assert figures["red"] >= 1
    assert figures["claimed"]["median_s"] is not None
    assert "claimed" in three["ana"].run("history", "--stats").must(0).out


def test_recents_and_the_hand_outlive_the_daemon(three: Floor) -> None:
    hand = three.start("ana", "-m", "kept over a restart")
    three["ana"].run("daemon", "restart").must(0)
    assert three["ana"].ask(RecentReply, "recent").messages[0] == "kept over a restart"
    three.until_sees("ana", hand)
    status = three["ana"].ask(StatusReply, "status")
    assert [each.id for each in status.escalations] == [hand]
    (ben,) = three["ana"].ask(WhoReply, "who", "ben").members
    assert ben.name == "ben"
