"""Progress bars: one place decides whether they are shown."""

from __future__ import annotations

import os
import sys
import warnings
from typing import Any

from tqdm import TqdmWarning

with warnings.catch_warnings():
    # In a notebook without ipywidgets, bars consist of characters. Nobody needs a warning for that.
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm

# Set to 0 to switch off all bars, for example in scheduled jobs.
PROGRESS_VARIABLE = "UP42_PROGRESS"


def is_shown(progress: bool) -> bool:
    """Return whether a bar would be shown: in a terminal or notebook, unless switched off."""
    if not progress or os.environ.get(PROGRESS_VARIABLE) == "0":
        return False
    return "ipykernel" in sys.modules or sys.stderr.isatty()


def bar(*, progress: bool, **options: Any) -> tqdm[Any]:
    """Create a tqdm bar that is silent unless `is_shown(progress)`.

    Args:
        progress: Whether the caller wants a bar.
        options: Arguments of tqdm (`total`, `desc`, `unit`, …).
    """
    return tqdm(disable=not is_shown(progress), **options)
