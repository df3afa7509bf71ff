"""What can go wrong with trust, in words for the person who reads them.

TrustError
├── CodeError       the invite code was mistyped
├── InviteUsed      the door knows the code, and another key came in by it
├── InviteExpired   the door knows the code, and its time is over or it was revoked
├── SpaceFull       the door knows the code, and the space takes nobody more
└── NoAnswer        nobody asked knows the code
"""


class TrustError(Exception):
    """Base. The text is for the person, `hint` is the mend."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class CodeError(TrustError):
    """Not an invite code; the text says what is wrong with it."""


class InviteUsed(TrustError):
    """One use, and it was made."""


class InviteExpired(TrustError):
    """Too late, or revoked."""


class SpaceFull(TrustError):
    """No room for one more."""


class NoAnswer(TrustError):
    """Nobody asked opens this door."""
