"""Progress bars: one place decides whether they are shown."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from tqdm import TqdmWarning

with warnings.catch_warnings():
    # In a notebook without ipywidgets bars are made of letters, which is no reason to warn.
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm

# Set to 0 to switch every bar off, for instance in scheduled jobs.
PROGRESS_VARIABLE = "UP42_PROGRESS"


def is_shown(progress: bool) -> bool:
    """Tell whether a bar would be shown: wanted, not switched off, and somebody to see it."""
    if not progress or os.environ.get(PROGRESS_VARIABLE) == "0":
        return False
    return "ipykernel" in sys.modules or sys.stderr.isatty()


def bar(*, progress: bool, **options: Any) -> tqdm[Any]:
    """Make a tqdm bar that is silent unless `is_shown(progress)`.

    Args:
        progress: The caller's wish.
        options: Whatever tqdm takes (`total`, `desc`, `unit`, …).
    """
    return tqdm(disable=not is_shown(progress), **options)
