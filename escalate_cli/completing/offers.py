"""What is offered for each kind of value: fixed words, and what the daemon knows now, whatever was typed of it.

Asks over the local API with plain JSON, as the API's own module loads what a TAB has no time for. Never starts a
daemon, and gives up early: no offer is better than a terminal that hangs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:  # a third of a TAB's time, and half of what is offered needs no daemon
    import socket

_PATIENCE_S: Final = 0.5  # for all of it; the daemon answers in milliseconds
_ANSWER_BYTES: Final = 16 * 1024 * 1024  # 2,048 members are 1 MiB
_CHUNK: Final = 64 * 1024
_SHOWN: Final = 40  # code points of a note

Json = dict[str, object]


class Offer(NamedTuple):
    """One value that may stand here, as the command shall get it, and a word about it."""

    value: str
    note: str = ""


def of(kind: str) -> list[Offer]:
    """What is offered for this kind; nothing where the daemon is needed and does not answer."""
    if kind in FIXED:
        return [Offer(value) for value in FIXED[kind]]
    found = ASKED[kind]() if kind in ASKED else ()
    return list(dict.fromkeys(offer for offer in map(_clean, found) if offer.value))


# --- Members and groups ----------------------------------------------------------------------------
def _who() -> Iterator[Offer]:
    """Whom an escalation can name: all but me, and what the settings call them."""
    yield from _recipients(
        _list({"verb": "who"}, "members"), ("@everyone", "all but you"), ("@here", "all available now")
    )
    yield from _aliases()


def _anybody() -> Iterator[Offer]:
    members = _list({"verb": "who"}, "members")
    yield from _labels(members, me=True)
    yield from _groups(members)


def _muted() -> Iterator[Offer]:
    return _recipients(_list({"verb": "who"}, "members"), ("all", "everybody"))


def _recipients(members: list[Json], *more: tuple[str, str]) -> Iterator[Offer]:
    yield from _labels(members, me=False)
    yield from _groups(members)
    yield from (Offer(value, note) for value, note in more if members)
    yield from (Offer(f"@room:{room}", "who is in that room") for room in _rooms_of(members))


def _member() -> Iterator[Offer]:
    return _labels(_list({"verb": "who"}, "members"), me=False)


def _labels(members: list[Json], *, me: bool) -> Iterator[Offer]:
    """Those who can be reached first."""
    for member in sorted(members, key=lambda each: not each.get("online")):
        if me or not member.get("me"):
            where = _text(member, "room") or _text(member, "location") or _text(member, "host")
            yield Offer(_text(member, "label"), ", ".join(filter(None, (_text(member, "presence"), where))))


def _groups(members: list[Json]) -> Iterator[Offer]:
    for group, count in _worn(members).items():
        yield Offer(f"@{group}", "1 member" if count == 1 else f"{count} members")


def _worn(members: list[Json]) -> dict[str, int]:
    """Each group with how many wear it."""
    worn: dict[str, int] = {}
    for member in members:
        for group in _texts(member.get("groups")):
            worn[group] = worn.get(group, 0) + 1
    return dict(sorted(worn.items()))


def _my_groups() -> Iterator[Offer]:
    mine = (member for member in _list({"verb": "who"}, "members") if member.get("me"))
    return (Offer(group) for member in mine for group in _texts(member.get("groups")))


def _other_groups() -> Iterator[Offer]:
    members = _list({"verb": "who"}, "members")
    mine = [group for member in members if member.get("me") for group in _texts(member.get("groups"))]
    return (Offer(group) for group in _worn(members) if group not in mine)


def _rooms() -> Iterator[Offer]:
    return (Offer(room) for room in _rooms_of(_list({"verb": "who"}, "members")))


def _rooms_of(members: list[Json]) -> list[str]:
    return sorted({room for member in members if (room := _text(member, "room"))})


def _aliases() -> Iterator[Offer]:
    """The person's own words for others, from the settings file; the site's words, rarer, are left out."""
    import os

    from escalate_daemon import paths

    try:
        content = paths.find(os.environ).config_file.read_bytes()
        if b"aliases" not in content:
            return
        import tomllib  # a tenth of a TAB's time, which most have no need of

        meant = tomllib.loads(content.decode()).get("aliases")
    except (OSError, ValueError):  # no file, or none that the daemon can read either
        return
    for name, words in meant.items() if isinstance(meant, dict) else ():
        yield Offer(name, ", ".join(_texts(words) or _texts([words])))


# --- Escalations, messages, invites ----------------------------------------------------------------
def _owners() -> Iterator[Offer]:
    return _hands(mine=True)


def _other_owners() -> Iterator[Offer]:
    return _hands(mine=False)


def _hands(*, mine: bool) -> Iterator[Offer]:
    for hand in _list({"verb": "list"}, "escalations"):
        owner = hand.get("owner")
        if isinstance(owner, dict) and (mine or not owner.get("me")):
            yield Offer(_text(owner, "label"), ": ".join(filter(None, (_text(hand, "level"), _text(hand, "message")))))


def _recents() -> Iterator[Offer]:
    return (Offer(message) for message in _messages())


def _nths() -> Iterator[Offer]:
    return (Offer(str(number), message) for number, message in enumerate(_messages(), start=1))


def _messages() -> list[str]:
    return _texts(_ask({"verb": "recent"}).get("messages"))


def _invites() -> Iterator[Offer]:
    given = _list({"verb": "invite-list"}, "invites")
    return (Offer(_text(invite, "id"), f"until {_text(invite, 'expires_at')}") for invite in given)


FIXED: Final = {
    "duration": ("5m", "15m", "30m", "1h", "2h", "8h", "1d", "7d"),
    "wait": ("shown", "seen", "claim", "claim=5m", "shown=30s", "seen=5m"),
    "presence": ("available", "busy", "away"),
    "shell": ("bash", "zsh", "fish", "powershell"),
    # The settings' own module loads more than a TAB has time for; a test compares.
    "key": (
        "me.name",
        "me.location",
        "me.phone",
        "me.url",
        "daemon.port",
        "daemon.peers",
        "daemon.log_level",
        "escalation.max_age",
        "escalation.end_on_room",
        "escalation.end_on_away",
        "escalation.end_on_leave",
        "escalation.warn_after",
        "escalation.put_away_after",
        "space.join",
        "notify.notifier",
        "notify.sound",
        "notify.repeat",
        "approach.run",
        "chat.open",
        "hooks.on_ring",
        "hooks.on_raised",
        "hooks.on_claimed",
        "hooks.on_chat",
        "hooks.on_ended",
        "hooks.on_lost",
        "quiet.hours",
        "quiet.muted",
        "quiet.allow",
        "presence.away_on_lock",
        "presence.away_when_idle",
    ),
}
ASKED: Final[dict[str, Callable[[], Iterator[Offer]]]] = {
    "who": _who,
    "anybody": _anybody,
    "muted": _muted,
    "member": _member,
    "my-group": _my_groups,
    "other-group": _other_groups,
    "room": _rooms,
    "owner": _owners,
    "other-owner": _other_owners,
    "recent": _recents,
    "nth": _nths,
    "invite": _invites,
}


# --- Asking ----------------------------------------------------------------------------------------
def _list(request: Json, key: str) -> list[Json]:
    found = _ask(request).get(key)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _ask(request: Json) -> Json:
    """The daemon's answer to one request. OSError, ValueError where there is none in time."""
    import json
    import time

    deadline = time.monotonic() + _PATIENCE_S
    connection, token = _connect()
    with connection:
        connection.sendall(json.dumps({"request": request, "token": token}).encode() + b"\n")
        answer = _line(connection, lambda: deadline - time.monotonic())
    read: object = json.loads(answer)
    return read if isinstance(read, dict) else {}


