"""What people mistype: refused with the reason and the mend, the right exit code, and nothing raised."""

import json
import secrets

import pytest

from escalate_daemon.ipc.protocol import InviteReply, ListReply, SpaceReply
from escalate_daemon.trust.code import write_code
from support.machine import LOG_ONLY, Done, Machine, Machines

pytestmark = pytest.mark.end_to_end


def error_of(done: Done) -> tuple[str, str]:
    """The error's code, and its message and hint as one text."""
    error = json.loads(done.err)["error"]
    assert error.keys() == {"code", "exit", "message", "hint"}
    assert error["exit"] == done.exit
    assert done.out == ""
    return error["code"], f"{error['message']} {error['hint']}"


WRONG = [
    (("start", "-m", "x" * 51), 2, "usage", ("51", "50")),
    (("start", "-m", "\u00e9" * 60), 2, "usage", ("60", "50")),
    (("start", "--for", "5x"), 2, "usage", ("5x", "5m")),
    (("start", "--for", "0s"), 2, "usage", ("0s",)),
    (("start", "--for", "900d"), 2, "usage", ("7d",)),
    (("start", "-n", "anna"), 4, "unknown-name", ("anna", "ana")),
    (("start", "-n", ""), 2, "usage", ("escalate who",)),
    (("show", "nobody-here"), 4, "unknown-name", ("nobody-here",)),
    (("trust", "nobody-here"), 4, "unknown-name", ("nobody-here",)),
    (("join", "esc1-mistyped"), 2, "usage", ("esc1-",)),
    (("join", "hello"), 2, "usage", ("esc1-",)),
    (("invite", "--for", "soon"), 2, "usage", ("soon",)),
    (("invite", "revoke", "nosuch"), 4, "unknown-name", ("nosuch",)),
    (("group", "join", "x" * 33), 2, "usage", ("32",)),
    (("up", "Elsewhere"), 7, None, ("Floor",)),
    (("config", "set", "me.nme", "ana"), 2, "usage", ("me.name",)),
    (("config", "set", "daemon.port", "99999"), 2, "usage", ("65535",)),
    (("stort",), 2, "usage", ("start",)),
    (("start", "--notfy", "ana"), 2, "usage", ("--notify",)),
]


@pytest.mark.parametrize(("argv", "code", "word", "said"), WRONG, ids=[" ".join(case[0])[:40] for case in WRONG])
def test_what_is_mistyped_is_refused_with_its_mend(
    settled: Machine, argv: tuple[str, ...], code: int, word: str | None, said: tuple[str, ...]
) -> None:
    done = settled.run(*argv, "--json").must(code)
    found, text = error_of(done)
    assert word is None or found == word
    for each in said:
        assert each in text, text
    assert settled.ask(ListReply, "list").escalations == []
    spoken = settled.run(*argv).must(code)
    assert spoken.out == ""
    assert spoken.err.strip()


def test_a_second_daemon_beside_a_running_one_is_refused(settled: Machine) -> None:
    refused = settled.run("daemon", "run").must(7)
    assert "running" in refused.err
    settled.run("daemon", "start").must(0)


def test_a_second_red_is_refused_until_replaced(settled: Machine) -> None:
    settled.run("start", "-n", "@somebody", "-m", "first").must(5)
    refused = settled.run("start", "-n", "@somebody", "-m", "second", "--json").must(7)
    assert error_of(refused)[0] == "already-active"
    assert "--replace" in refused.err
    settled.run("start", "-m", "yellow over red").must(7)
    (listed,) = settled.ask(ListReply, "list").escalations
    assert listed.message == "first"
    settled.run("start", "-n", "@somebody", "-m", "second", "--replace").must(5)
    (listed,) = settled.ask(ListReply, "list").escalations
    assert listed.message == "second"


def test_an_invite_that_nobody_answers_fails_and_names_the_host_argument(fresh: Machine) -> None:
    refused = fresh.run("join", write_code(secrets.token_bytes(16)), "--json").must(1)
    code, text = error_of(refused)
    assert code == "no-answer"
    assert "HOST" in text


def test_joining_at_a_host_where_nobody_listens_says_so(fresh: Machine) -> None:
    refused = fresh.run("join", write_code(secrets.token_bytes(16)), "127.0.0.1:9", "--json").must(1)
    code, text = error_of(refused)
    assert code == "no-answer"
    assert "127.0.0.1:9" in text


def test_a_used_invite_is_refused_and_the_same_key_may_fetch_again(settled: Machine, machines: Machines) -> None:
    code = settled.ask(InviteReply, "invite").code
    first, second = (machines.add(name, env=LOG_ONLY) for name in ("ben", "cyd"))
    first.ask(SpaceReply, "join", code)
    refused = second.run("join", code, "--json").must(8)
    assert error_of(refused)[0] == "invite-used"
    first.run("join", code).must(0)
    first.run("leave", "--forget").must(0)


@pytest.mark.parametrize("verb", [("start",), ("toggle",), ("invite",), ("group", "list"), ("space", "show")])
def test_without_a_space_what_needs_one_is_refused_and_names_up_and_join(fresh: Machine, verb: tuple[str, ...]) -> None:
    code, text = error_of(fresh.run(*verb, "--json").must(8))
    assert code == "no-space"
    assert "escalate up" in text
    assert "join" in text


def test_without_a_space_what_only_looks_succeeds_with_a_hint(fresh: Machine) -> None:
    for verb in ("list", "end", "status", "who", "leave"):
        done = fresh.run(verb).must(0)
        assert "escalate up" in done.err + done.out, verb
