"""history: the table, CSV that any reader understands, and the figures."""

import csv
import io
import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from escalate_cli import past
from escalate_daemon.ipc import protocol
from support.objects import escalation, member, receipt
from support.scripted import Script

from .conftest import Run

BEGAN = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)


def after(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


def hand(
    *, shown: tuple[float, ...] = (), claimed: tuple[float, ...] = (), level: protocol.Level = "red", note: str = ""
) -> protocol.Escalation:
    receipts = [msgspec.structs.replace(receipt(member(f"m{at:g}")), shown_at=after(at)) for at in shown] or [
        msgspec.structs.replace(receipt(member("gone")), shown_at=None)
    ]
    claims = [protocol.Claim(member=member(f"c{at:g}"), at=after(at), counts=False) for at in claimed]
    return msgspec.structs.replace(
        escalation(member("ana"), level=level, state="ended"),
        started_at=after(0),
        ended_at=after(200),
        receipts=receipts if level == "red" else [],
        claims=claims,
        note=note or None,
    )


HANDS = [
    hand(shown=(0.5, 0.25), claimed=(90, 30), note='settled,\n"for" now'),
    hand(shown=(4,), claimed=(100,)),
    hand(),
    hand(level="yellow", claimed=(10,)),
]


@pytest.fixture
def kept(script: Script) -> Script:
    script.answers[protocol.HistoryRequest] = protocol.HistoryReply(escalations=HANDS)
    return script


def test_each_is_a_line_with_when_by_whom_and_why(kept: Script, run: Run) -> None:
    first = run("history", "--since", "7d").out.splitlines()[0].split("\t")
    assert first[1:] == [
        "ana",
        "red",
        "caller is threatening",
        "3m",
        "0.2s",
        "30s",
        "c30",
        'by its owner (settled,\\n"for" now)',
    ]
    assert kept.asked == [protocol.HistoryRequest(since_s=604800.0)]


def test_csv_has_a_header_and_one_line_each_whatever_was_written(kept: Script, run: Run) -> None:
    ran = run("history", "--csv")
    assert len(ran.out.splitlines()) == 1 + len(HANDS)
    first = next(csv.DictReader(io.StringIO(ran.out)))
    assert first == {
        "id": "esc-of-ana",
        "owner": "ana",
        "host": "desk",
        "level": "red",
        "message": "caller is threatening",
        "named": "@team",
        "started_at": after(0),
        "first_shown_at": after(0.25),
        "first_claimed_at": after(30),
        "claimed_by": "c30",
        "ended_at": after(200),
        "end_reason": "owner",
        "note": 'settled,\\n"for" now',
    }


def test_the_figures_are_median_worst_and_never() -> None:
    assert past.stats(HANDS) == past.Stats(
        yellow=1,
        red=3,
        shown=past.Delay(median_s=2.125, worst_s=4.0, never=1),
        claimed=past.Delay(median_s=30.0, worst_s=100.0, never=1),
    )
    nothing = past.Delay(median_s=None, worst_s=None, never=0)
    assert past.stats([]) == past.Stats(yellow=0, red=0, shown=nothing, claimed=nothing)


def test_stats_are_told(kept: Script, run: Run) -> None:
    assert run("history", "--stats").out.splitlines() == [
        "  raised    3 red, 1 yellow",
        "  shown     after 2.1s (median), 4.0s at worst; 1 never",
        "  claimed   after 30s (median), 1m at worst; 1 never",
    ]


def test_json_bears_the_figures_only_where_they_are_wanted(kept: Script, run: Run) -> None:
    assert list(json.loads(run("history", "--json").out)) == ["v", "escalations"]
    printed = json.loads(run("history", "--json", "--stats").out)
    assert list(printed) == ["v", "escalations", "stats"]
    assert printed["stats"]["claimed"] == {"median_s": 30.0, "worst_s": 100.0, "never": 1}


def test_an_empty_history_is_said_and_exits_0(script: Script, run: Run) -> None:
    script.answers[protocol.HistoryRequest] = protocol.HistoryReply(escalations=[])
    assert run("history", "--csv").out.startswith("id,owner,")
    for options in ([], ["--stats"], ["--since", "1h"]):
        ran = run("history", *options)
        assert ran.code == 0
        assert "nothing was raised here" in ran.err


@pytest.mark.parametrize("options", ["--csv --json", "--csv --stats", "--since yesterday"])
def test_wrong_options_exit_2(options: str, script: Script, run: Run) -> None:
    assert (run("history", *options.split()).code, script.asked) == (2, [])


def test_times_that_are_none_are_no_traceback(script: Script, run: Run) -> None:
    odd = msgspec.structs.replace(HANDS[0], started_at="yesterday", ended_at="9999-12-31T23:59:59.999Z")
    script.answers[protocol.HistoryRequest] = protocol.HistoryReply(escalations=[odd])
    assert [run("history", *options).code for options in ([], ["--stats"], ["--csv"])] == [0, 0, 0]
