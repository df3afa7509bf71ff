"""Doctor names real faults, each alone and with its mend, and finds nothing wrong with a healthy host."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from escalate_daemon.ipc.protocol import Check, DaemonReply, DoctorReply, InviteReply, SpaceReply, StatusReply, WhoReply
from escalate_daemon.notify.tone import HIGH_HZ, LOW_HZ
from support.desk import TOOLS
from support.machine import LOG_ONLY, Machine, Machines
from support.mounts import SmallDisk, why_unavailable
from support.need import need, need_tools
from support.netns import Lan
from support.popups import Popups
from support.private_bus import PrivateBus
from support.sound_sink import SoundSink
from support.waiting import until

pytestmark = pytest.mark.lan
PLAYERS = ("paplay", "pw-play", "aplay")
OLDER = "import escalate_daemon\nescalate_daemon.__version__ = '0.0.1'\n"


@dataclass
class Ward:
    """Ana, who is examined, on a small disk and with a whole desk; ben of her space; eve of another."""

    lan: Lan
    disk: SmallDisk
    bus: PrivateBus
    server: Popups
    speaker: SoundSink
    ana: Machine
    ben: Machine
    eve: Machine

    def join(self) -> None:
        """Ana and ben in one space, eve in her own."""
        self.ana.ask(SpaceReply, "up", "Ward", "--new")
        self.eve.ask(SpaceReply, "up", "Elsewhere", "--new")
        port = self.ana.ask(DaemonReply, "daemon", "status").port
        code = self.ana.ask(InviteReply, "invite").code
        self.ben.ask(SpaceReply, "join", code, f"{self.lan.ports['ana'].address}:{port}")

    def settle(self) -> None:
        """Both online in each other's eyes, and ana's desk whole in her daemon's."""
        until(lambda: online(self.ana) == online(self.ben) == {"ana", "ben"}, "ana and ben see each other")
        until(lambda: hears(self.ana) == "sound", "ana's desk is whole")

    def examine(self, *options: str, exits: int = 1) -> DoctorReply:
        """What doctor says on ana's machine."""
        return self.ana.ask(DoctorReply, "doctor", *options, exits=(exits,))


def online(machine: Machine) -> set[str]:
    return {each.name for each in machine.ask(WhoReply, "who").members if each.online}


def hears(machine: Machine) -> str | None:
    me = machine.ask(StatusReply, "status").me
    return None if me is None else me.hears


def broken(reply: DoctorReply) -> dict[str, Check]:
    """The broken checks by name; each has a cause and a mend."""
    found = {each.name: each for each in reply.checks if not each.ok}
    assert all(each.found and each.mend for each in found.values())
    assert reply.ok is not bool(found)
    return found


@pytest.fixture(scope="module")
def whole() -> Iterator[Ward]:
    need_tools(*TOOLS, "pactl", "nsenter")
    need(why_unavailable())
    with ExitStack() as stack:
        lan = stack.enter_context(Lan("ana", "ben", "eve"))
        machines = stack.enter_context(Machines())
        home, desk = machines.folder / "disk", machines.folder / "desk"
        desk.mkdir(mode=0o700)
        disk = stack.enter_context(SmallDisk(home, "40m"))
        bus = stack.enter_context(PrivateBus(desk))
        server = stack.enter_context(Popups(bus.address, desk, "--markup"))
        speaker = stack.enter_context(SoundSink(desk))
        env = {"DBUS_SESSION_BUS_ADDRESS": bus.address, **speaker.env}
        ana = machines.add("ana", (*disk.prefix, *lan.ports["ana"].prefix), home / "e", env=env)
        ben = machines.add("ben", lan.ports["ben"].prefix, env=LOG_ONLY)
        eve = machines.add("eve", lan.ports["eve"].prefix, env=LOG_ONLY)
        ward = Ward(lan, disk, bus, server, speaker, ana, ben, eve)
        ward.join()
        yield ward


@pytest.fixture
def ward(whole: Ward) -> Ward:
    whole.settle()
    return whole


@contextmanager
def restarted(machine: Machine, **env: str) -> Iterator[None]:
    """The machine's daemon runs in another environment within the block."""
    machine.run("daemon", "restart", **env).must()
    try:
        yield
    finally:
        machine.run("daemon", "restart").must()


def test_healthy_host_has_nothing_wrong_and_its_test_is_seen_and_heard(ward: Ward) -> None:
    since = ward.speaker.position()
    reply = ward.examine("--test", exits=0)
    assert broken(reply) == {}
    found = {each.name: each.found for each in reply.checks}
    assert list(found) == [
        *("daemon", "config", "store", "space", "identity", "versions", "interfaces", "port", "multicast", "peers"),
        *("neighbours", "bus", "notifier", "player", "sound", "clock", "test-popup", "test-sound"),
    ]
    assert "ben dialled back" in found["port"]
    assert "ben heard" in found["peers"]
    assert any("TEST" in each.title for each in ward.server.up())
    until(lambda: ward.speaker.heard(LOW_HZ, since) and ward.speaker.heard(HIGH_HZ, since), "the tone is heard")


