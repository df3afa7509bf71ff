"""The notifier protocol: what every way of reaching a person's eyes can be asked. Imports no back end."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

APP_NAME: Final = "escalate"
_ICONS: Final = Path(__file__).with_name("icons")


class NotifyFailed(Exception):
    """Nothing was put before a person's eyes; the text says why and what mends it."""


class Loudness(StrEnum):
    """How insistently the desktop is asked to show it; the sound is not the desktop's affair."""

    CRITICAL = "critical"  # stays until touched
    NORMAL = "normal"


class Colour(StrEnum):
    """Which of our icons."""

    RED = "red"
    YELLOW = "yellow"
    GREEN = "green"  # somebody is coming
    GREY = "grey"  # lost, or said by escalate itself


class Press(StrEnum):
    """A button of a pop-up; each does what the verb of its name does."""

    APPROACH = "approach"
    WITHDRAW = "withdraw"
    CHAT = "chat"
    END = "end"


@dataclass(frozen=True, slots=True)
class Popup:
    """One pop-up. Plain text: each back end escapes for its own markup. `tag` names it across runs."""

    tag: str
    title: str
    body: str
    loudness: Loudness
    colour: Colour
    rings: bool = False  # a terminal's bell; the real sound is played apart
    buttons: tuple[tuple[Press, str], ...] = ()  # with their labels, where the back end has buttons


@dataclass(frozen=True, slots=True)
class Server:
    """A notification server. `answers`: it is not hung."""

    name: str
    vendor: str
    version: str
    capabilities: tuple[str, ...]
    answers: bool


@dataclass(frozen=True, slots=True)
class Probe:
    """What a back end found: can it show, and what makes it unable.

    `hears` is popup, terminal or none; of a sound player, sound or none. `server` and `bus`: where there are such.
    """

    usable: bool
    hears: str
    found: str
    mend: str = ""
    server: Server | None = None
    bus: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is up. `handle` outlives this process where the server's ids do. `how`: popup, terminal."""

    handle: str | None
    how: str


Touched = Callable[[str], None]
"""Called with a Popup's tag when a person clicked or dismissed it: it is off the screen."""

Pressed = Callable[[str, Press], None]
"""Called with a Popup's tag when a person pressed one of its buttons; it may still be up."""

CameLate = Callable[[Popup, Shown], None]
"""Called when the server, after show() had given up on it, put a Popup up all the same."""

Turned = Callable[[], None]
"""Called when what the back end can do has changed. What it holds may be others' or nothing now: ask `keeps`."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Who is told what happens to pop-ups after show() has returned."""

    touched: Touched
    pressed: Pressed
    came_late: CameLate
    back: Turned  # it may be able to show again
    gone: Turned  # it is not able now


class Notifier(Protocol):
    """One way of showing. Every method returns within its own time limit or raises NotifyFailed."""

    @property
    def name(self) -> str:
        """The word of ESCALATE_NOTIFIER; without colon but for its own argument."""
        ...

    def listen(self, listener: Listener) -> None:
        """From now on tell `listener`; called once, before the first show."""
        ...

    async def probe(self) -> Probe:
        """Whether this back end can show here and now."""
        ...

    async def watch(self) -> None:
        """Follow what this back end stands on, and tell the listener, until cancelled or there is nothing to follow."""
        ...

    def keeps(self, handle: str) -> bool:
        """Whether the pop-up is this back end's own still: up, or closed here. Not so: it went with its server."""
        ...

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        """Show it, in the place of the pop-up with handle `replaces` where that is still up."""
        ...

    async def update(self, handle: str, popup: Popup) -> Shown:
        """Change it in place, silently; does nothing where the person has closed it."""
        ...

    async def close(self, handle: str) -> None:
        """Take it from the screen; does nothing where it is gone."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and children. Pop-ups stay."""
        ...


def icon_path(colour: Colour) -> Path:
    """Our PNG of that colour."""
    return _ICONS / f"{colour.value}.png"
