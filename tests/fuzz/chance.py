"""Fuzzing by chance, where no coverage guides it: hypothesis makes inputs and shrinks failures."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

# Inputs between two looks at the time.
ROUND = 50
MAX_BYTES = 600


def run(
    check: Callable[[bytes], None], seeds: Sequence[bytes], seconds: float, first_seed: int
) -> int:
    """Check inputs until the time is up, the same ones each time.

    Returns:
        The number of inputs.

    Raises:
        AssertionError, …: If one fails; hypothesis prints the shortest that does.
    """
    changes = st.lists(st.tuples(st.integers(0, MAX_BYTES), st.binary(max_size=8)), max_size=6)
    inputs = st.binary(max_size=MAX_BYTES) | st.builds(changed, st.sampled_from(seeds), changes)
    count = 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:

        @seed(first_seed + count)
        @settings(
            max_examples=ROUND,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        @given(inputs)
        def round_of_inputs(data: bytes) -> None:
            nonlocal count
            count += 1
            check(data)

        round_of_inputs()
    return count


def changed(data: bytes, changes: Sequence[tuple[int, bytes]]) -> bytes:
    """Overwrite some bytes."""
    for start, new in changes:
        start %= len(data) + 1
        data = data[:start] + new + data[start + len(new) :]
    return data
