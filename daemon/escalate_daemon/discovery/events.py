"""What discovery tells its owner. Calls come from the event loop and must return at once."""

from typing import Protocol


class DiscoveryEvents(Protocol):
    """Implemented by the app layer."""

    def found(self, address: str, together: tuple[str, ...] = ()) -> None:
        """A daemon of our space may answer at this HOST:PORT (IPv6 in brackets). A hint, often repeated.

        `together`: all addresses at which the same daemon says that it is.
        """

    def addresses_changed(self, addresses: tuple[str, ...]) -> None:
        """This machine's usable IP addresses, without port, best first: at the start and at each change."""

    def addresses_gone(self, addresses: frozenset[str]) -> None:
        """This machine had these IP addresses, without scope, until now: nothing comes over them any more."""

    def interfaces_changed(self) -> None:
        """An interface lost its carrier, went down, or is back; its addresses may be what they were."""

    def trouble(self, text: str) -> None:
        """Something keeps multicast from working: what, and its mend. Said once; discovery goes on trying."""
