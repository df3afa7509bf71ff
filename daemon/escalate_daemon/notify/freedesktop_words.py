"""What is said to a notification server, in its own words (Desktop Notifications Specification 1.2). Pure."""

import html
from typing import Any, Final

from escalate_daemon.notify.base import APP_NAME, Loudness, Popup, icon_path

_SERVER_KEEPS: Final = -1  # expire_timeout: as long as the server thinks right
_NEVER_EXPIRES: Final = 0
_URGENCY: Final = {Loudness.NORMAL: 1, Loudness.CRITICAL: 2}


def notify_body(popup: Popup, replaced: int, capabilities: frozenset[str]) -> list[Any]:
    """The arguments of Notify. The title is never markup; the body is where the server says so."""
    from dbus_fast import Variant

    critical = popup.loudness is Loudness.CRITICAL
    icon = icon_path(popup.colour).as_uri()
    hints = {
        "urgency": Variant("y", _URGENCY[popup.loudness]),
        "category": Variant("s", f"x-escalate.{popup.colour.value}"),
        "image-path": Variant("s", icon),
        "suppress-sound": Variant("b", True),  # servers that advertise sound may be silent: we play it ourselves
    }
    if popup.buttons:
        hints["resident"] = Variant("b", True)  # else who presses one loses the others, and what it changes into
    body = html.escape(popup.body, quote=False) if "body-markup" in capabilities else popup.body
    title = f" {popup.title}" if popup.title.startswith("-") else popup.title
    return [
        APP_NAME,
        replaced,
        icon,
        title,
        body,
        _actions(popup, capabilities),
        hints,
        _NEVER_EXPIRES if critical else _SERVER_KEEPS,
    ]


def _actions(popup: Popup, capabilities: frozenset[str]) -> list[str]:
    """Pairs of key and label. `default` is a click on the pop-up itself: somebody saw it."""
    if "actions" not in capabilities:
        return []
    return ["default", "Seen", *(word for press, label in popup.buttons for word in (press.value, label))]
