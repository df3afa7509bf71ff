"""The LAN of namespaces does what the other tests here order from it: else they would prove nothing."""

import subprocess
import sys

import pytest

from support.namespaces import namespaces_of_this_run
from support.netns import Cut, Lan, Port

pytestmark = pytest.mark.lan

LISTEN = """
import socket, struct
heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
heard.setsockopt(socket.SOL_SOCKET, 33, 1 << 24)  # SO_RCVBUFFORCE: a burst may wait here
heard.bind(("", 9753))
group = struct.pack("4sl", socket.inet_aton("239.1.2.3"), 0)
heard.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group)
print("ready", flush=True)
count = 0
while heard.recv(9) != b"end":
    count += 1
print(count)
"""
SAY = """
import socket, sys
said = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
said.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
for _ in range(int(sys.argv[1])):
    said.sendto(sys.argv[2].encode(), ("239.1.2.3", 9753))
"""


def say(port: Port, times: int, word: str) -> None:
    """Multicast a word from one host."""
    subprocess.run([*port.prefix, sys.executable, "-c", SAY, str(times), word], check=True)


def listen(port: Port) -> subprocess.Popen[str]:
    """Count multicast words at one host until the word `end`."""
    argv = [*port.prefix, sys.executable, "-c", LISTEN]
    listener = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
    assert listener.stdout is not None
    assert listener.stdout.readline() == "ready\n"
    return listener


def counted(listener: subprocess.Popen[str]) -> int:
    """What the listener has heard, once it has ended."""
    out, _ = listener.communicate(timeout=20)
    return int(out)


@pytest.mark.parametrize("how", list(Cut))
def test_a_cut_host_hears_nothing_until_it_is_healed(how: Cut) -> None:
    with Lan("ana", "ben") as lan:
        listener = listen(lan.ports["ben"])
        lan.cut("ben", how)
        say(lan.ports["ana"], 20, "lost")
        lan.heal("ben")
        say(lan.ports["ana"], 7, "heard")
        say(lan.ports["ana"], 1, "end")
        assert counted(listener) == 7


def test_loss_is_as_ordered() -> None:
    with Lan("ana", "ben") as lan:
        listener = listen(lan.ports["ben"])
        lan.lose(20)
        say(lan.ports["ana"], 2000, "x")
        lan.lose(0)
        say(lan.ports["ana"], 1, "end")
        assert 1480 <= counted(listener) <= 1720


def test_nothing_is_left_of_a_lan_and_its_processes() -> None:
    before = set(namespaces_of_this_run())
    with Lan("ana", "ben") as lan:
        listener = listen(lan.ports["ben"])
        assert len(set(namespaces_of_this_run()) - before) == 3
    assert listener.wait(10) != 0
    assert set(namespaces_of_this_run()) == before
    assert listener.stdout is not None
    listener.stdout.close()
