"""Makes tests/support importable as `support`: with --import-mode=importlib pytest adds no folder itself."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
