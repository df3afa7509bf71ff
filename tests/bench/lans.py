"""LANs for a bench: hosts named h1, h2, ..."""

from support.netns import Lan


def names(count: int) -> list[str]:
    """Of the first hosts."""
    return [f"h{number}" for number in range(1, count + 1)]


def lan_of(count: int) -> Lan:
    """A LAN, not entered yet."""
    return Lan(*names(count))
