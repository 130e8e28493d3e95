"""The sandbox's clock, which tests can advance."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta


class Clock:
    """A clock that can run faster than real time and be advanced by hand.

    Job states follow `now()`, which runs `speed` times as fast as real time. Tokens and
    signed URLs follow `wall()`, which runs at normal speed, so that a client's credentials
    don't expire within milliseconds if jobs run fast. `advance()` moves both.

    Args:
        speed: Clock seconds per real second, more than 0.
        start: Initial time. Defaults to the current time.

    Example:
        >>> clock = Clock()
        >>> before = clock.now()
        >>> clock.advance(3600)
        >>> (clock.now() - before).total_seconds() >= 3600
        True
    """

    def __init__(self, speed: float = 1.0, start: datetime | None = None) -> None:
        self._lock = threading.Lock()
        self._speed = _checked_speed(speed)
        origin = start if start is not None else datetime.now(UTC)
        if origin.tzinfo is None:
            raise ValueError("start needs a time zone")
        self._now_anchor = self._wall_anchor = origin.astimezone(UTC)
        self._tick = time.monotonic()

    @property
    def speed(self) -> float:
        """Clock seconds per real second; can be set while the sandbox runs."""
        return self._speed

    @speed.setter
    def speed(self, value: float) -> None:
        checked = _checked_speed(value)
        with self._lock:
            self._move_anchors(0.0)
            self._speed = checked

    def now(self) -> datetime:
        """Return the current time of the clock that drives jobs, aware and in UTC."""
        with self._lock:
            elapsed = (time.monotonic() - self._tick) * self._speed
            return self._now_anchor + timedelta(seconds=elapsed)

    def wall(self) -> datetime:
        """Return the current time at normal speed, by which tokens and signed URLs expire."""
        with self._lock:
            return self._wall_anchor + timedelta(seconds=time.monotonic() - self._tick)

    def advance(self, seconds: float) -> None:
        """Advance the clock.

        Args:
            seconds: Seconds to add, 0 or more.

        Raises:
            ValueError: If `seconds` is negative, because jobs don't run backwards.
        """
        if not seconds >= 0:
            raise ValueError(f"the clock only goes forward, got {seconds!r} seconds")
        with self._lock:
            self._move_anchors(seconds)

    def _move_anchors(self, seconds: float) -> None:
        tick = time.monotonic()
        elapsed = tick - self._tick
        self._now_anchor += timedelta(seconds=elapsed * self._speed + seconds)
        self._wall_anchor += timedelta(seconds=elapsed + seconds)
        self._tick = tick


def _checked_speed(speed: float) -> float:
    if not 0 < speed < float("inf"):
        raise ValueError(f"speed must be a positive number, got {speed!r}")
    return float(speed)
