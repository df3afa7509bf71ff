import asyncio
import logging

import pytest

from escalate_daemon.core.effects import Urgency
from escalate_daemon.notify.base import NotifyFailed, Popup, Probe, Shown
from escalate_daemon.notify.guarded import Guarded
from escalate_daemon.notify.render import popup_for
from support.fake_desk import Fake
from support.hands import RED

POPUP = popup_for(RED, Urgency.QUIET, rings=False)


class Faulty(Fake):
    """One with a fault that nobody foresaw."""

    async def probe(self) -> Probe:
        raise IndexError("no such word")

    async def show(self, popup: Popup, replaces: str | None) -> Shown:
        raise IndexError("no such word")


def test_a_fault_nobody_foresaw_is_a_failure_and_is_logged_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    with pytest.raises(NotifyFailed, match="no such word"):
        asyncio.run(Guarded(Faulty()).show(POPUP, None))
    assert "Traceback" in caplog.text
    probe = asyncio.run(Guarded(Faulty()).probe())
    assert not probe.usable
    assert "no such word" in probe.found


def test_everything_else_passes_through() -> None:
    async def scenario() -> None:
        fake = Fake()
        guarded = Guarded(fake)
        assert (await guarded.probe()).usable
        shown = await guarded.show(POPUP, None)
        assert shown.handle is not None
        await guarded.update(shown.handle, POPUP)
        await guarded.close(shown.handle)
        assert guarded.keeps(shown.handle)
        assert len(fake.did) == 3
        fake.broken = "no bus"
        with pytest.raises(NotifyFailed, match="no bus"):
            await guarded.show(POPUP, None)

    asyncio.run(scenario())
