"""Hooks of the daemon: each fact its own, in every session, and none in an open space."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from escalate_daemon import config, paths
from escalate_daemon.config import Config
from escalate_daemon.core.facts import (
    EscalationChat,
    EscalationClaimed,
    EscalationEnded,
    EscalationFact,
    EscalationLost,
    EscalationRaised,
    EscalationRang,
    EscalationUpdated,
    FirstComparisonDone,
)
from escalate_daemon.core.views import EscalationState
from escalate_daemon.daemon import Daemon, Warnings
from escalate_daemon.hooking import Hooking
from escalate_daemon.screen import Screen
from escalate_daemon.session import Person
from escalate_daemon.store import Store
from escalate_daemon.surroundings import Surroundings
from escalate_daemon.trust.membership import create_space, open_space
from support.hands import RED
from support.waiting import soon

NAMES = ("on_ring", "on_raised", "on_claimed", "on_chat", "on_ended", "on_lost")


def hooked(folder: Path, act: Callable[[Daemon], Awaitable[None]]) -> None:
    """`act` while every hook appends its JSON to a file."""
    argv = ("sh", "-c", f"cat >> {folder}/events")

    async def scenario() -> None:
        where = paths.find({"ESCALATE_HOME": str(folder)})
        settings = Config(hooks=config.Hooks(**dict.fromkeys(NAMES, argv)))
        around = Surroundings(where, settings, Person("Ana", "ws-1"), Store.in_memory(), None)
        daemon = Daemon(around, Screen(None, lambda topic, text: None, sound=False), Warnings())
        daemon.membership = create_space("space", "Ana")
        running = asyncio.create_task(Hooking(daemon).run())
        try:
            await asyncio.sleep(0)  # it subscribes
            await act(daemon)
        finally:
            running.cancel()
            await asyncio.wait([running])

    asyncio.run(scenario())


def events(folder: Path) -> list[str]:
    file = folder / "events"
    if not file.exists():
        return []
    return [json.loads(line)["event"] for line in file.read_text().split("\n")[:-1]]


def test_each_fact_runs_its_hook_and_other_facts_run_none(tmp_path: Path) -> None:
    facts: list[type[EscalationFact]] = [
        *(EscalationRang, EscalationRaised, EscalationClaimed, EscalationChat, EscalationEnded, EscalationLost)
    ]

    async def act(daemon: Daemon) -> None:
        daemon.hub.publish([EscalationUpdated(RED), FirstComparisonDone(with_peer=True)])
        daemon.hub.publish([fact(RED) for fact in facts])  # type: ignore[misc]  # each is a Fact
        await soon(lambda: sorted(events(tmp_path)) == sorted(NAMES), "each ran once")

    hooked(tmp_path, act)


def test_hooks_go_on_in_the_next_session(tmp_path: Path) -> None:
    async def act(daemon: Daemon) -> None:
        daemon.hub.publish([EscalationRang(RED)])
        daemon.hub.close()
        await soon(lambda: events(tmp_path) == ["on_ring"], "what was queued ran")
        daemon.hub.publish([EscalationEnded(RED)])
        await soon(lambda: events(tmp_path) == ["on_ring", "on_ended"], "the next session's ran")

    hooked(tmp_path, act)


def test_in_an_open_space_no_hook_runs_and_that_is_logged_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def act(daemon: Daemon) -> None:
        closed = daemon.membership
        daemon.membership = open_space("plaza", "Ana")
        daemon.hub.publish([EscalationRang(RED), EscalationRaised(RED)])
        await soon(lambda: "plaza is an open space" in caplog.text, "it is said")
        await asyncio.sleep(0)
        daemon.membership = closed
        daemon.hub.publish([EscalationEnded(RED)])
        await soon(lambda: events(tmp_path) == ["on_ended"], "in a closed one it runs")

    hooked(tmp_path, act)
    assert len([each for each in caplog.records if each.levelno >= logging.WARNING]) == 1


def test_what_the_last_run_left_on_the_disk_is_not_raised_again(tmp_path: Path) -> None:
    mine, lost = replace(RED, mine=True, age=3_600_000), replace(RED, state=EscalationState.LOST)

    async def act(daemon: Daemon) -> None:
        daemon.hub.publish([EscalationRaised(mine)])
        await asyncio.sleep(0)
        daemon.hub.publish([EscalationRaised(lost)])
        await asyncio.sleep(0)
        daemon.hub.publish([EscalationRaised(replace(mine, age=0))])
        await soon(lambda: events(tmp_path) == ["on_raised"], "a new one is raised")
        assert json.loads((tmp_path / "events").read_text())["escalation"]["age_s"] == 0

    hooked(tmp_path, act)


def test_without_hooks_nothing_runs(tmp_path: Path) -> None:
    async def scenario() -> None:
        where = paths.find({"ESCALATE_HOME": str(tmp_path)})
        around = Surroundings(where, Config(), Person("Ana", "ws-1"), Store.in_memory(), None)
        await Hooking(Daemon(around, Screen(None, lambda topic, text: None, sound=False), Warnings())).run()

    asyncio.run(scenario())
