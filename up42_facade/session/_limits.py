"""Keep to the documented request rate from our side."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class TokenBucket:
    """Lets `rate` requests per second through, after a burst of `burst`; thread-safe.

    A bucket rather than a library: the ones at hand either serve only asyncio or keep a
    time stamp per request, and this must serve threads and event loops at once.
    """

    def __init__(
        self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._lock = threading.Lock()
        self._available = float(burst)
        self._updated = clock()

    def reserve(self) -> float:
        """Take one place and return the seconds to wait before it may be used."""
        with self._lock:
            now = self._clock()
            gained = (now - self._updated) * self._rate
            self._available = min(self._burst, self._available + gained) - 1
            self._updated = now
            return max(0.0, -self._available / self._rate)
