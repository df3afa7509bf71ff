"""IP addresses: those of this machine that others can use, and those of a peer that can be dialled."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import ifaddr

ADDRESSES_MAX: Final = 8  # of one machine: what a profile and an instance may hold

_IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
# Tunnels come after the LAN: some of the others may be in them too, but most are nearer.
_TUNNELS: Final = ("tun", "tap", "utun", "wg", "ppp", "ipsec", "zt", "tailscale")
# Bridges of containers and virtual machines go last: every host that has them has the same addresses there.
_INNER: Final = ("docker", "br-", "veth", "virbr", "lxc", "podman", "cni", "vboxnet", "vmnet")


@dataclass(frozen=True, slots=True)
class LocalAddress:
    """One address of this machine, without scope, and the interface that has it."""

    ip: str
    index: int
    interface: str


Snapshot = frozenset[LocalAddress]


def read_addresses() -> Snapshot:
    """This machine's addresses now. Raises OSError where the system does not tell."""
    return frozenset(
        LocalAddress(
            each.ip if isinstance(each.ip, str) else each.ip[0].partition("%")[0],
            adapter.index or 0,
            adapter.name,
        )
        for adapter in ifaddr.get_adapters()
        for each in adapter.ips
    )


def only_loopback(snapshot: Snapshot) -> bool:
    """Whether this machine has no address but its own loopback."""
    return all(ipaddress.ip_address(each.ip).is_loopback for each in snapshot)


def usable(snapshot: Snapshot) -> tuple[str, ...]:
    """The addresses worth telling to others, best first, 8 at most; loopback only where nothing else is.

    Not IPv6 link-local: it means nothing without the reader's own interface.
    """
    return tuple(ip for ip in _in_order(snapshot) if not _link_local_v6(ipaddress.ip_address(ip)))[:ADDRESSES_MAX]


def advertised(snapshot: Snapshot) -> tuple[str, ...]:
    """The addresses for our own A and AAAA records: `usable`, and IPv6 link-local, which works there."""
    return _in_order(snapshot)[:ADDRESSES_MAX]


def gone(before: Snapshot, after: Snapshot) -> frozenset[str]:
    """The addresses that this machine had and has no more, on any interface."""
    return frozenset(each.ip for each in before) - {each.ip for each in after}


def moved(before: Snapshot, after: Snapshot) -> bool:
    """Whether an address is on another interface now (plugged in anew): group memberships are gone then."""
    left = {each.ip for each in before - after}
    return any(each.ip in left for each in after)


def dialable(hosts: Iterable[str], port: int | None, *, loopback: bool) -> tuple[str, ...]:
    """A peer's claimed IP addresses as HOST:PORT, 8 at most; drops what cannot or must not be dialled."""
    if port is None or not 0 < port < 65536:
        return ()
    kept: dict[str, None] = {}
    for host in hosts:
        ip = _parsed(host)
        if ip is not None and _dialable(ip) and (loopback or not ip.is_loopback):
            kept[host_port(str(ip), port)] = None
        if len(kept) == ADDRESSES_MAX:
            break
    return tuple(kept)


def host_port(host: str, port: int) -> str:
    """HOST:PORT, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class Damper:
    """Says when to believe a change of addresses: seen in two looks, or the first network after none."""

    def __init__(self) -> None:
        self.settled: Snapshot | None = None
        self._candidate: Snapshot | None = None

    @property
    def unsettled(self) -> bool:
        """Whether the last look differed and waits for a second one."""
        return self._candidate is not None

    def observe(self, snapshot: Snapshot) -> bool:
        """Take in one look; True where `settled` has become another."""
        if snapshot == self.settled:
            self._candidate = None
            return False
        gained = self.settled is None or (only_loopback(self.settled) and not only_loopback(snapshot))
        if not gained and snapshot != self._candidate:
            self._candidate = snapshot
            return False
        self.settled, self._candidate = snapshot, None
        return True


def _parsed(host: str) -> _IPAddress | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _link_local_v6(ip: _IPAddress) -> bool:
    return ip.version == 6 and ip.is_link_local


def _dialable(ip: _IPAddress) -> bool:
    """Whether one machine can be dialled at it."""
    if ip.is_multicast or ip.is_unspecified:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.ipv4_mapped is None and (not ip.is_link_local or ip.scope_id is not None)
    return not ip.is_reserved and ip.packed[0] != 0


def _in_order(snapshot: Snapshot) -> tuple[str, ...]:
    """Distinct dialable addresses, best first, in an order that does not depend on the system's."""
    loopback = only_loopback(snapshot)

    def rank(each: LocalAddress) -> tuple[int, int, bytes]:
        ip = ipaddress.ip_address(each.ip)
        return (
            2 if each.interface.startswith(_INNER) else 1 if each.interface.startswith(_TUNNELS) else 0,
            2 if _link_local_v6(ip) else 1 if ip.version == 6 or ip.is_link_local else 0,
            ip.packed,
        )

    kept: dict[str, None] = {}
    for each in sorted(snapshot, key=rank):
        ip = ipaddress.ip_address(each.ip)
        if not ip.is_multicast and not ip.is_unspecified and (loopback or not ip.is_loopback):
            kept[str(ip)] = None
    return tuple(kept)
