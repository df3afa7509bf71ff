"""`python -m escalate_cli`: the command where its script is not installed."""

import sys

from escalate_cli.app import main

if __name__ == "__main__":
    sys.exit(main())
