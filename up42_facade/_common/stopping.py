"""End transfers from another thread: all that were begun in one context, however deep inside."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar


class Stop:
    """Ends the transfers that are begun under it.

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
        self._events: weakref.WeakSet[threading.Event] = weakref.WeakSet()
        self.is_set = False

    def set(self) -> None:
        """End them, also those that begin from now on."""
        with self._lock:
            self.is_set = True
            events = list(self._events)
        for event in events:
            event.set()

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
        with self._lock:
            self._events.add(event)
            if self.is_set:
                event.set()
        return event


_present: ContextVar[Stop | None] = ContextVar("up42_facade_stop", default=None)


def transfer_stop() -> threading.Event:
    """Return the event that ends a transfer that begins now."""
    stop = _present.get()
    return threading.Event() if stop is None else stop.event()
