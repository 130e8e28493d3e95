"""Parts of remote objects."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import up42_facade as up42
from up42_facade.downloads import _byte_ranges as byte_ranges
from up42_facade.downloads._byte_ranges import (
    BLOCK_BYTES,
    GAP_BYTES,
    PART_BYTES,
    ByteRanges,
    Span,
    merged,
)
from up42_facade.downloads._remote import RemoteFile
from up42_sandbox import Fault, Sandbox

CONTENT = bytes(range(256)) * 1024  # four blocks
LONG = bytes(2 * PART_BYTES + 1)

spans = st.builds(
    lambda start, length: Span(start, start + length),
    st.integers(0, 300_000),
    st.integers(1, 90_000),
)


@pytest.fixture
def executor() -> Any:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def ranges_of(sandbox: Sandbox, executor: ThreadPoolExecutor, content: bytes) -> ByteRanges:
    link = sandbox.storage.put("a.bin", content)
    return ByteRanges(RemoteFile(link), lambda: executor)


def asked(sandbox: Sandbox) -> list[str]:
    found = [r.headers["range"] for r in sandbox.requests if r.origin == "storage"]
    sandbox.clear_requests()
    return sorted(found)


@pytest.mark.parametrize(
    ("start", "stop"),
    [
        (0, 1),
        (0, BLOCK_BYTES),
        (BLOCK_BYTES - 1, BLOCK_BYTES + 1),
        (BLOCK_BYTES, 4 * BLOCK_BYTES),
        (5, 2 * BLOCK_BYTES + 7),
        (len(CONTENT) - 3, len(CONTENT) + 90),
        (len(CONTENT), len(CONTENT) + 5),
        (9, 9),
        (9, 3),
    ],
)
def test_parts(sandbox: Sandbox, executor: ThreadPoolExecutor, start: int, stop: int) -> None:
    ranges = ranges_of(sandbox, executor, CONTENT)
    for _ in range(2):
        assert ranges.read(start, stop) == CONTENT[start:stop]
    assert ranges.size == len(CONTENT)


def test_small_reads_share_requests(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    ranges = ranges_of(sandbox, executor, CONTENT)
    for start in range(0, 2 * BLOCK_BYTES, 1000):
        ranges.read(start, start + 1000)
    assert len(asked(sandbox)) == 3


def test_blocks_are_not_kept_for_ever(
    sandbox: Sandbox, executor: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(byte_ranges, "KEPT_BLOCKS", 2)
    ranges = ranges_of(sandbox, executor, CONTENT)
    for block in (0, 1, 0, 2, 0, 1):
        ranges.read(block * BLOCK_BYTES, block * BLOCK_BYTES + 1)
    # The one that was used least lately has gone: block 1 is asked for twice, block 0 once.
    firsts = [text.partition("-")[0] for text in asked(sandbox)]
    assert firsts == ["bytes=0", "bytes=131072", "bytes=65536", "bytes=65536"]


def test_close_parts_share_a_request(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    ranges = ranges_of(sandbox, executor, CONTENT)
    assert ranges.size
    asked(sandbox)
    wanted = [Span(0, 10), Span(14, 20), Span(20 + GAP_BYTES, 40_000), Span(200_000, 200_005)]
    found = ranges.read_many(wanted)
    assert found == [CONTENT[span.start : span.stop] for span in wanted]
    assert asked(sandbox) == ["bytes=0-39999", "bytes=200000-200004"]


def test_long_parts_are_split(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    ranges = ranges_of(sandbox, executor, LONG)
    assert ranges.read(0, len(LONG)) == LONG
    assert len(asked(sandbox)) == 1 + 3


@given(wanted=st.lists(spans, min_size=1, max_size=8))
def test_any_parts(wanted: list[Span]) -> None:
    class Memory(RemoteFile):
        def fetch(self, start: int, end: int, **_: Any) -> bytes:
            return content[start:end]

    content = CONTENT[:250_000]
    with ThreadPoolExecutor(2) as pool:
        ranges = ByteRanges(Memory(lambda: ""), lambda: pool)
        ranges._validator = byte_ranges.Validator(size=len(content))
        expected = [content[span.start : span.stop] for span in wanted]
        assert ranges.read_many(wanted) == expected
        assert [ranges.read(span.start, span.stop) for span in wanted] == expected


@given(wanted=st.lists(spans, min_size=1, max_size=20))
def test_merged_parts_hold_all_and_lie_apart(wanted: list[Span]) -> None:
    runs = merged(wanted)
    for span in wanted:
        assert any(run.start <= span.start and span.stop <= run.stop for run in runs)
    assert all(later.start - earlier.stop > GAP_BYTES for earlier, later in pairwise(runs))


def test_the_first_request_is_repeated(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    ranges = ranges_of(sandbox, executor, CONTENT)
    sandbox.inject(
        Fault(origin="storage", status=403, times=1),
        Fault(origin="storage", status=503, times=1),
        Fault(origin="storage", drop=1000, times=1),
    )
    assert ranges.read(0, 10) == CONTENT[:10]
    assert len(asked(sandbox)) == 4


def test_an_object_that_was_replaced(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    ranges = ranges_of(sandbox, executor, CONTENT)
    ranges.read(0, 1)
    sandbox.storage.put("a.bin", CONTENT[::-1])
    with pytest.raises(up42.DownloadError, match="changed"):
        ranges.read(100_000, 100_001)


def test_no_ranges(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    sandbox.storage.ranges = False
    with pytest.raises(up42.DownloadError, match="in parts"):
        ranges_of(sandbox, executor, CONTENT).read(0, 1)
