"""A value that is made when it is first asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """Holds what the first caller made; callers in other threads wait for it.

    A failure is not kept: the next caller tries again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[T] = []

    def get(self, make: Callable[[], T]) -> T:
        """Return the value, made by `make` if there is none yet."""
        with self._lock:
            if not self._made:
                self._made.append(make())
            return self._made[0]
