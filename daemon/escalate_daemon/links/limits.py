"""The numbers of links that the core has no part in, with unit and reason."""

from typing import Final

UNFINISHED_MAX: Final = 8  # accepted connections without a judged hello, in all
UNFINISHED_PER_ADDRESS: Final = 2  # of them from one address, of visits too; loopback exempt: many daemons share it
UNFINISHED_S: Final = 5.0  # to finish TLS and say hello
UNFINISHED_BYTES: Final = 16 * 1024  # heard before the hello is judged: a chain of 16 takes under 4 KiB
DOOR_VISITS_MAX: Final = 8  # at once; each has proven an invite's code, or is a member that asks to be dialled back
DOOR_ANSWER_S: Final = 5.0  # the use is synced to disk first
STALL_S: Final = 15.0  # nothing drains for this long: the peer is gone or frozen
STALL_CHECKS: Final = 5  # looks in STALL_S
NOTSENT_LOWAT: Final = 16 * 1024  # unsent bytes in the kernel: urgent frames cannot overtake those
CLOSE_S: Final = 1.0  # to send what is queued when a link is closed, and for the peer to hang up
BACKLOG: Final = 128  # connections the kernel holds for us
# Of TCP's payload: what fits the smallest packet that IPv6 allows (1,280 B). Tunnels and jumbo frames swallow larger
# ones without a word, and a link over such a path would pass pings but no table. A LAN loses 15 % more headers by it.
SEGMENT_BYTES: Final = 1220
