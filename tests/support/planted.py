"""The clauses of docs/rules.md, each with a patch of the product that disables it: its tests must fail with it.

Nothing here is shipped. A patch replaces a function or a constant from outside, in the process that then runs the
tests, before they are imported.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final
from unittest.mock import patch

Patch = Callable[[], AbstractContextManager[object]]


@dataclass(frozen=True)
class Planted:
    """`how`: what the page says of it, after "with". `patches`: all entered together."""

    how: str
    patches: tuple[Patch, ...]

    @contextmanager
    def enter(self) -> Iterator[None]:
        """While it is planted."""
        with ExitStack() as stack:
            for make in self.patches:
                stack.enter_context(make())
            yield


def replaced(owner: object, name: str, new: object) -> Patch:
    """`owner.name` is `new`."""
    return partial(patch.object, owner, name, new)


def added(owner: object, name: str, new: object) -> Patch:
    """`owner.name` is `new`, which it did not have."""
    return partial(patch.object, owner, name, new, create=True)


def nothing(owner: object, name: str) -> Patch:
    """`owner.name(...)` does nothing and gives None."""
    return gives(owner, name, None)


def gives(owner: object, name: str, answer: object) -> Patch:
    """`owner.name(...)` always gives this."""
    return replaced(owner, name, lambda *_, **__: answer)


def wrapped(owner: object, name: str, around: Callable[..., object]) -> Patch:
    """`owner.name(...)` is `around(before, ...)`, where `before` is what it was."""
    before: Final[Any] = getattr(owner, name)
    return replaced(owner, name, lambda *args, **options: around(before, *args, **options))
