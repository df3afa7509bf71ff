"""Gathers facts on the network: interfaces, members within reach of multicast, what those asked have said."""

from collections.abc import Sequence
from contextlib import suppress
from ipaddress import ip_address, ip_interface

import ifaddr

from escalate_daemon.core.views import MemberView
from escalate_daemon.daemon import Daemon
from escalate_daemon.discovery.echo import Echo
from escalate_daemon.doctor.dialback import Answer
from escalate_daemon.doctor.network import Asked, InterfaceFacts, MulticastFacts, PortFacts
from escalate_daemon.links.address import AddressError, parse_address


def interfaces() -> InterfaceFacts:
    """Every interface that has an address beyond its own loopback, the best of its addresses first."""
    found: dict[str, str] = {}
    for adapter in ifaddr.get_adapters():
        for each in sorted(adapter.ips, key=lambda one: not one.is_IPv4):
            text = each.ip if isinstance(each.ip, str) else each.ip[0].partition("%")[0]
            if not ip_address(text).is_loopback:
                found.setdefault(adapter.name, text)
    return InterfaceFacts(tuple(found.items()))


def port(daemon: Daemon, answers: Sequence[Answer]) -> PortFacts:
    """Where it listens, and what those said who tried to come in."""
    session = daemon.session
    asked = tuple(Asked(each.label, _verdict(each)) for each in answers)
    if session is None:
        return PortFacts(0, 0)
    return PortFacts(session.port, session.links, daemon.warned("links"), asked)


def near_and_far(daemon: Daemon) -> tuple[list[MemberView], list[MemberView]]:
    """The others online: those in a network of this machine, where multicast reaches, and the rest."""
    online = [] if daemon.session is None else [each for each in daemon.session.others() if each.online]
    networks = []
    for adapter in ifaddr.get_adapters():
        for each in adapter.ips:
            text = each.ip if isinstance(each.ip, str) else each.ip[0].partition("%")[0]
            with suppress(ValueError):
                networks.append(ip_interface(f"{text}/{each.network_prefix}").network)

    def is_near(member: MemberView) -> bool:
        return any(ip_address(host) in network for host in hosts_of(member) for network in networks)

    near = [each for each in online if is_near(each)]
    return near, [each for each in online if each not in near]


def multicast(
    daemon: Daemon, echo: Echo | None, near: Sequence[MemberView], far: Sequence[MemberView]
) -> MulticastFacts:
    """What was heard, against who is online."""
    problem = "" if daemon.session is None else daemon.session.discovery.problem or ""
    heard = echo.from_ if echo is not None else frozenset[str]()
    return MulticastFacts(
        problem=problem or (echo.problem if echo is not None else ""),
        own_heard=None if echo is None else echo.own,
        heard=tuple(each.label for each in near if hosts_of(each) & heard),
        unnamed=len([each for each in heard if ip_address(each).is_link_local]),
        near=tuple(each.label for each in near),
        far=tuple(each.label for each in far),
    )


def hosts_of(member: MemberView) -> frozenset[str]:
    """The IP addresses of a member's profile."""
    found = set()
    for address in member.addresses:
        with suppress(AddressError, ValueError):
            found.add(str(ip_address(parse_address(address).host)))
    return frozenset(found)


def _verdict(answer: Answer) -> str:
    told = answer.told
    return told.verdict if told is not None and told.verdict not in {"busy", "unknown"} else ""
