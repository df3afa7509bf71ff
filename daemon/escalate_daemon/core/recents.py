"""The messages that a person used last: which are kept, and in what order. Pure."""

from typing import Final

from escalate_daemon.core.text import normalise_message

RECENTS_MAX: Final = 5  # messages; a menu that is read at a glance


def remember(recents: tuple[str, ...], message: str) -> tuple[str, ...]:
    """`recents` (newest first) after `message` was used: first of at most RECENTS_MAX distinct ones.

    It is kept as it would be sent, so two spellings of one text are one; nothing at all is never kept. Raises
    TextRefused for what cannot be sent.
    """
    used = normalise_message(message)
    if not used:
        return recents
    return (used, *(each for each in recents if each != used))[:RECENTS_MAX]
