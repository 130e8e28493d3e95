"""Progress bars and status lines: one place decides whether they are shown."""

from __future__ import annotations

import logging
import math
import os
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

from tqdm import TqdmWarning

from up42_facade._common.logs import console_handlers
from up42_facade.errors import escape_for_terminal

with warnings.catch_warnings():
    # In a notebook without ipywidgets, bars consist of characters. Nobody needs a warning for that.
    warnings.simplefilter("ignore", TqdmWarning)
    from tqdm.auto import tqdm

# Set to 0 to switch off all bars, for example in scheduled jobs.
PROGRESS_VARIABLE = "UP42_PROGRESS"
# Seconds between two drawings of a status line.
REFRESH_SECONDS = 1.0


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
        if self.disable:
            return None
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


class StatusLine(logging.Filter):
    """A line that shows what is awaited, for how long, and when it is polled next.

    A thread of its own draws it once a second, so the time advances during slow requests, too. As
    a filter of log handlers, it makes room for their messages, which get lines of their own.
    """

    def __init__(self, name: str, *, progress: bool) -> None:
        super().__init__()
        self._name = name
        self._state = self._details = ""
        self._began = time.monotonic()
        self._next_poll: float | None = None
        self._line = bar(progress=progress, bar_format="{desc}", dynamic_ncols=True)
        self._lock = threading.Lock()
        self._is_interrupted = False
        self._end = threading.Event()
        self._clock = threading.Thread(target=self._tick, name="up42-progress", daemon=True)
        self._handlers: list[logging.Handler] = []

    def __enter__(self) -> Self:
        if not self._line.disable:
            self._handlers = console_handlers()
            for handler in self._handlers:
                handler.addFilter(self)
            self._clock.start()
        return self

    def __exit__(self, *_: object) -> None:
        for handler in self._handlers:
            handler.removeFilter(self)
        self._end.set()
        if self._clock.is_alive():
            self._clock.join()
        self._line.set_description_str(self._shown(is_final=True), refresh=False)
        self._line.close()

    def show(self, state: str, details: str = "") -> None:
        """Change what the line says; a narrow terminal cuts the details, which are at its end."""
        self._state, self._details = state, details

    def sleep(self, seconds: float) -> None:
        """Sleep until the next poll, and count down to it."""
        self._next_poll = time.monotonic() + seconds
        try:
            time.sleep(seconds)
        finally:
            self._next_poll = None

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Remove the line while something else writes to the terminal."""
        with self._lock:
            self._line.clear()
            yield

    def filter(self, record: logging.LogRecord) -> bool:
        """Remove the line before a message; the clock draws it again below."""
        self._is_interrupted = True
        self._line.clear()
        return True

    def _tick(self) -> None:
        while True:
            if self._is_interrupted:
                # A message is being written right now.
                self._is_interrupted = False
            else:
                with self._lock:
                    self._line.set_description_str(self._shown())
            if self._end.wait(REFRESH_SECONDS):
                return

    def _shown(self, *, is_final: bool = False) -> str:
        now = time.monotonic()
        next_poll = self._next_poll
        left = math.ceil(next_poll - now) if next_poll else 0
        wait = f"next poll in {left} s" if left > 0 else "polling"
        elapsed = self._line.format_interval(now - self._began)
        parts = [self._state, elapsed, "" if is_final else wait, self._details]
        return escape_for_terminal(f"{self._name}: {', '.join(filter(None, parts))}")
