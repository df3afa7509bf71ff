"""Tests that mostly wait are told side by side: the first that runs begins them all, and each has its own outcome."""

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Final

import pytest

from support.waiting import FIGURES, Stopwatch

AT_ONCE: Final = 3 * (os.cpu_count() or 1)  # stories; each starts a few daemons, then waits for seconds

Story = Callable[[], None]


class SideBySide:
    """Decorates test functions without fixtures. They begin together, and all end before the first one's result."""

    def __init__(self) -> None:
        self._stories: dict[str, Story] = {}
        self._longest: set[str] = set()
        self._outcomes: dict[str, Future[None]] = {}

    def __call__(self, story: Story) -> Callable[[pytest.FixtureRequest], None]:
        """The test in the story's place."""
        name = f"{story.__module__}.{story.__name__}"
        self._stories[name] = story

        def test(request: pytest.FixtureRequest) -> None:
            if not self._outcomes:
                self._tell(request)
            self._outcomes[name].result()

        test.__name__, test.__doc__, test.__module__ = story.__name__, story.__doc__, story.__module__
        test.__dict__["story"] = name
        return test

    def longest(self, story: Story) -> Callable[[pytest.FixtureRequest], None]:
        """As a call, for a story that outlasts the others: it begins before them."""
        test = self(story)
        self._longest.add(test.__dict__["story"])
        return test

    def _tell(self, request: pytest.FixtureRequest) -> None:
        """Tell every story that this run has selected."""
        functions = (getattr(item, "function", None) for item in request.session.items)
        selected = [getattr(function, "story", "") for function in functions]
        selected.sort(key=lambda name: name not in self._longest)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for name in selected:
                if name in self._stories:
                    self._outcomes[name] = pool.submit(self._timed, name)
            wait(self._outcomes.values())

    def _timed(self, name: str) -> None:
        watch = Stopwatch()
        self._stories[name]()
        FIGURES.note(f"all of {name.rpartition('.')[2]}", watch.seconds())


side_by_side: Final = SideBySide()  # those of this run
