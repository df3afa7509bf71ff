"""Judges the network: interfaces, whether others can dial in, what multicast lets through."""

from dataclasses import dataclass
from typing import Final

from escalate_daemon.doctor.check import broken, parted, said, well
from escalate_daemon.ipc.protocol import Check

_ALLOW_MDNS: Final = "let multicast DNS (UDP 5353) in: ufw allow 5353/udp, or firewall-cmd --add-service=mdns"
_SHARE_MDNS: Final = (
    "see which: ss -ulpn 'sport = :5353'; have it share the port (avahi: disallow-other-stacks=no in "
    "/etc/avahi/avahi-daemon.conf) or end it; or name a peer here: escalate config set daemon.peers HOST:PORT"
)
_NAME_PEERS: Final = "or name a peer here: escalate config set daemon.peers HOST:PORT"


@dataclass(frozen=True, slots=True)
class InterfaceFacts:
    """(interface, address) of all but loopback; `link_local` ones only where there is nothing better."""

    addresses: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One peer that was asked to dial back. `verdict`: reachable, refused, timed-out, unreachable; "": no answer."""

    label: str
    verdict: str


@dataclass(frozen=True, slots=True)
class PortFacts:
    """`port` 0: nothing listens. `warning`: what the links said when they began to listen."""

    port: int
    links: int
    warning: str = ""
    asked: tuple[Asked, ...] = ()


@dataclass(frozen=True, slots=True)
class MulticastFacts:
    """`problem`: why it cannot be listened to. `own_heard` None: not tried. Labels of members online on this network.

    `near` are those in the subnets of this machine: nobody else can be heard by multicast.
    """

    problem: str
    own_heard: bool | None
    heard: tuple[str, ...] = ()
    unnamed: int = 0  # heard besides, at link-local addresses that tell nobody's name
    near: tuple[str, ...] = ()
    far: tuple[str, ...] = ()


def judge_interfaces(facts: InterfaceFacts) -> Check:
    """Whether there is a network at all."""
    name = "interfaces"
    if not facts.addresses:
        return broken(
            name,
            "no network interface but the loopback has an address",
            "connect the network cable or the Wi-Fi; ip addr shows what there is",
        )
    return well(name, said([f"{interface} {address}" for interface, address in facts.addresses]))


def judge_port(facts: PortFacts) -> Check:
    """Whether others can dial this machine, by the word of those who tried."""
    name = "port"
    if not facts.port:
        found, mend = parted(facts.warning, "escalate daemon restart; or escalate config set daemon.port 0")
        return broken(name, found or "nothing listens, so nobody can dial this machine", mend)
    answers = [each for each in facts.asked if each.verdict]
    reached = [each.label for each in answers if each.verdict == "reachable"]
    where = f"TCP {facts.port}"
    if reached:
        advice = parted(facts.warning, "")[1] or "restart the daemon once it is free" if facts.warning else ""
        note = f"; {parted(facts.warning, '')[0]}" if facts.warning else ""
        return well(name, f"{where}: {said(reached)} dialled back{note}", advice)
    if not answers:
        why = "nobody to ask" if not facts.asked else f"{said([each.label for each in facts.asked])} could not be asked"
        return well(name, f"{where} listens; {why} whether others get in ({facts.links} links stand)")
    tried = said([f"{each.label} tried: {_WORDS.get(each.verdict, each.verdict)}" for each in answers])
    return broken(name, f"{where}: others cannot dial this machine ({tried})", _let_in(facts.port))


_WORDS: Final = {
    "refused": "refused",
    "timed-out": "no answer, timed out",
    "unreachable": "no way to this machine",
}


def _let_in(port: int) -> str:
    return (
        f"a firewall here or on the way keeps TCP {port} out; let it in: ufw allow {port}/tcp, "
        f"or firewall-cmd --add-port={port}/tcp; a fixed port: escalate config set daemon.port {port}"
    )


def judge_multicast(facts: MulticastFacts) -> Check:
    """Whether what this machine says by multicast DNS can be heard, by itself to begin with."""
    name = "multicast"
    if facts.problem:
        found, _ = parted(facts.problem, "")
        return broken(name, found, _SHARE_MDNS if "5353" in found else f"see the interfaces check; {_NAME_PEERS}")
    if facts.own_heard is None:
        return well(name, "not tried: there is no network to try it on")
    if not facts.own_heard:
        return broken(name, "what this machine says by multicast DNS does not come back to it", _ALLOW_MDNS)
    return well(name, "what this machine says by multicast DNS is heard")


def judge_peers(facts: MulticastFacts) -> Check:
    """Members who are linked by address and not heard by multicast: the network keeps its hosts apart."""
    name = "peers"
    if not facts.near:
        far = f"; {said(facts.far)} in other networks, where multicast does not reach" if facts.far else ""
        return well(name, f"no member is online on this network{far}")
    if facts.problem or not facts.own_heard:
        return well(name, f"{said(facts.near)} linked by address alone: see multicast")
    if not facts.heard and facts.unnamed:
        return well(name, f"{facts.unnamed} heard by multicast DNS over IPv6")
    if not facts.heard:
        return broken(
            name,
            f"{said(facts.near)} linked by address, and nobody heard by multicast DNS: newcomers find nobody",
            "the network drops multicast between its hosts: switch off client isolation or let UDP 5353 to "
            f"224.0.0.251 pass on the access point or switch, and in the others' firewalls; {_NAME_PEERS}",
        )
    silent = [label for label in facts.near if label not in facts.heard]
    note = f"; not heard: {said(silent)}" if silent else ""
    return well(name, f"{said(facts.heard)} heard by multicast DNS{note}")
