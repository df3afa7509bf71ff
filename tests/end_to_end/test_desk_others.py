"""One desk on which players and servers of other kinds come and go, and terminals stand in for them."""

import os
import select
import shutil
import stat
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from escalate_daemon.ipc.protocol import DaemonReply, EscalationReply, InviteReply, Receipt, SpaceReply
from support import running
from support.asking import Asking
from support.desk import TOOLS, Desk
from support.machine import LOG_ONLY, Machine, Machines
from support.need import need_tools
from support.screen import Pixel, Screen
from support.waiting import Stopwatch, until

pytestmark = pytest.mark.end_to_end
RED: Pixel = (204, 18, 18)
ENOUGH = 200  # pixels of an icon
HANGING = "#!/bin/sh\nexec /bin/sleep 600\n"
DUNSTRC = """
[urgency_critical]
frame_color = "#0000aa"
background = "#222222"
foreground = "#ffffff"
"""


class Terminal:
    """One that takes messages."""

    def __init__(self) -> None:
        self._master, self._slave = os.openpty()
        os.chmod(os.ttyname(self._slave), 0o620)  # noqa: PTH101  mesg y
        self._screen = b""

    def lines_of(self, title: str) -> int:
        """How many lines on its screen tell of it."""
        while select.select([self._master], [], [], 0)[0]:
            self._screen += os.read(self._master, 65536)
        return self._screen.decode("utf-8", "replace").count(f"{title} \u00b7")

    def close(self) -> None:
        os.close(self._master)
        os.close(self._slave)


@dataclass
class Two:
    """Ana, who raises, and ben, with a folder of players, a terminal, and a server that comes and goes."""

    ana: Machine
    ben: Machine
    desk: Desk
    players: Path
    terminal: Terminal

    def raised(self, message: str) -> str:
        """Ana names ben in a red."""
        self.ana.run("end").must(0)
        hand = self.ana.ask(EscalationReply, "start", "-m", message, "-n", "ben").escalation
        assert hand is not None
        return hand.id

    def receipt(self, hand: str) -> Receipt:
        found = self.ana.sees(hand)
        assert found is not None
        return found.receipts[0]

    def hears(self) -> str:
        return next(each.hears for each in self.ana.members() if each.name == "ben")

    def notifier(self) -> str | None:
        return self.ben.ask(DaemonReply, "daemon", "status").notifier


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    need_tools(*TOOLS)
    with ExitStack() as stack:
        machines = stack.enter_context(Machines())
        desk = stack.enter_context(Desk(machines.folder))
        terminal = Terminal()
        stack.callback(terminal.close)
        players = machines.folder / "players"
        players.mkdir()
        ana = machines.add("ana", env=LOG_ONLY)
        ben = machines.add("ben", env={**desk.env, "PATH": str(players)})
        ana.ask(SpaceReply, "up", "Floor", "--new")
        port = ana.ask(DaemonReply, "daemon", "status").port
        ben.ask(SpaceReply, "join", ana.ask(InviteReply, "invite").code, f"127.0.0.1:{port}")
        until(lambda: ana.online() == ben.online() == {"ana", "ben"}, "both see each other")
        yield Two(ana, ben, desk, players, terminal)


@pytest.fixture(autouse=True)
def asking(two: Two) -> Iterator[Asking]:
    """All the while ben's local API is asked, and must be quick."""
    with Asking(two.ben) as made:
        yield made
    made.must_be_quick()


def test_a_player_that_is_missing_or_hangs_has_not_sounded_and_one_that_comes_is_used(two: Two) -> None:
    paplay = two.players / "paplay"
    hand = two.raised("no player")
    until(lambda: two.receipt(hand).shown_at, "it is shown")
    until(lambda: two.hears() == "popup", "ana sees that ben hears no sound")
    paplay.write_text(HANGING, encoding="utf-8")
    paplay.chmod(stat.S_IRWXU)
    hung = two.raised("a player that hangs")
    until(lambda: two.receipt(hung).shown_at, "it is shown")
    until(lambda: "killed after" in two.ben.run("daemon", "logs").out, "the player is given up on")
    assert two.receipt(hung).sounded_at is None
    assert two.hears() == "popup"
    paplay.unlink()
    paplay.symlink_to(shutil.which("paplay") or "")
    heard = two.raised("a player that plays")
    until(lambda: two.receipt(heard).sounded_at, "it sounded")
    until(two.desk.heard_tone, "the loudspeaker too")
    until(lambda: two.hears() == "sound", "ana sees that ben hears again")


def test_terminals_stand_in_for_a_server_that_is_gone_until_one_of_another_kind_comes(two: Two) -> None:
    need_tools("dunst", "Xvfb")
    with ExitStack() as stack:
        screen = stack.enter_context(Screen(two.desk.folder))
        before = two.raised("up before")
        until(lambda: two.receipt(before).shown_at, "it is shown")
        assert two.notifier() == "freedesktop"
        two.desk.server.kill()
        until(lambda: two.terminal.lines_of("up before"), "a terminal tells what the dead server held")
        until(lambda: two.notifier() == "terminal", "terminals are taken")
        assert "no notification server" in two.ben.run("daemon", "logs").must(0).out, "and the log says why"
        later = two.raised("raised without a server")
        until(lambda: two.receipt(later).shown_at, "a terminal line counts")
        assert screen.count_near(RED) == 0

        config = two.desk.folder / "dunstrc"
        config.write_text(DUNSTRC, encoding="utf-8")
        env = {**screen.env, "DBUS_SESSION_BUS_ADDRESS": two.desk.bus.address}
        dunst = running.start(["dunst", "-conf", str(config)], two.desk.folder / "dunst.out", env)
        stack.callback(running.end, dunst)
        two.desk.until_served()
        back = Stopwatch()
        until(lambda: screen.count_near(RED) > ENOUGH, "dunst shows it")
        assert back.seconds() < 5, "drawing it took most of that"
        until(lambda: two.notifier() == "freedesktop", "the server is taken again")
        assert two.terminal.lines_of("raised without a server") == 1
        two.ana.run("end").must(0)
        until(lambda: screen.count_near(RED) == 0, "it is taken down there")
