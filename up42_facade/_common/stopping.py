"""Stop transfers from another thread: all that were started in one context."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Stop:
    """Stops the transfers that are started under it. It is stopped by the one it is created under.

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
        """Stop them, and those that start from now on."""
        with self._lock:
            self.is_set = True
            inner = list(self._inner)
        for each in inner:
            each.set()

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Apply this to the transfers that the thread starts in the block."""
        token = _present.set(self)
        try:
            yield
        finally:
            _present.reset(token)

    def event(self) -> threading.Event:
        """Return the event of one transfer, which can also be set alone, if only that fails."""
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
    """Return the event that stops a transfer that starts now."""
    stop = _present.get()
    return threading.Event() if stop is None else stop.event()
