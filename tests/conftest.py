"""Makes tests/support importable as `support`: with --import-mode=importlib pytest adds no folder itself."""

import signal
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Started in a shell's background: children would inherit that Ctrl-C is ignored, and some tests press it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
