"""Progress bars: one place decides whether they are shown."""

from __future__ import annotations

import os
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
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


class ByteBar(tqdm):  # type: ignore[type-arg]  # generic in its stubs only
    """A bar of received bytes; those of downloads within `counted` are counted here too."""

    def __init__(self, *, progress: bool, **options: Any) -> None:
        super().__init__(disable=not is_shown(progress), unit="B", unit_scale=True, **options)
        self._outer = _outer.get()
        self._counting = threading.Lock()

    def update(self, n: float | None = 1) -> bool | None:
        """Count bytes; several threads may do so."""
        if self._outer is not None:
            self._outer.update(n)
        with self._counting:
            return super().update(n)

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Also count the bytes of the transfers that are started in the block."""
        token = _outer.set(self)
        try:
            yield
        finally:
            _outer.reset(token)


_outer: ContextVar[ByteBar | None] = ContextVar("up42_facade_byte_bar", default=None)
