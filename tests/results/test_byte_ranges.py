"""Parts of remote objects."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import up42_facade as up42
from up42_facade.downloads import ByteRange, ByteRanges, RemoteFile
from up42_sandbox import Fault, Sandbox

BLOCK_BYTES = 64 << 10
GAP_BYTES = 32 << 10
PART_BYTES = 8 << 20
KEPT_BLOCKS = 64
CONTENT = bytes(range(256)) * 1024  # four blocks
LONG = bytes(2 * PART_BYTES + 1)

spans = st.builds(
    lambda start, length: (start, start + length),
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


def test_blocks_are_not_kept_for_ever(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    ranges = ranges_of(sandbox, executor, LONG)
    for block in (*range(KEPT_BLOCKS), 0, KEPT_BLOCKS, 0, 1):
        ranges.read(block * BLOCK_BYTES, block * BLOCK_BYTES + 1)
    # The least recently used one was dropped: block 1 is requested twice, block 0 once.
    firsts = [int(text.partition("=")[2].partition("-")[0]) for text in asked(sandbox)]
    assert sorted(firsts) == sorted(BLOCK_BYTES * n for n in (*range(KEPT_BLOCKS + 1), 1))


def test_close_parts_share_a_request(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    ranges = ranges_of(sandbox, executor, CONTENT)
    assert ranges.size
    asked(sandbox)
    wanted = [(0, 10), (14, 20), (20 + GAP_BYTES, 60_000), (200_000, 200_005)]
    found = ranges.read_many(wanted)
    assert found == [CONTENT[start:stop] for start, stop in wanted]
    assert asked(sandbox) == ["bytes=0-59999", "bytes=200000-200004"]


def test_long_parts_are_split(sandbox: Sandbox, executor: ThreadPoolExecutor) -> None:
    ranges = ranges_of(sandbox, executor, LONG)
    assert ranges.read(0, len(LONG)) == LONG
    assert len(asked(sandbox)) == 1 + 3


@given(wanted=st.lists(spans, min_size=1, max_size=8))
def test_any_parts(wanted: list[ByteRange]) -> None:
    class Memory(RemoteFile):
        def fetch(self, start: int, end: int, known: Any = None) -> tuple[bytes, Any]:
            return content[start:end], SimpleNamespace(size=len(content))

    content = CONTENT[:250_000]
    with ThreadPoolExecutor(2) as pool:
        ranges = ByteRanges(Memory(lambda: ""), lambda: pool)
        expected = [content[start:stop] for start, stop in wanted]
        assert ranges.read_many(wanted) == expected
        assert [ranges.read(start, stop) for start, stop in wanted] == expected


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
