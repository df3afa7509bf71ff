"""Every number of the core, with its unit and its reason. Nothing here changes while a daemon runs."""

from typing import Final

SECOND: Final = 1_000  # ms; the core's `now` counts integer milliseconds, time asleep included
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

# --- Text (code points after NFC, and UTF-8 bytes) -------------------------------------------------
MESSAGE_POINTS: Final = 50  # the product's own limit: readable in one glance
MESSAGE_BYTES: Final = 200  # 50 code points of 4 bytes
NAME_POINTS: Final = 32  # names, groups, rooms: fit a pop-up's title and a table's column
NAME_BYTES: Final = 64
PLACE_BYTES: Final = 256  # location and URL
HOST_BYTES: Final = 253  # a DNS name's own limit
PHONE_BYTES: Final = 64
MAX_COMBINING: Final = 4  # combining marks in a row; more only smears the screen

# --- Slots (bytes on the wire: envelope and body) --------------------------------------------------
SLOT_BYTES: Final = {
    "profile": 4096,
    "state": 4096,
    "receipts": 4096,
    "grants": 4096,
    "answers": 16384,
    "links": 1024,
}
UNKNOWN_SLOT_BYTES: Final = 1024  # slots of a newer version: kept and passed on
UNKNOWN_SLOTS_MAX: Final = 3  # of them the three lowest names: a rule all replicas agree on
MEMBER_BYTES: Final = 36 * 1024  # all slots of one member together
GROUPS_MAX: Final = 16
ADDRESSES_MAX: Final = 8
TARGETS_MAX: Final = 64  # named in all, over every ladder step
WORD_TARGETS_MAX: Final = 16  # of them words (@group): each receiver judges each word
MEMBERS_MAX: Final = 2048  # merge stops here, as a valve; nobody is evicted
OPEN_MEMBERS_MAX: Final = 256  # an open space admits any key, so it is kept smaller
CHAIN_MAX: Final = 16  # introductions from the creator down to a member
VERSION_MAX: Final = 2**53  # exact in every JSON and float; above is malformed

# --- Frames and queues -----------------------------------------------------------------------------
FRAME_BYTES: Final = 64 * 1024  # one frame; bounds what a peer can make us hold
QUEUE_BYTES: Final = 256 * 1024  # per link; above it unsent slots are forgotten and compared later
WANT_BYTES: Final = 64 * 1024  # asked for and not yet come, per link: small enough for urgent frames to pass
ASKED_MAX: Final = 1024  # slots asked for and not yet come, per link
OWED: Final = 30 * SECOND  # who did not answer a question is not asked it again before others who could
WANT_RETRY: Final = 2 * SECOND  # an answer this late is asked for elsewhere, or again
HAVE_GATHER: Final = 100  # ms; announcements gathered into one frame (at most 300: receipts must be quick)
SECOND_HAND: Final = 25  # ms, to twice that: then a copy to who hears it first-hand, for that link may stall
COMPARE_EVERY: Final = 5 * SECOND  # one question a link at most this often
QUIET: Final = 1 * SECOND  # since the last news here; before that, fingerprints differ because news is on its way
DIFFERS_LONG: Final = 4 * SECOND  # after this a difference is compared, quiet or not
FORWARD_RATE: Final = 5  # writes of one owner forwarded a second; newest wins
FORWARD_BURST: Final = 20

# --- Mesh ------------------------------------------------------------------------------------------
DIAL_ALL_UP_TO: Final = 12  # reachable peers: below, a full mesh costs little and is quickest
SMALL_MARGIN: Final = 3  # members more before links beyond DIAL_PEERS are closed: who comes and goes is no reason
DIAL_PEERS: Final = 5  # own dials in a larger space; mean degree 10, which has no 200 ms tails
DIAL_FRESH: Final = 300  # ms; a LAN answers by then, so more dials meanwhile would only make links to be closed again
DIALS_MAX: Final = 64  # under way at once: sockets that wait for hosts that are off
LINKS_MAX: Final = 32
LINKS_A_PAIR: Final = {1: 4, 2: 2, 3: 2}  # by reachable others: each has 4 links, for a lost packet stalls one
LINKS_A_PEER: Final = 6  # at most, with the same peer: 4, and 2 dialled beside doubtful ones
COUNT_STANDS: Final = 1 * SECOND  # the number of reachable others is believed after this
PAIR_LATE: Final = 2 * SECOND  # the lower id of two dials what their pair lacks; after this the other does
UNCOMPARED_MAX: Final = 60 * SECOND  # a link on which no comparison ends by then serves nobody
DIAL_SETTLE: Final = 1 * SECOND  # with enough dials of its own a newcomer learns first how many there are
PROBE_EVERY: Final = 5 * SECOND  # islands meet again by this
PROBE_REACHABLE: Final = 60 * SECOND  # who can be reached is on no island: asked only against what nobody foresaw
PROBE_EVERY_FEW: Final = 1 * SECOND  # below FEW_PEERS
FEW_PEERS: Final = 3
PROBE_JUDGE: Final = 4 * SECOND  # a probe that told nothing by then is closed
REDIAL_RECENT_MAX: Final = 2 * SECOND  # backoff for peers seen in the last hour
REDIAL_MAX: Final = 60 * SECOND
REDIAL_FIRST: Final = 250  # ms
RECENT: Final = HOUR
DIAL_TIMEOUT: Final = 6 * SECOND  # TCP, TLS and both hellos; a dial with no outcome by then has failed
ADDRESSES_KNOWN_MAX: Final = 4096  # hints held that no member is known for yet

