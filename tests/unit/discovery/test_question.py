"""The question between two browses: which of the known it names, so that they keep silent."""

import pytest
from zeroconf import DNSCache, DNSOutgoing, DNSPointer, Zeroconf  # type: ignore[attr-defined]

from escalate_daemon.discovery.advert import SERVICE
from escalate_daemon.discovery.question import KNOWN_MAX, ask

TRUNCATED = 0x02  # in a packet's third byte: more of the known follow (RFC 6762, 7.2)


class Wire(Zeroconf):
    """A zeroconf without sockets: what it knows, and what it was to send."""

    def __init__(self, known: int) -> None:
        self.cache = DNSCache()
        names = [f"{number:016x}.{SERVICE}" for number in range(known)]
        self.cache.async_add_records([DNSPointer(SERVICE, 12, 1, 1200, name) for name in names])
        self.sent: list[DNSOutgoing] = []

    def async_send(self, out: DNSOutgoing, *_: object, **__: object) -> None:
        self.sent.append(out)


@pytest.mark.parametrize(("known", "named"), [(0, 0), (1, 0), (2, 1), (12, 11), (KNOWN_MAX, KNOWN_MAX - 1)])
def test_all_known_but_one_are_named_so_that_few_answer(known: int, named: int) -> None:
    wire = Wire(known)
    ask(wire)
    (question,) = wire.sent
    assert [each.name for each in question.questions] == [SERVICE]
    assert len(question.answers) == named


def test_a_question_on_a_full_lan_is_three_packets_each_but_the_last_announcing_another() -> None:
    wire = Wire(KNOWN_MAX)
    ask(wire)
    packets = wire.sent[0].packets()
    assert [bool(packet[2] & TRUNCATED) for packet in packets] == [True, True, False]


def test_where_the_known_do_not_fit_a_packet_nothing_is_asked() -> None:
    wire = Wire(KNOWN_MAX + 1)
    ask(wire)
    assert wire.sent == []
