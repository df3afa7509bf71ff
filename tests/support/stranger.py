"""What a stranger on the LAN can try against a daemon's port: run as a script on the stranger's own host.

`stranger.py plain|bare-tls|other-space HOST PORT` prints one JSON object: what it was told.
`stranger.py flood HOST PORT COUNT` opens connections from all its addresses and keeps that many open until its
stdin closes; prints `ready` once all were tried, and at the end how many it tried and the bytes it was told.
"""

import contextlib
import itertools
import json
import secrets
import select
import socket
import ssl
import sys
from dataclasses import asdict, dataclass

import ifaddr

from escalate_daemon.trust.contexts import MEMBER_SNI, member_context_pair
from escalate_daemon.trust.identity import Identity

SAID = b"GET / HTTP/1.1\r\nHost: escalate\r\n\r\n" + bytes(range(256)) * 8


@dataclass
class Told:
    """What came back: application bytes, the certificate seen, and how it ended."""

    data: str = ""
    certificate: str = ""
    ended: str = ""


def plain(address: tuple[str, int]) -> Told:
    """Say something that is not TLS; then listen to the end."""
    with socket.create_connection(address, 10) as wire:
        with contextlib.suppress(OSError):
            wire.sendall(SAID)
        return Told(data=_hear(wire).hex(), ended="closed")


def over_tls(address: tuple[str, int], context: ssl.SSLContext) -> Told:
    """Handshake without looking at the other's certificate, say something, listen to the end."""
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    told = Told()
    with socket.create_connection(address, 10) as wire:
        try:
            with context.wrap_socket(wire, server_hostname=MEMBER_SNI) as tls:
                told.certificate = (tls.getpeercert(True) or b"").hex()
                tls.sendall(SAID)
                told.data = _hear(tls).hex()
                told.ended = "closed"
        except (ssl.SSLError, OSError) as error:
            told.ended = repr(error)
    return told


def _hear(wire: socket.socket) -> bytes:
    heard = b""
    wire.settimeout(15)
    while True:
        try:
            chunk = wire.recv(65536)
        except ssl.SSLError:
            return heard
        except OSError:
            return heard
        if not chunk:
            return heard
        heard += chunk


def own_addresses(towards: tuple[str, int]) -> list[str]:
    """This host's IPv4 addresses in the network of `towards`."""
    network = towards[0].rpartition(".")[0] + "."
    found = [str(ip.ip) for adapter in ifaddr.get_adapters() for ip in adapter.ips]
    return [each for each in found if each.startswith(network)]


def flood(address: tuple[str, int], count: int) -> None:
    """Open `count` connections at once, and a new one for each that is closed; count the bytes told."""
    tried = told = 0
    sources = itertools.cycle(own_addresses(address))
    wires: dict[int, socket.socket] = {}
    waiting = select.poll()
    waiting.register(sys.stdin, select.POLLIN | select.POLLHUP)

    def open_one() -> None:
        nonlocal tried
        tried += 1
        wire = socket.socket()
        wire.bind((next(sources), 0))
        wire.setblocking(False)
        wire.connect_ex(address)
        wires[wire.fileno()] = wire
        waiting.register(wire, select.POLLIN)

    for _ in range(count):
        open_one()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        for number, _ in waiting.poll():
            if number == sys.stdin.fileno():
                sys.stdout.write(f"{tried} {told}\n")
                return
            wire = wires.pop(number)
            waiting.unregister(wire)
            with contextlib.suppress(OSError):
                told += len(wire.recv(65536))
            wire.close()
            open_one()


def main() -> None:
    """Do what argv says."""
    what, host, port = sys.argv[1], sys.argv[2], int(sys.argv[3])
    if what == "flood":
        flood((host, port), int(sys.argv[4]))
        return
    if what == "plain":
        told = plain((host, port))
    elif what == "bare-tls":
        told = over_tls((host, port), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
    else:
        pair = member_context_pair(Identity.generate(), secrets.token_bytes(32), 0)
        told = over_tls((host, port), pair.client)
    sys.stdout.write(json.dumps(asdict(told)) + "\n")


if __name__ == "__main__":
    main()
