"""One multicast question now and then, so that those who never met, or moved while cut off, find one another.

A browser asks four times when it is new and never again; after a heal nothing would tell either side of the other.
"""

import random
from typing import Final

from zeroconf import (  # type: ignore[attr-defined]  # it offers them, but not in its list of exports
    DNSOutgoing,
    DNSPointer,
    DNSQuestion,
    Zeroconf,
    current_time_millis,
)

from escalate_daemon.discovery.advert import SERVICE

KNOWN_MAX: Final = 120  # instances: their names fill three packets; on a larger LAN only new browsers ask
_LEFT_OUT: Final = 1  # of those known: it answers anew, and so tells where it is now
_QUERY: Final = 0  # flags of a question (RFC 6762, 18)
_POINTER: Final = 12  # record type PTR
_INTERNET: Final = 1  # record class


def ask(zeroconf: Zeroconf) -> None:
    """Ask who offers our service. Those named as known keep silent (RFC 6762, 7.1), so that few answer."""
    now = current_time_millis()
    cached = zeroconf.cache.async_all_by_details(SERVICE, _POINTER, _INTERNET)
    known = [each for each in cached if isinstance(each, DNSPointer) and not each.is_stale(now)]
    if len(known) > KNOWN_MAX:
        return
    question = DNSOutgoing(_QUERY)
    question.add_question(DNSQuestion(SERVICE, _POINTER, _INTERNET))
    for record in random.sample(known, max(0, len(known) - _LEFT_OUT)):
        question.add_answer_at_time(record, now)
    zeroconf.async_send(question)
