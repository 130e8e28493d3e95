"""The one place where tests reach inside the facade.

Tests go through public functions, over a socket. What these can't give is here, each with its
reason: sizes that would take gigabytes, waits that would take minutes, and moments between two
steps. A test module that needs a pure function from inside imports it itself and says why.
"""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

import up42_facade as up42

# ---- sizes: reached only with more data than a test can move


def small_parts(patch: pytest.MonkeyPatch) -> None:
    """Use several connections from 200 kB on, not from megabytes."""
    patch.setattr("up42_facade.downloads._transfer.MIN_PIECE_BYTES", 200_000)


def little_inflation(patch: pytest.MonkeyPatch) -> None:
    """Let a body inflate to a megabyte, or tenfold; a gigabyte is the usual limit."""
    patch.setattr("up42_facade.downloads._inflate.MAX_INFLATED_BYTES", 1_000_000)
    patch.setattr("up42_facade.downloads._inflate.MAX_INFLATED_RATIO", 10)


def short_locks(patch: pytest.MonkeyPatch) -> None:
    """Wait a moment for the lock of a folder, not two minutes."""
    patch.setattr("up42_facade.downloads._folders.LOCK_SECONDS", 0.2)


def short_listings(patch: pytest.MonkeyPatch, length: int) -> None:
    """Limit endless listings to so many entries, not to a hundred thousand."""
    patch.setattr("up42_facade._common.paging.LARGEST_LISTING", length)


def small_pages(patch: pytest.MonkeyPatch, size: int) -> None:
    """Request pages of so many items; the sandbox doesn't have enough for the usual size."""
    patch.setattr("up42_facade.stac._items.PAGE_SIZE", size)


def few_recent_jobs(patch: pytest.MonkeyPatch, count: int) -> None:
    """Compare so many jobs before and after a request, not a hundred."""
    patch.setattr("up42_facade.processing._execution.RECENT_JOBS", count)


def image_parts(
    patch: pytest.MonkeyPatch, *, whole: int, part: int, readers: int | None = None
) -> None:
    """Read images in parts.

    Args:
        whole: Pixels up to which an image is read at once; 8 million is usual.
        part: Bytes of one part.
        readers: Threads that read.
    """
    patch.setattr("up42_facade.viz._reading.FEW_PIXELS", whole)
    patch.setattr("up42_facade.viz._reading.CHUNK_BYTES", part)
    if readers is not None:
        patch.setattr("up42_facade.viz._reading.READERS", readers)


# ---- clocks and waits: minutes or hours


def without_pauses(patch: pytest.MonkeyPatch, longest: float = 0.01) -> None:
    """Shorten the pauses between attempts at a download to so many seconds."""
    patch.setattr("up42_facade.downloads._remote.LONGEST_WAIT_SECONDS", longest)
    patch.setattr("up42_facade.downloads._remote.LONGEST_RETRY_AFTER_SECONDS", 2 * longest)


def impatience_with_slow_servers(patch: pytest.MonkeyPatch) -> None:
    """Require 10 MB per second of a server, not 500 bytes."""
    patch.setattr("up42_facade.downloads._remote.MIN_BYTES_PER_SECOND", 10_000_000)


def outdated_estimates(patch: pytest.MonkeyPatch) -> None:
    """Let an estimate be too old at once, not after an hour."""
    patch.setattr("up42_facade.processing._templates.ESTIMATE_LIFETIME", dt.timedelta(0))


def settling_soon(patch: pytest.MonkeyPatch) -> None:
    """Shorten the waits for the last status of a job whose end is decided."""
    patch.setattr("up42_facade._common.tracking.SETTLING_WAITS", (0.01, 0.01, 0.01))


@contextmanager
def hasty_tracking(longest: float) -> Iterator[None]:
    """Shorten the waits between two polls to so many seconds; others sleep as usual."""
    sleep = time.sleep
    names = {**vars(time), "sleep": lambda seconds: sleep(min(seconds, longest))}
    clock = SimpleNamespace(**names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("up42_facade._common.progress.time", clock)
        patch.setattr("up42_facade.batch._tracking.time", clock)
        yield


# ---- moments: between two steps that follow one another at once


def batch_pool(patch: pytest.MonkeyPatch, pool: Any) -> None:
    """Let batches work in pools of this class."""
    patch.setattr("up42_facade.batch._entries.ThreadPoolExecutor", pool)


def batch_waits(patch: pytest.MonkeyPatch, wait: Any) -> None:
    """Let batches wait for their threads in this function, which gets the futures."""
    patch.setattr("up42_facade.batch._entries.completed", wait)


def while_entries_are_read(patch: pytest.MonkeyPatch, call: Callable[[], object]) -> None:
    """Call this once, when a journal that is only read has its first entry."""
    from up42_facade.batch._journal import Journal

    remember = Journal._remember

    def slowly(journal: Journal, entry: up42.BatchEntry) -> None:
        remember(journal, entry)
        if journal.is_read_only:
            patch.setattr(Journal, "_remember", remember)
            call()

    patch.setattr(Journal, "_remember", slowly)