def test_multicast_that_the_network_drops_is_named(ward: Ward) -> None:
    ward.lan.silence_multicast()
    try:
        found = broken(ward.examine())
    finally:
        ward.lan.heal_all()
    assert set(found) == {"peers"}
    assert "client isolation" in (found["peers"].mend or "")


def test_inbound_port_that_a_firewall_drops_is_named(ward: Ward) -> None:
    port = ward.ana.ask(DaemonReply, "daemon", "status").port
    ward.lan.firewall("ana")
    try:
        found = broken(ward.examine())
    finally:
        ward.lan.heal_all()
    assert set(found) == {"port"}
    assert "ben tried: no answer, timed out" in found["port"].found
    assert f"ufw allow {port}/tcp" in (found["port"].mend or "")


def test_dead_bus_is_named(ward: Ward) -> None:
    ward.server.stop()
    ward.bus.stop()
    try:
        found = broken(ward.examine())
    finally:
        ward.bus.start()
        ward.server.start()
    assert set(found) == {"bus", "notifier"}
    assert "log in" in (found["bus"].mend or "")


def test_hung_notification_server_is_named(ward: Ward) -> None:
    os.kill(ward.server.pid, signal.SIGSTOP)
    try:
        found = broken(ward.examine())
    finally:
        os.kill(ward.server.pid, signal.SIGCONT)
    assert set(found) == {"notifier"}
    assert "hangs" in found["notifier"].found
    assert "restart the notification server" in (found["notifier"].mend or "")


def test_missing_player_is_named(ward: Ward, tmp_path: Path) -> None:
    """The daemon's PATH leads to every program but the players."""
    for folder in ("/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"):
        for program in Path(folder).glob("*"):
            link = tmp_path / program.name
            if program.name not in PLAYERS and not link.is_symlink():
                link.symlink_to(program)
    with restarted(ward.ana, PATH=str(tmp_path)):
        until(lambda: online(ward.ana) == {"ana", "ben"}, "ana is back")
        found = broken(ward.examine())
    assert set(found) == {"player"}
    assert "paplay" in (found["player"].mend or "")


def test_missing_sound_server_is_named(ward: Ward) -> None:
    with restarted(ward.ana, PULSE_SERVER="unix:/nonexistent/sound"):
        until(lambda: online(ward.ana) == {"ana", "ben"}, "ana is back")
        found = broken(ward.examine())
        assert hears(ward.ana) == "popup"
    assert set(found) == {"sound"}
    assert "no sound server" in found["sound"].found
    assert "systemctl --user" in (found["sound"].mend or "")


def test_muted_loudspeaker_is_named(ward: Ward) -> None:
    def mute(word: str) -> None:
        argv = ["pactl", "set-sink-mute", "desk", word]
        subprocess.run(argv, env={**os.environ, **ward.speaker.env}, check=True, capture_output=True)

    mute("1")
    try:
        found = broken(ward.examine())
    finally:
        mute("0")
    assert set(found) == {"sound"}
    assert "set-sink-mute" in (found["sound"].mend or "")


def test_other_space_near_is_named_where_nobody_of_mine_is(ward: Ward) -> None:
    ward.ben.run("daemon", "stop").must()
    try:
        until(lambda: online(ward.ana) == {"ana"}, "ben is lost")
        until(lambda: ward.ana.ask(WhoReply, "who").other_spaces, "eve is seen")
        found = broken(ward.examine())
    finally:
        ward.ben.run("daemon", "start").must()
    assert set(found) == {"neighbours"}
    assert "escalate invite" in (found["neighbours"].mend or "")


def test_version_skew_is_named(ward: Ward, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(OLDER, encoding="utf-8")
    searched = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    with restarted(ward.ben, PYTHONPATH=searched):
        until(lambda: online(ward.ana) == {"ana", "ben"}, "ben is back")
        until(lambda: {each.version for each in ward.ana.ask(WhoReply, "who").members} > {"0.0.1"}, "as another")
        found = broken(ward.examine())
    assert set(found) == {"versions"}
    assert "ben runs 0.0.1" in found["versions"].found
    assert (found["versions"].mend or "").endswith(": ben")


def test_full_disk_is_named(ward: Ward) -> None:
    ward.disk.fill()
    try:
        found = broken(ward.examine())
    finally:
        ward.disk.free()
    assert set(found) == {"store"}
    assert "free some space" in (found["store"].mend or "")


def test_removed_socket_is_named_and_made_anew(ward: Ward) -> None:
    status = ward.ana.ask(DaemonReply, "daemon", "status")
    subprocess.run([*ward.disk.prefix, "rm", status.socket], check=True)
    reply = ward.ana.run("doctor", "--json").must(0, 1).read(DoctorReply)
    told = [each for each in reply.checks if status.socket in each.found and "vanished" in each.found]
    assert told, reply
    assert "loginctl" in (told[0].mend or "")
    assert set(broken(reply)) <= {"socket"}
    assert ward.ana.ask(DaemonReply, "daemon", "status").pid == status.pid
