"""A value that is created when it is first needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Once(Generic[T]):
    """The value that the first caller creates; callers in other threads wait for it.

    A failure isn't kept: the next caller tries again.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: list[T] = []

    def __getstate__(self) -> dict[str, Any]:
        # Locks can't be pickled.
        return {"made": list(self._made)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._lock = threading.Lock()
        self._made = state["made"]

    def get(self, make: Callable[[], T], is_current: Callable[[T], bool] | None = None) -> T:
        """Return the value, created by `make` if there is none yet, or it isn't current."""
        with self._lock:
            if self._made and is_current is not None and not is_current(self._made[0]):
                self._made = []
            if not self._made:
                self._made.append(make())
            return self._made[0]

    @property
    def known(self) -> T | None:
        """The value if it was created already, otherwise None, without waiting."""
        return next(iter(self._made), None)
