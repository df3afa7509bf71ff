"""The verbs: each is a module of `commands` of the same name, here with its one line of help. Imports none of them."""

from typing import Final

_GROUPS: Final = {
    "Escalate": {
        "start": "raise your hand; -n WHO rings those it names",
        "end": "end yours",
        "toggle": "raise, or end: for a button or a hot key",
        "list": "what is active, yours first",
        "show": "one in full",
        "run": "run a command; if it fails, raise",
        "recent": "your last messages",
        "history": "what was raised before",
        "watch": "a live board; JSON Lines in a pipe",
    },
    "Answer": {
        "approach": "say that you are coming, and go; --undo",
        "chat": "read and write in an escalation's thread",
        "seen": "dismiss its pop-up here, and say so",
        "mute": "do not be disturbed here, by all or by one",
        "unmute": "be disturbed again",
    },
    "People": {
        "who": "the members: presence, groups, what each can hear",
        "status": "you, the space, who would hear you; or say how you are",
        "away": "say that you are away",
        "back": "say that you are available again",
        "room": "go into a meeting room, or come out",
        "group": "list, join and leave groups",
        "trust": "trust a new key under a known name",
    },
    "Space": {
        "up": "come into your space, or make one",
        "leave": "leave it until `up`",
        "invite": "print the command with which somebody joins",
        "join": "join by an invite's code",
        "space": "show the space",
    },
    "This machine": {
        "daemon": "run, start, stop, restart, status, logs",
        "config": "path, show, set",
        "doctor": "what is broken between you and the others, and what mends it",
        "completion": "print the script for bash, zsh, fish or powershell",
        "demo": "three members on this one machine",
    },
}

VERBS: Final = {verb: told for group in _GROUPS.values() for verb, told in group.items()}


def overview() -> list[str]:
    """What `escalate --help` prints."""
    lines = ["Usage: escalate COMMAND [OPTIONS]", "", "Raise a hand that the whole room sees."]
    for title, verbs in _GROUPS.items():
        lines += ["", f"{title}:", *(f"  {verb:<10} {told}" for verb, told in verbs.items())]
    return [
        *lines,
        "",
        "Examples:",
        "  escalate up",
        '  escalate start -m "caller is threatening" --notify @team',
        "  escalate end",
        "",
        "escalate COMMAND --help tells more. Every command that prints data takes --json.",
    ]
