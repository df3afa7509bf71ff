"""The recipient's policy: what its own settings say of rings, and of what ends its own hand. Published nowhere."""

from dataclasses import dataclass

from escalate_daemon.core import tuning


@dataclass(frozen=True, slots=True)
class Policy:
    """Times in ms. `muted` and `allowed` are WHO words.

    `repeat`: a ring that nobody claimed or saw comes again after so long; 0: it rings once.
    `quiet`: it is a quiet hour now. `muted`: whom, and which groups' reds, never to hear. `allowed`: who rings
    through quiet hours and do-not-disturb all the same.
    `end_on_...`: whether entering a room, going away, leaving end my hand.
    `warn_after`: my own pop-up tells me that nobody was shown it or comes; 0: never.
    `put_away_after`: hidden here when its owner has been lost for so long.
    """

    repeat: int = 0
    quiet: bool = False
    muted: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    end_on_room: bool = True
    end_on_away: bool = True
    end_on_leave: bool = True
    warn_after: int = tuning.WARN_AFTER
    put_away_after: int = tuning.PUT_AWAY_AFTER
