"""End transfers from another thread: all that were begun in one context, however deep inside."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Stop:
    """Ends the transfers that are begun under it, and ends with the one that it is made under.

    Example:
        >>> stop = Stop()
        >>> with stop.applied():
        ...     inner = transfer_stop()
        >>> stop.set()
        >>> inner.is_set()
        True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inner: weakref.WeakSet[threading.Event | Stop] = weakref.WeakSet()
        self.is_set = False
        outer = _present.get()
        if outer is not None:
            outer._adopt(self)

    def set(self) -> None:
        """End them, also those that begin from now on."""
        with self._lock:
            self.is_set = True
            inner = list(self._inner)
        for each in inner:
            each.set()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Let transfers that this thread begins belong to this stop."""
        token = _present.set(self)
        try:
            yield
        finally:
            _present.reset(token)

    def event(self) -> threading.Event:
        """Return an event of one transfer, which may be set alone: its failure is its own."""
        event = threading.Event()
        self._adopt(event)
        return event

    def _adopt(self, inner: threading.Event | Stop) -> None:
        with self._lock:
            self._inner.add(inner)
            if self.is_set:
                inner.set()


_present: ContextVar[Stop | None] = ContextVar("up42_facade_stop", default=None)


def transfer_stop() -> threading.Event:
    """Return the event that ends a transfer that begins now."""
    stop = _present.get()
    return threading.Event() if stop is None else stop.event()
