"""My last messages, kept for reuse: this machine's own, whatever space it is in."""

from collections.abc import Callable
from typing import Final

import msgspec

from escalate_daemon.core.recents import remember
from escalate_daemon.core.text import TextRefused
from escalate_daemon.ipc.protocol import failure
from escalate_daemon.store import Store, StoreError

_BLOB: Final = "recents"


class Recents:
    """Read from the store once. `warn` is told what keeps them from being kept, None when they are again."""

    def __init__(self, store: Store, warn: Callable[[str | None], None]) -> None:
        self._store = store
        self._warn = warn
        self._messages = _load(store.get_blob(_BLOB))

    def all(self) -> tuple[str, ...]:
        """Newest first; at most `core.recents.RECENTS_MAX`."""
        return self._messages

    def remember(self, message: str) -> None:
        """`message` was raised just now. "" is not kept. TextRefused for what could not have been raised."""
        messages = remember(self._messages, message)
        if messages == self._messages:
            return
        self._messages = messages
        try:
            # Not waited for on the disk: what a loss of power may take is typed again in a moment.
            self._store.put_blob(_BLOB, msgspec.json.encode(messages), firm=False)
            self._warn(None)
        except StoreError as error:
            self._warn(f"recent messages are kept until the daemon ends only: {error}")

    def nth(self, number: int) -> str:
        """The `number`-th, from 1, the newest. RequestFailed (usage) where there is none."""
        if 0 < number <= len(self._messages):
            return self._messages[number - 1]
        raise failure("usage", _lacking(len(self._messages)), "see them: escalate recent")


def _lacking(count: int) -> str:
    if count == 0:
        return "you have no recent messages yet"
    return f"you have {count} recent message{'s' if count > 1 else ''}: -r takes a number from 1 to {count}"


def _load(blob: bytes | None) -> tuple[str, ...]:
    """What an earlier run kept; nothing where it is none of ours."""
    try:
        kept = msgspec.json.decode(blob or b"[]", type=list[str])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return ()
    messages: tuple[str, ...] = ()
    for message in reversed(kept):
        try:
            messages = remember(messages, message)
        except TextRefused:  # a later version may keep what this one would not send
            continue
    return messages
