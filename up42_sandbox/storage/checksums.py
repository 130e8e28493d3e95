"""MD5 and CRC-32C of files, as Google Cloud Storage tells them."""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

POLYNOMIAL = 0x82F63B78
"""CRC-32C (Castagnoli), bits reversed."""

LANES = 16_384
"""Parts of a block that are computed side by side."""

BLOCK_BYTES = 64 * 1024 * 1024
"""How much of a file is in memory at a time."""

Words = npt.NDArray[np.uint32]


def hash_header(path: Path) -> tuple[str, str]:
    """Return a file's hashes.

    Args:
        path: The file, read once in blocks.

    Returns:
        The value of `x-goog-hash`, and the MD5 in hex.
    """
    digest = hashlib.md5(usedforsecurity=False)
    crc = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)
            crc = crc32c(block, crc)
    text = base64.b64encode(crc.to_bytes(4, "big")).decode()
    return f"crc32c={text},md5={base64.b64encode(digest.digest()).decode()}", digest.hexdigest()


def crc32c(data: bytes, start: int = 0) -> int:
    """Return the CRC-32C of data.

    Args:
        data: The bytes.
        start: CRC of what came before them.

    Example:
        >>> hex(crc32c(b"123456789"))
        '0xe3069283'
    """
    crc = start ^ 0xFFFFFFFF
    length = len(data) // LANES // 2 * 2
    if length:
        crc = _lanes(data[: length * LANES], length, crc)
    table = _table()
    for byte in data[length * LANES :]:
        crc = int(table[(crc ^ byte) & 0xFF]) ^ (crc >> 8)
    return crc ^ 0xFFFFFFFF


def _lanes(data: bytes, length: int, crc: int) -> int:
    # CRCs are linear: each lane's is computed on its own, side by side, and then shifted
    # by the length of what follows it.
    rows = np.frombuffer(data, "<u2").reshape(LANES, length // 2)
    columns = np.ascontiguousarray(rows.T)
    table = _pair_table()
    sums = np.zeros(LANES, np.uint32)
    sums[0] = crc
    for column in columns:
        sums = table[(sums ^ column) & 0xFFFF] ^ (sums >> np.uint32(16))
    shift = _zeros_operator(length)
    while len(sums) > 1:
        sums = _apply(shift, sums[0::2]) ^ sums[1::2]
        shift = _apply(shift, shift)
    return int(sums[0])


@cache
def _table() -> Words:
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & 1, (table >> 1) ^ np.uint32(POLYNOMIAL), table >> 1)
    return table.astype(np.uint32)


@cache
def _pair_table() -> Words:
    """Return the table for two bytes at a time."""
    single = _table()
    first = single[np.arange(65_536) & 0xFF] ^ (np.arange(65_536, dtype=np.uint32) >> 8)
    pairs: Words = single[first & 0xFF] ^ (first >> np.uint32(8))
    return pairs


def _apply(operator: Words, values: Words) -> Words:
    """Multiply every value with a 32 by 32 bit matrix, given as the images of single bits."""
    result = np.zeros_like(values)
    for bit in range(32):
        result ^= np.where((values >> np.uint32(bit)) & 1, operator[bit], np.uint32(0))
    return result


@cache
def _zeros_operator(length: int) -> Words:
    """Return the matrix that appends `length` zero bytes to a CRC."""
    single_bits = np.uint32(1) << np.arange(32, dtype=np.uint32)
    one_byte = _table()[single_bits & 0xFF] ^ (single_bits >> np.uint32(8))
    result, power = single_bits, one_byte
    while length:
        if length & 1:
            result = _apply(power, result)
        power = _apply(power, power)
        length >>= 1
    return result
