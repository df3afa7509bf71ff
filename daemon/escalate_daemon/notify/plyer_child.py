"""Run as a script, isolated: shows one pop-up through plyer, told as JSON on stdin. Imports nothing of ours.

Anything on standard error, or another exit than 0, means that nothing was shown. plyer can block for 40 s
against a hung server and may spawn notify-send: whoever starts this kills it, with its group, in time.
"""

import json
import sys
import warnings
from pathlib import Path

_BALLOON_S = 4  # Windows: how long the balloon stands; it goes when this process ends


def main() -> int:
    """Show what stdin says."""
    told = json.load(sys.stdin)
    if sys.platform == "linux" and Path("/app").is_dir() and not Path("/.flatpak-info").exists():
        sys.stderr.write("plyer takes the folder /app for Flatpak and would call a portal that is not there\n")
        return 1
    warnings.simplefilter("ignore")  # plyer warns on standard error wherever dbus-python is missing
    from plyer import notification

    notification.notify(
        title=str(told["title"]),
        message=str(told["body"]),
        app_name=str(told["app_name"]),
        timeout=_BALLOON_S,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
