"""`python -m up42_facade.cli`: the same as `up42`."""

from __future__ import annotations

import sys

from up42_facade.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
