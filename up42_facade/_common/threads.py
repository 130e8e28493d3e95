"""Threads: start them, wait for them, and stop the transfers that run in them."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from contextvars import ContextVar
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
# Longest time in which a wait notices Ctrl-C.
INTERRUPT_SECONDS = 1.0
# Seconds after which transfers that were stopped, but still run, are stopped again.
STOP_SECONDS = 0.5


class Stop:
    """Stops the transfers that are started under it. It is stopped by the one it is created under.

    Example:
        >>> stop = Stop()
        >>> with stop.applied():
        ...     inner = TransferStop(lambda: None)
        >>> stop.set()
        >>> inner.is_set()
        True
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inner: weakref.WeakSet[TransferStop | Stop] = weakref.WeakSet()
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

    def _adopt(self, inner: TransferStop | Stop) -> None:
        with self._lock:
            self._inner.add(inner)
            if self.is_set:
                inner.set()


class TransferStop(threading.Event):
    """Stops one transfer, which starts now; also alone, if only that fails.

    Args:
        interrupt: Ends the transfer's present read from another thread. It's called whenever the
            transfer is stopped, also again.
    """

    def __init__(self, interrupt: Callable[[], object]) -> None:
        super().__init__()
        self._interrupt = interrupt
        outer = _present.get()
        if outer is not None:
            outer._adopt(self)

    def set(self) -> None:
        """Stop the transfer."""
        super().set()
        self._interrupt()


def stop_all(futures: Collection[Future[Any]], stop: Callable[[], object]) -> None:
    """Cancel futures, stop what runs, and wait for it."""
    for future in futures:
        future.cancel()
    stop()
    while wait(futures, timeout=STOP_SECONDS).not_done:
        # Again: a transfer may have been about to send its request.
        stop()


def completed(futures: Collection[Future[T]]) -> Iterator[Future[T]]:
    """Yield futures as they end, also those that are canceled when their executor is shut down.

    `as_completed` of the standard library never yields the latter. It may also miss Ctrl-C until
    the next future ends: a signal that arrives just before the wait doesn't wake the main thread.
    """
    ended: SimpleQueue[Future[T]] = SimpleQueue()
    for future in futures:
        future.add_done_callback(ended.put)
    left = len(futures)
    while left:
        try:
            future = ended.get(timeout=INTERRUPT_SECONDS)
        except Empty:
            continue
        left -= 1
        yield future


def in_background(act: Callable[[], T]) -> Future[T]:
    """Run a function in a thread that the interpreter doesn't wait for when it exits."""
    arrival: Future[T] = Future()
    # From now on, it can't be canceled.
    arrival.set_running_or_notify_cancel()

    def run() -> None:
        try:
            arrival.set_result(act())
        except BaseException as error:
            arrival.set_exception(error)

    threading.Thread(target=run, name="up42-background", daemon=True).start()
    return arrival


_present: ContextVar[Stop | None] = ContextVar("up42_facade_stop", default=None)
