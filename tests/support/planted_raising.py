"""Rules 1 to 7, disabled one by one: who sees it, its message, its colour, how it begins and ends, who comes."""

from typing import Any

import msgspec

from escalate_cli import verbs
from escalate_cli.completing import offers
from escalate_daemon import daemon as app
from escalate_daemon import presence, pressing, recents
from escalate_daemon.core import control, following, hands, myanswers, myself, naming, rings, slots, text
from escalate_daemon.core import recents as core_recents
from escalate_daemon.core.commands import CommandRefused, Refusal
from escalate_daemon.core.ids import HandId
from escalate_daemon.core.naming import Verdict
from escalate_daemon.core.views import EndReason
from escalate_daemon.notify import render
from escalate_daemon.notify.base import Colour
from escalate_daemon.requests import hands as requests
from support.planted import Planted, gives, nothing, replaced, wrapped

# The patches stand outside of all types: `Any` is what they are handed.


# --- 1: everybody ----------------------------------------------------------------------------------
def _shown_to_the_named(consider: Any, self: Any, known: Any, verdict: Verdict, *rest: Any) -> None:
    if verdict.named:
        consider(self, known, verdict, *rest)


def _for_the_named(answerable: Any, self: Any, hand: HandId) -> Any:
    known = answerable(self, hand)
    if all(target.member != self._ctx.me for target in known.named):
        raise CommandRefused(Refusal.NOT_ALLOWED, "you are not named")
    return known


def _buttons_of_the_named(buttons: Any, view: Any) -> Any:
    return buttons(view) if view.named_me else ()


# --- 2: the message --------------------------------------------------------------------------------
def _needed(normalise: Any, words: str) -> str:
    if not words:
        raise text.TextRefused("say what it is")
    return str(normalise(words))


def _as_typed(plain: Any, words: str, what: str) -> str:
    return str(plain(words.strip(), what)) if "\n" not in words.strip() else words.strip()


def _uncomposed(plain: Any, words: str, what: str) -> str:
    plain(words, what)
    return words


# --- 3: recents ------------------------------------------------------------------------------------
def _also_twice(_: Any, kept: tuple[str, ...], message: str) -> tuple[str, ...]:
    return (message, *kept)[: core_recents.RECENTS_MAX]


# --- 5, 6: begin and end ---------------------------------------------------------------------------
async def _only_raises(daemon: Any, session: Any, request: Any) -> Any:
    return await requests._raise(daemon, session, request)


def _stays_up(presence_: str) -> Any:
    """Being that ends nothing."""

    def set_presence(before: Any, self: Any, word: str, room: str = "", *, ends: Any) -> Any:
        return before(self, word, room, ends=None if word == presence_ else ends)

    return set_presence


def _in_two_writes(before: Any, self: Any, word: str, room: str = "", *, ends: Any) -> Any:
    ended = None if ends is None else self.end_hand(ends)
    before(self, word, room, ends=None)
    return ended


def _whatever_the_settings(before: Any, self: Any, word: str, room: str = "", *, ends: Any) -> Any:
    reasons = {slots.ROOM: EndReason.ROOM, slots.AWAY: EndReason.AWAY, slots.LEFT: EndReason.LEFT}
    return before(self, word, room, ends=reasons.get(word))


def _presence_kept(write: Any, self: Any, state: slots.State) -> None:
    before = self._state()
    raised = state.hand is not None and before.hand is None
    write(self, msgspec.structs.replace(state, presence=before.presence) if raised else state)


def _not_in_a_room(refuse: Any, self: Any, *rest: Any) -> None:
    refuse(self, *rest)
    if self._state().presence == slots.ROOM:
        raise CommandRefused(Refusal.IN_A_ROOM, "you are in a room")


def _always_on(init: Any, self: Any, *rest: Any) -> None:
    init(self, *rest)
    self._on = True


RAISING = {
    "1a": Planted("pop-ups for the named only", (wrapped(rings.Rings, "consider", _shown_to_the_named),)),
    "1b": Planted("answers for the named only", (wrapped(myanswers.MyAnswers, "_answerable", _for_the_named),)),
    "1c": Planted("buttons for the named only", (wrapped(render, "_buttons", _buttons_of_the_named),)),
    "2a": Planted("a message required", (wrapped(text, "normalise_message", _needed),)),
    "2b": Planted("no limit of its length", (replaced(text, "_sized", lambda words, *_: words),)),
    "2c": Planted("its length counted as typed", (wrapped(text, "_plain", _uncomposed),)),
    "2d": Planted(
        "what is over cut off", (replaced(text, "_sized", lambda words, what, points, size: words[:points]),)
    ),
    "2e": Planted("line breaks left in", (wrapped(text, "_plain", _as_typed),)),
    "3a": Planted("all of them kept", (replaced(core_recents, "RECENTS_MAX", 1_000),)),
    "3b": Planted("each use kept", (wrapped(core_recents, "remember", _also_twice),)),
    "3c": Planted("nothing remembered", (nothing(recents.Recents, "remember"),)),
    "3d": Planted("no texts offered", (gives(offers, "_texts", []),)),
    "4a": Planted("everybody judged to be named", (gives(following.Following, "verdict", Verdict(named=True)),)),
    "4b": Planted("everybody judged to be named", (gives(following, "judge", Verdict(named=True)),)),
    "4c": Planted("nobody rung", (replaced(naming.Verdict, "rings", property(lambda self: False)),)),
    "4d": Planted("one colour for both", (gives(render, "_colour", Colour.RED),)),
    "4e": Planted("busy forgotten", (gives(naming, "_against", None),)),
    "5a": Planted("a start that raises nothing", (gives(control.Control, "_start", HandId("0" * 16)),)),
    "5b": Planted("a toggle that only raises", (replaced(requests, "_toggle", _only_raises),)),
    "5c": Planted("no pop-ups of our own", (nothing(app.Daemon, "announce"),)),
    "6a": Planted("an end that writes nothing", (nothing(myself.Myself, "end_hand"),)),
    "6b": Planted("rooms that end nothing", (wrapped(myself.Myself, "set_presence", _stays_up(slots.ROOM)),)),
    "6c": Planted("away that ends nothing", (wrapped(myself.Myself, "set_presence", _stays_up(slots.AWAY)),)),
    "6d": Planted("leaving that ends nothing", (wrapped(myself.Myself, "set_presence", _stays_up(slots.LEFT)),)),
    "6e": Planted("end and presence in two writes", (wrapped(myself.Myself, "set_presence", _in_two_writes),)),
    "6f": Planted("the settings ignored", (wrapped(myself.Myself, "set_presence", _whatever_the_settings),)),
    "6g": Planted("the screen always watched", (wrapped(presence.PresenceWatch, "__init__", _always_on),)),
    "6h": Planted("the presence left as it was", (wrapped(myself.Myself, "_write_state", _presence_kept),)),
    "6i": Planted("a raise refused in a room", (wrapped(myself.Myself, "refuse_start", _not_in_a_room),)),
    "6j": Planted("the disk not read", (nothing(hands.Hands, "load"),)),
    "7a": Planted("approach from anywhere", (nothing(control.Control, "_refuse_in_a_room"),)),
    "7b": Planted("buttons that do nothing", (wrapped(pressing.Pressing, "_carry_out", lambda before, *_: _idle()),)),
    "7c": Planted("no verb `chat`", (replaced(verbs, "VERBS", {"approach": "", "end": ""}),)),
}


async def _idle() -> None:
    return None
