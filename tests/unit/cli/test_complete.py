"""What a TAB offers, and that it stays silent, quick and light whatever is wrong."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from escalate_cli import complete
from escalate_cli.completing import offers
from escalate_cli.verbs import VERBS
from escalate_daemon import paths
from escalate_daemon.ipc import protocol
from support.crowd_to_name import DISK, MESSAGES, ROOM, SAM, TICK, script
from support.objects import SPACE, member
from support.scripted import Script, serving
from support.source import ROOT

from .conftest import Run

ALL_VERBS = dict.fromkeys(("start", "toggle", "chat", "approach", "room", "run", "mute", "history", "status"), "")
MEMBERS = [SAM, "Ben", "Åsa Öberg", TICK, 'Dr "Who"', "eve@desk", "eve~3f2a", "yes!", "~tilde"]
GROUPS = ["@desk", "@leads", "@night shift", "@team"]
RECIPIENTS = [*MEMBERS, *GROUPS, "@everyone", "@here", f"@room:{ROOM}"]


RUNGS = [complete.rung(each) for each in RECIPIENTS]


@pytest.fixture(autouse=True)
def every_verb(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(complete, "VERBS", VERBS | ALL_VERBS)


@pytest.fixture
def crowd(where: paths.Paths, monkeypatch: pytest.MonkeyPatch) -> Script:
    """What the scripted daemon was asked, within the test that uses it."""
    crowd = script()
    monkeypatch.setattr(offers, "_PATIENCE_S", 60.0)  # a busy machine
    return crowd


def offered(*words: str) -> list[str]:
    return [offer.value for offer in complete.offered(words[:-1], words[-1])]


@contextmanager
def answering(path: Path, answer: bytes | None) -> Iterator[None]:
    """Whoever comes to `path` gets these bytes and is hung up on; None: nothing, while the block lasts."""
    with socket.socket(socket.AF_UNIX) as door:
        door.bind(str(path))
        door.listen()

        def serve() -> None:
            with door.accept()[0] as line:
                line.recv(4096)
                if answer is None:
                    line.recv(1)  # until the other side hangs up
                else:
                    line.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield
        thread.join(60)


def with_daemon(where: paths.Paths, crowd: Script, *words: str) -> list[str]:
    with serving(where.socket, crowd):
        return offered(*words)


# --- Without a daemon ------------------------------------------------------------------------------
def test_every_verb_is_offered_with_its_help() -> None:
    assert set(VERBS) <= set(offered(""))
    assert offers.Offer("end", VERBS["end"]) in complete.offered((), "")


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("-",), ["-h", "--help", "--version"]),
        (("nonsense", ""), []),
        (("completion", ""), ["bash", "zsh", "fish", "powershell"]),
        (("completion", "bash", ""), ["--help"]),
        (("group", ""), ["list", "join", "leave"]),
        (("config", "set", "me.name", ""), ["--help", "--json", "--quiet"]),
        (("end", "-"), ["-h", "--help", "-m", "--message", "--json", "-q", "--quiet"]),
        (("end", "-q", "-"), ["-h", "--help", "-m", "--message", "--json"]),
        (("end", "-m", ""), []),
        (("end", "-m", "--json", ""), ["--help", "--json", "--quiet"]),
        (("start", "--wait", ""), ["shown", "seen", "claim", "claim=5m", "shown=30s", "seen=5m"]),
        (("start", "--for", ""), [*offers.FIXED["duration"]]),
        (
            (
                "start",
                "--for=",
            ),
            [f"--for={each}" for each in offers.FIXED["duration"]],
        ),
        (("run", "--for", "5m", "make", ""), []),
        (("run", "--", ""), []),
        (("status", ""), ["available", "busy", "away"]),
    ],
)
def test_what_needs_no_daemon_is_offered_without(words: tuple[str, ...], values: list[str], home: Path) -> None:
    assert offered(*words) == values
    assert not (home / "run" / "daemon.sock").exists()


# --- With one --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("start", "-n", ""), RECIPIENTS),
        (("start", "-qn", ""), RECIPIENTS),
        (
            (
                "toggle",
                "--notify=@te",
            ),
            [f"--notify={each}" for each in RECIPIENTS],
        ),
        (
            (
                "start",
                "-nBe",
            ),
            [f"-n{each}" for each in RECIPIENTS],
        ),
        (("start", "-m", ""), MESSAGES),
        (("start", "-m", DISK, "-n", ""), RECIPIENTS),
        (("start", "-r", "2", "-n", ""), RECIPIENTS),
        (("start", "-r", "x"), ["1", "2", "3", "4", "5"]),
        (("who", ""), ["ana", *MEMBERS, *GROUPS]),
        (("mute", ""), [*MEMBERS, *GROUPS, "all", f"@room:{ROOM}"]),
        (("mute", "--for", "1h", "al"), [*MEMBERS, *GROUPS, "all", f"@room:{ROOM}"]),
        (("show", ""), ["ana", SAM]),
        (("approach", ""), [SAM]),
        (("chat", ""), ["ana", SAM]),
        (("chat", SAM, "x"), []),
        (("room", ""), [ROOM]),
        (("group", "join", ""), ["leads", "night shift", "team"]),
        (("group", "leave", ""), ["desk"]),
        (("trust", ""), MEMBERS),
        (("invite", "revoke", ""), ["k3y9"]),
        (("start", "--then", "2m @le"), ["2m @leads"]),
        (("start", "--then", "2m @leads @ni"), ["2m @leads @night\\ shift"]),
        (("start", "--then", "2m @leads @le"), []),
        (("start", "--then", "2m 'Sam"), ["2m 'Sam O'\\''Neil'"]),
        (("start", "--then", "2m B"), ["2m Ben"]),
        (("start", "--then", "90s"), [f"90s {each}" for each in RUNGS]),
        (("start", "--then", ""), [f"{time} {each}" for time in ("2m", "5m") for each in RUNGS if each[0] == "@"]),
    ],
)
def test_what_the_daemon_knows_is_offered(
    words: tuple[str, ...], values: list[str], where: paths.Paths, crowd: Script
) -> None:
    assert with_daemon(where, crowd, *words) == values


def test_one_request_is_asked_for_one_tab(where: paths.Paths, crowd: Script) -> None:
    with_daemon(where, crowd, "start", "-n", "")
    assert crowd.asked == [protocol.WhoRequest()]


def test_who_can_be_reached_comes_first_and_is_described(where: paths.Paths, crowd: Script) -> None:
    members = [member("gone", presence="lost"), member("here")]
    crowd.answers[protocol.WhoRequest] = protocol.WhoReply(space=SPACE, members=members, other_spaces=0)
    with serving(where.socket, crowd):
        found = complete.offered(("trust",), "")
    assert found == [offers.Offer("here", "available, desk"), offers.Offer("gone", "lost, desk")]


@pytest.mark.parametrize("name", ["a\x1b[31m", "a\nb", "a\tb", "a\u202eb"])
def test_a_name_that_could_harm_a_terminal_is_left_out(name: str, where: paths.Paths, crowd: Script) -> None:
    members = [member(name), member("Ben")]
    crowd.answers[protocol.WhoRequest] = protocol.WhoReply(space=SPACE, members=members, other_spaces=0)
    assert with_daemon(where, crowd, "trust", "") == ["Ben"]


def test_aliases_of_the_settings_are_offered_as_words_for_others(where: paths.Paths, crowd: Script) -> None:
    where.config_file.write_text('[aliases]\nboss = "Ben"\n"the leads" = ["@leads", "Ben"]\n', encoding="utf-8")
    with serving(where.socket, crowd):
        found = complete.offered(("start", "-n"), "")
    assert found[-2:] == [offers.Offer("boss", "Ben"), offers.Offer("the leads", "@leads, Ben")]


@pytest.mark.parametrize("content", ["aliases = 3", "[aliases", "", "[aliases]\nboss = 3"])
def test_settings_that_cannot_be_read_leave_all_else_on_offer(content: str, where: paths.Paths, crowd: Script) -> None:
    where.config_file.write_text(content, encoding="utf-8")
    assert with_daemon(where, crowd, "start", "-n", "")[: len(RECIPIENTS)] == RECIPIENTS


def test_nobody_in_the_space_is_nothing_to_offer(where: paths.Paths, crowd: Script) -> None:
    crowd.answers[protocol.WhoRequest] = protocol.WhoReply(space=None, members=[], other_spaces=0)
    assert with_daemon(where, crowd, "start", "-n", "") == []


# --- Each shell's way ------------------------------------------------------------------------------
def said(capfdbinary: pytest.CaptureFixture[bytes], *args: str) -> list[str]:
    assert complete.main(args) == 0
    captured = capfdbinary.readouterr()
    assert captured.err == b""
    return captured.out.decode().splitlines()


def test_bash_counts_characters_and_bash_3_bytes(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    line = "escalate end -m \u00e9 --q --json"
    cut = line.index(" --json")
    assert said(capfdbinary, "bash", "5.2", line, str(cut), "--q") == ["--quiet"]
    assert said(capfdbinary, "bash", "3.2", line, str(cut + 1), "--q") == ["--quiet"]


def test_bash_gets_only_what_begins_as_typed(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert said(capfdbinary, "bash", "5.2", "escalate completion z", "21", "z") == ["zsh"]
    assert said(capfdbinary, "bash", "5.2", "A=1 escalate completion Z", "25", "Z") == ["zsh"]
    assert said(capfdbinary, "bash", "5.2", "escalate completion x", "21", "x") == []
    assert said(capfdbinary, "bash", "5.2", "escalat", "7", "escalat") == []


def test_zsh_and_fish_get_all_with_notes_as_they_choose_and_quote_themselves(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    for shell in ("zsh", "fish"):
        assert said(capfdbinary, shell, "z", "completion") == ["bash\t", "zsh\t", "fish\t", "powershell\t"]
        assert f"end\t{VERBS['end']}" in said(capfdbinary, shell, "")


def test_powershell_gets_text_listing_and_tip(
    where: paths.Paths, crowd: Script, capfdbinary: pytest.CaptureFixture[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ESCALATE_COMPLETE", "'@ni\nstart\n-m\n'it''s'\n-n")
    with serving(where.socket, crowd):
        assert said(capfdbinary, "powershell") == ["'@night shift'\t@night shift\t1 member"]


# --- When something is wrong -----------------------------------------------------------------------
ASKS = ("zsh", "", "start", "-n")


def test_nothing_is_said_where_no_daemon_runs_and_none_is_started(
    home: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert complete.main(ASKS) == 1
    assert capfdbinary.readouterr() == (b"", b"")
    assert not list(home.rglob("daemon.*"))


@pytest.mark.parametrize(
    "args", [(), ("ksh",), ("bash",), ("bash", "x", "escalate ", "9", ""), ("bash", "5.2", "escalate ", "x", "")]
)
def test_nothing_is_said_to_a_wrong_call(args: tuple[str, ...], capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    assert complete.main(args) == 1
    assert capfdbinary.readouterr() == (b"", b"")


@pytest.mark.parametrize(
    "answer", [b"", b"not json\n", b"[1]\n", b'{"members": 3}\n', b'{"members": [[], 1]}\n', b"x" * 99]
)
def test_nothing_is_offered_where_the_answer_is_none(
    answer: bytes, where: paths.Paths, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    with answering(where.socket, answer):
        complete.main(ASKS)
    assert capfdbinary.readouterr() == (b"", b"")


def test_a_daemon_that_hangs_is_given_up_on(
    where: paths.Paths, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(offers, "_PATIENCE_S", 0.05)
    with answering(where.socket, None):
        assert complete.main(ASKS) == 1
    assert capfdbinary.readouterr() == (b"", b"")


HEAVY = ("typer", "click", "msgspec", "asyncio", "platformdirs", "escalate_daemon.ipc.protocol", "escalate_cli.app")


def test_a_tab_loads_the_standard_library_alone(where: paths.Paths, crowd: Script) -> None:
    script = (
        "import sys; sys.argv = ['escalate', '__complete', 'zsh', '', 'start', '-n']\n"
        "from escalate_cli.__main__ import main\n"
        f"assert main() == 0; print([name for name in {HEAVY} if name in sys.modules])"
    )
    with serving(where.socket, crowd):
        done = subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT, timeout=60
        )
    assert done.stdout.splitlines()[-1] == "[]"
    assert crowd.asked == [protocol.WhoRequest()]


# --- The verb --------------------------------------------------------------------------------------
@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_the_script_of_the_tree_is_printed(shell: str, run: Run) -> None:
    name = "escalate.ps1" if shell == "powershell" else f"escalate.{shell}"
    ran = run("completion", shell)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == (ROOT / "completions" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("words", [(), ("ksh",)])
def test_no_shell_or_another_is_wrong_usage_and_names_the_choices(words: tuple[str, ...], run: Run) -> None:
    ran = run("completion", *words)
    assert (ran.code, ran.out) == (2, "")
    assert all(shell in ran.err for shell in ("bash", "zsh", "fish", "powershell"))
    assert "\\" not in ran.err