def _connect() -> tuple[socket.socket, str]:
    import os
    import socket

    from escalate_daemon import paths

    path = paths.find(os.environ).socket
    if hasattr(socket, "AF_UNIX") and os.name == "posix":
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_PATIENCE_S)
        try:
            connection.connect(str(path))
            from escalate_daemon.ipc import peer

            peer.check_peer(connection)
        except OSError:
            connection.close()
            raise
        return connection, ""
    from escalate_daemon.ipc import endpoint  # loads more than the rest together, and only Windows has need of it

    door = endpoint.read_token(path)
    if door is None:
        raise FileNotFoundError(path)
    return socket.create_connection(("127.0.0.1", door.port), _PATIENCE_S), door.token


def _line(connection: socket.socket, time_left: Callable[[], float]) -> bytes:
    held = bytearray()
    while not held.endswith(b"\n"):
        left = time_left()
        if left <= 0 or len(held) > _ANSWER_BYTES:
            raise TimeoutError
        connection.settimeout(left)
        chunk = connection.recv(_CHUNK)
        if not chunk:
            raise ConnectionError
        held += chunk
    return bytes(held)


# --- Reading ---------------------------------------------------------------------------------------
def _text(of_object: Json, key: str) -> str:
    value = of_object.get(key)
    return value if isinstance(value, str) else ""


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _clean(offer: Offer) -> Offer:
    """Nothing in it that moves a cursor or ends a line; the value of such an offer is left out, never altered."""
    if not _harmless(offer.value):
        return Offer("")
    note = offer.note if len(offer.note) <= _SHOWN else f"{offer.note[: _SHOWN - 1]}…"
    return Offer(offer.value, note if _harmless(note) else "")


def _harmless(text: str) -> bool:
    """Of printing characters; joiners within words of some scripts and within emoji are."""
    return text.replace("\u200c", "").replace("\u200d", "").isprintable()
