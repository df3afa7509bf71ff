"""Text that no honest daemon sends: refused where it is typed, in every field, with the character named and exit 2."""

from collections.abc import Iterator

import pytest

from escalate_daemon.ipc.protocol import DaemonReply, EscalationReply, ListReply, RecentReply, StatusReply
from support.machine import LOG_ONLY, Machine, Machines

pytestmark = pytest.mark.end_to_end

NO_UTF_8 = ("UTF-8", "U+DC")  # refused by the command itself, or by the grammar of the field
HOSTILE: dict[str, tuple[str, tuple[str, ...]]] = {
    "a terminal escape": ("\x1b[2J\x1b[31mowned", ("U+001B",)),
    "a bell": ("ding\x07dong", ("U+0007",)),
    "a bidi override": ("abc\u202egnp.exe", ("U+202E",)),
    "an open bidi isolate": ("a\u2067b", ("U+2067",)),
    "a zero-width space": ("a\u200bb", ("U+200B",)),
    "40 combining marks": ("a" + "\u0301\u0323" * 20, ("combining marks",)),
    "a private-use character": ("a\ue000b", ("U+E000",)),
    "a byte that is no UTF-8": ("a\udcffb", NO_UTF_8),
    "a lone surrogate in UTF-8": (b"a\xed\xa0\x80b".decode("utf-8", "surrogateescape"), NO_UTF_8),
}
PLACES = {
    "the message": ("start", "-m", "{}"),
    "the message of a toggle": ("toggle", "-m", "{}"),
    "the message of a run": ("run", "-q", "-m", "{}", "--", "false"),
    "the note of an end": ("end", "-m", "{}"),
    "a chat line": ("chat", "-m", "{}"),
    "a group": ("group", "join", "{}"),
    "a room": ("room", "{}"),
    "whom to ring": ("start", "-n", "@{}"),
    "whom to ring next": ("start", "-n", "@team", "--then", "2m '@{}'"),
    "my name": ("config", "set", "me.name", "{}"),
    "my location": ("config", "set", "me.location", "{}"),
    "my phone": ("config", "set", "me.phone", "{}"),
    "my URL": ("config", "set", "me.url", "https://{}/"),
    "an alias": ("config", "set", "aliases.{}", "@team"),
}
WORST = ("a terminal escape", "a bidi override", "40 combining marks", "a lone surrogate in UTF-8")
IN_ANSWER_TO = {"the note of an end", "a chat line"}
BY_ITS_GRAMMAR = {"my phone": "phone number", "my URL": "URL"}  # which holds few characters anyway


@pytest.fixture(scope="module")
def person() -> Iterator[Machine]:
    """A machine in a space."""
    with Machines() as machines:
        machine = machines.add("ana", env=LOG_ONLY)
        machine.run("up", "Floor", "--new").must(0)
        yield machine


def typed(place: str, text: str) -> tuple[str, ...]:
    """The command with this text in this place."""
    return tuple(word.replace("{}", text) for word in PLACES[place])


def standing(machine: Machine) -> tuple[object, ...]:
    """All that a refused command might have changed."""
    status = machine.ask(StatusReply, "status")
    settings = machine.run("config", "show", "--json").must(0).out
    hands = [(each.id, each.message, each.thread, each.note) for each in status.escalations]
    return status.me, settings, hands, machine.ask(RecentReply, "recent").messages


@pytest.mark.parametrize("place", PLACES)
def test_hostile_text_is_refused_where_it_is_typed_and_changes_nothing(person: Machine, place: str) -> None:
    person.run("end").must(0)
    if place in IN_ANSWER_TO:
        person.run("start", "-m", "mine").must(5)
    before = standing(person)
    for what in HOSTILE if place == "the message" else WORST:  # one rule judges all of them everywhere
        text, named = HOSTILE[what]
        refused = person.run(*typed(place, text)).must(125 if PLACES[place][0] == "run" else 2)
        assert refused.out == "", what
        wanted = (*named, BY_ITS_GRAMMAR.get(place, named[0]))
        assert any(word in refused.err for word in wanted), f"{what}: {refused.err}"
        assert refused.err.replace("\n", "").isprintable(), refused.err
        assert "U+" not in refused.err or text not in refused.err
    assert standing(person) == before


MARKUP = "<b>$(id)</b> `id` ${HOME}; rm -rf * && \"'%s\\"


def test_markup_and_shell_metacharacters_are_text_like_any_other_to_the_letter(person: Machine) -> None:
    person.run("end").must(0)
    person.run("start", "-m", MARKUP).must(5)
    (listed,) = person.ask(ListReply, "list").escalations
    assert listed.message == MARKUP
    assert MARKUP in person.run("list").must(0).out
    person.run("chat", "-m", MARKUP).must(0)
    shown = person.ask(EscalationReply, "show").escalation
    assert shown is not None
    assert [line.text for line in shown.thread] == [MARKUP]


@pytest.mark.parametrize("breaks", ["one\ntwo", "one\r\ntwo", "one\u2028two", "one\ttwo"])
def test_line_breaks_become_spaces_in_what_is_said_and_are_refused_in_names(person: Machine, breaks: str) -> None:
    person.run("end").must(0)
    person.run("start", "-m", breaks).must(5)
    (listed,) = person.ask(ListReply, "list").escalations
    assert listed.message == "one two"
    for verb in (("group", "join"), ("room",), ("config", "set", "me.name")):
        refused = person.run(*verb, breaks).must(2)
        assert "one line" in refused.err, refused.err


def test_hostile_text_on_standard_input_and_in_the_environment_is_refused_too(person: Machine) -> None:
    person.run("end").must(0)
    for text, named in HOSTILE.values():
        if named is not NO_UTF_8:  # the test's own pipe speaks UTF-8
            piped = person.run("start", "-m", "-", given=text).must(2)
            assert any(word in piped.err for word in named)
        refused = person.run("start", ESCALATE_MESSAGE=text).must(2)
        assert any(word in refused.err for word in named), refused.err
    assert person.ask(ListReply, "list").escalations == []


def test_a_name_in_the_environment_that_cannot_be_sent_is_said_and_stops_nothing(machines: Machines) -> None:
    machine = machines.add("ana", env={**LOG_ONLY, "ESCALATE_NAME": "ana\x1b[31m\u202e"})
    machine.run("up", "Floor", "--new").must(0)
    status = machine.ask(StatusReply, "status")
    assert status.me is not None
    assert status.me.name.isprintable()
    assert machine.run("start", "-m", "help").must(5).err.replace("\n", "").isprintable()
    assert machine.ask(DaemonReply, "daemon", "status").running