# --- Liveness --------------------------------------------------------------------------------------
PING_EVERY: Final = 5 * SECOND  # by the dialler
DOUBTFUL_AFTER: Final = 4 * SECOND  # silence with a ping outstanding
ASKED_DOUBTFUL_AFTER: Final = 1 * SECOND  # the same, asked because an interface or address changed: that is a reason
TOLD_UNHEARD: Final = 1 * SECOND  # after an urgent write a link this silent is asked; receipts mostly come before
SECOND_DIAL_EVERY: Final = 1 * SECOND  # beside a doubtful link
DEAD_AFTER: Final = 15 * SECOND  # since the last byte heard; a healthy link under loss can be that late
GAIN_GATHER: Final = 200  # ms; new links gathered into one write of `links`
GAIN_EVERY: Final = 2 * SECOND  # between writes that only gain links to who is in reach: a start of all brings many
REACH_GATHER: Final = 30  # ms; lists of links that come together are looked at together
FLAP: Final = 1 * SECOND  # reachable for less than this, by lists on their way, does not begin LOST_AFTER anew
LOST_AFTER: Final = 10 * SECOND  # unreachable by my own clock
FIRST_COMPARISON: Final = 10 * SECOND  # from start; then what disk held is believed without a peer

# --- Escalations -----------------------------------------------------------------------------------
PUT_AWAY_AFTER: Final = 15 * MINUTE  # lost this long: hidden, not ended
CLAIM_OUTLIVES: Final = 60 * SECOND  # a claim counts so long after its claimant was last in reach: a lift, a dead spot
WARN_AFTER: Final = 60 * SECOND  # then an owner whom nobody was shown or is coming to is told so again
WARN_BEFORE_END: Final = 10 * MINUTE  # before its maximum age its owner is told, or a quarter of that age before
LADDER_MAX: Final = 4  # steps: more would be a rota, which belongs elsewhere
LINE_POINTS: Final = 280  # one chat line
LINE_BYTES: Final = 600
LINES_KEPT: Final = 20  # my newest: with claims they fit the slot
CLAIMS_MAX: Final = 16  # mine at once: nobody can go to more
MUTES_MAX: Final = 64  # what a person types
MAX_AGE: Final = 8 * HOUR
MAX_AGE_LIMIT: Final = 7 * 24 * HOUR  # longest --for
AGE_MAX: Final = 10 * 365 * 24 * HOUR  # of anything: what a peer says beyond is cut, so that dates stay dates
HERE_GRACE: Final = 2 * MINUTE  # downtime under this does not count as absent for @here
ALIVE_STAMP: Final = 60 * SECOND  # how often "I was running" is stored, for HERE_GRACE
RINGS_PER_MINUTE: Final = 6  # from one owner to one machine
RING_QUIET: Final = 20 * SECOND  # after this much quiet the first ring always sounds
RING_ATTEMPTS: Final = 2  # a crash in the show window rings once more, never more
RECEIPT_GATHER: Final = 50  # ms; delivered, shown, sounded written together where they come together
RECEIPT_CROWD: Final = 32  # named members; above it receipts are spread, or 1,000 would write within a second
RECEIPT_SPREAD: Final = 2 * SECOND  # a counting owner does not notice
RECEIPT_MASS: Final = 256  # named members; above it one write each is all that everybody's link is to carry
RECEIPT_TONE: Final = 1_500  # ms; so much later, for delivered, shown and sounded in one
RINGS_KEPT: Final = 512  # remembered rings; a hand older than its maximum age cannot return
ENDS_KEPT: Final = 256  # ended hands kept for `show` and the watch stream, newest first; memory only
RESHOW_EVERY: Final = 10 * SECOND  # a pop-up that nothing could show is tried again while its hand is up
RECEIPTS_MAX: Final = 48  # receipts in one slot: 75 B each at most, newest hands first
