"""`escalate demo`: three members on this one machine, over the real links; each step is checked, then told.

Exit 0 only if a red was really raised, shown, heard of by its owner, ended, and gone everywhere; else 1.
"""

import os
import signal
import sys
import time
from functools import partial
from types import FrameType
from typing import Final, NoReturn

from escalate_daemon.ipc import protocol
from escalate_daemon.ipc.endpoint import EndpointError
from escalate_daemon.paths import PathsError
from escalate_daemon.stage import Missed, Player, Watching, stage, until

MESSAGE: Final = "caller is threatening"
GROUP: Final = "team"
TOLD_S: Final = 10.0  # for what takes milliseconds; a busy machine may be slow
SOUNDED_S: Final = 4.0  # the tone lasts 1.2 s
INTERRUPTED: Final = 130

_COLOURS: Final = {"red": "31;1", "green": "32", "blue": "36;1", "dim": "2", "bold": "1"}


def run() -> int:
    """Play it; the exit code."""
    told = Teller(colours=sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb")
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _run(told)
    except BrokenPipeError:
        # Whoever read has gone; keep the interpreter from complaining about it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(told: "Teller") -> int:
    began = time.monotonic()
    try:
        told.title("Three members on this one machine, each with a daemon of its own: ana, ben, sam")
        with stage("ana", "ben", "sam") as (ana, ben, sam):
            _meet(told, ana, ben, sam)
            _escalate(told, ana, ben, sam)
    except (Missed, PathsError, EndpointError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        told.failed(str(error))
        return 1
    except KeyboardInterrupt:
        told.line("interrupted; everything is cleaned up", "dim")
        return INTERRUPTED
    told.title(f"All of it really happened, in {time.monotonic() - began:.1f} s. On your own machines:")
    told.line("    escalate up                        here", "bold")
    told.line("    escalate invite                    prints what to run on a colleague's machine", "bold")
    told.line('    escalate start -m "need help" -n @everyone', "bold")
    return 0


def _meet(told: "Teller", ana: Player, ben: Player, sam: Player) -> None:
    """One space, joined by invite."""
    told.step("ana makes a space, and invites ben and sam")
    made = ana.ask(protocol.UpRequest(name="Demo floor", new=True), protocol.SpaceReply)
    port = ana.ask(protocol.DaemonStatusRequest(), protocol.DaemonReply).port
    if made.space is None or port is None:
        raise Missed("ana's daemon has no space, or no port to be reached at")
    told.says("ana", "escalate up 'Demo floor'", f"space {made.space.name}")
    for guest in (ben, sam):
        code = ana.ask(protocol.InviteRequest(), protocol.InviteReply).code
        # By host, not by multicast: the demo has to work where there is none.
        joined = guest.ask(protocol.JoinRequest(code=code, host=f"127.0.0.1:{port}"), protocol.SpaceReply)
        if joined.space != made.space:
            raise Missed(f"{guest.name} joined another space")
        told.says(guest.name, f"escalate join {code[:14]}...", "in")
    ben.ask(protocol.GroupRequest(action="join", name=GROUP), protocol.GroupReply)
    told.says("ben", f"escalate group join {GROUP}", f"wears @{GROUP}")
    for player in (ana, ben, sam):
        until(partial(_knows_all, player), f"{player.name} sees all three online, and ben in @{GROUP}", TOLD_S)
        told.popups(player, hush=True)
    told.good("all three see one another, over TLS links")


def _knows_all(player: Player) -> bool:
    members = player.ask(protocol.WhoRequest(), protocol.WhoReply).members
    in_group = any(each.name == "ben" and GROUP in each.groups for each in members)
    return in_group and sum(each.online for each in members) == 3


def _escalate(told: "Teller", ana: Player, ben: Player, sam: Player) -> None:
    """The red, from raised to gone."""
    streams = [Watching(ben), Watching(sam)]
    for stream in streams:
        stream.until_ready()
    told.step(f"ana needs help: a red for @{GROUP}")
    began = time.monotonic()
    request = protocol.StartRequest(message=MESSAGE, named=[f"@{GROUP}"])
    raised = ana.ask(request, protocol.EscalationReply).escalation
    if raised is None or raised.level != "red":
        raise Missed("nothing red was raised")
    told.says("ana", f'escalate start -m "{MESSAGE}" -n @{GROUP}', f"raised, id {raised.id}")
    for stream in streams:
        stream.until("raised", raised.id, TOLD_S)
    told.good(f"on both other machines {1000 * (time.monotonic() - began):.0f} ms after the command")
    for player in (ben, sam):
        until(partial(told.popups, player), f"a pop-up on {player.name}'s screen", TOLD_S)
    _receipts(told, ana, ben, raised.id)
    _listed(told, sam, raised.id)
    _end(told, (ana, ben, sam), streams, raised.id)


def _receipts(told: "Teller", ana: Player, ben: Player, hand: str) -> None:
    """What the owner is told: delivered, shown, and sounded where this machine has sound."""

    def receipt() -> protocol.Receipt | None:
        shown = ana.ask(protocol.ShowRequest(who=hand), protocol.EscalationReply).escalation
        found = [] if shown is None else [each for each in shown.receipts if each.member.name == "ben"]
        return found[0] if found and found[0].shown_at is not None else None

    def sounded() -> bool:
        now = receipt()
        return now is not None and now.sounded_at is not None

    told.step("ana is told who was reached")
    got = until(receipt, "ana hears that ben's screen showed it", TOLD_S)
    told.good(f"ben: delivered {_clock(got.delivered_at)}, shown {_clock(got.shown_at)}")
    player = ben.ask(protocol.DaemonStatusRequest(), protocol.DaemonReply).player
    try:
        if player is None:
            raise Missed("there is no player")
        until(sounded, "sounded", SOUNDED_S)
        told.good(f"ben: sounded (by {player}); sam, who is not named, got it quietly")
    except Missed:
        why = "no sound player was found" if player is None else f"{player} found no sound server"
        told.line(f"  no sound could be played on this machine ({why}), so no receipt says that it was", "dim")


def _listed(told: "Teller", sam: Player, hand: str) -> None:
    told.step("sam looks")
    found = [each for each in sam.ask(protocol.ListRequest(), protocol.ListReply).escalations if each.id == hand]
    if not found or found[0].message != MESSAGE or found[0].state != "active":
        raise Missed("sam's list does not show it as active")
    one = found[0]
    told.says("sam", "escalate list", f"{one.owner.label}  {one.level}  {one.message}  for {', '.join(one.named)}")


def _end(told: "Teller", players: tuple[Player, ...], streams: list[Watching], hand: str) -> None:
    told.step("ana ends it")
    began = time.monotonic()
    ended = players[0].ask(protocol.EndRequest(), protocol.EscalationReply).escalation
    if ended is None or ended.id != hand or ended.state != "ended":
        raise Missed("ana's escalation did not end")
    told.says("ana", "escalate end", "ended")
    for stream in streams:
        stream.until("ended", hand, TOLD_S)
        stream.close()
    told.good(f"ended on both other machines {1000 * (time.monotonic() - began):.0f} ms after the command")
    for player in players[1:]:
        until(partial(told.popups, player), f"the pop-up on {player.name}'s screen goes", TOLD_S)
    for player in players:
        if player.ask(protocol.ListRequest(), protocol.ListReply).escalations:
            raise Missed(f"{player.name} still lists something")
    told.good("gone everywhere")


class Teller:
    """Writes the story on standard output as it happens."""

    def __init__(self, *, colours: bool) -> None:
        self._colours = colours

    def line(self, text: str, colour: str = "") -> None:
        """One line, at once."""
        if colour and self._colours:
            text = f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"
        sys.stdout.write(text + "\n")
        sys.stdout.flush()

    def title(self, text: str) -> None:
        """The first and the last of it."""
        self.line(("" if text.startswith("Three") else "\n") + text, "bold")

    def step(self, text: str) -> None:
        """What comes now."""
        self.line(f"\n{text}", "blue")

    def says(self, name: str, command: str, answer: str) -> None:
        """A command on a member's machine, and what came of it."""
        self.line(f"  {name}$ {command}")
        self.line(f"       {answer}", "dim")

    def popups(self, player: Player, *, hush: bool = False) -> bool:
        """What is new on a member's screen; whether there was anything. `hush`: read, and not told."""
        lines = player.new_popups()
        for line in lines if not hush else ():
            self.line(f"  {player.name}'s screen: {line}", "red" if "red]" in line else "")
        return bool(lines)

    def good(self, text: str) -> None:
        """Something that was checked."""
        self.line(f"  ok: {text}", "green")

    def failed(self, text: str) -> None:
        """What did not happen."""
        sys.stdout.flush()
        sys.stderr.write(f"escalate: the demo failed: {text}\n")


def _clock(moment: str | None) -> str:
    """The time of day in an RFC 3339 text."""
    return "-" if moment is None else moment[11:-1]


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
