"""Test data for the downloads: what a satellite image compresses to."""

from __future__ import annotations

import gzip
import io
import tarfile
from pathlib import Path

import numpy as np

# Bands of 16 bit; their noise makes gzip reach about 0.65.
NOISE = 17.5
WIDTH = 4096


def scene(seed: int, size: int) -> bytes:
    """Return a band of imagery: structures of all sizes, and the sensor's noise.

    Args:
        seed: Decides the landscape.
        size: Bytes.
    """
    generator = np.random.default_rng(seed)
    height = size // 2 // WIDTH + 1
    y = np.linspace(0, 9, height, dtype=np.float32)[:, None]
    x = np.linspace(0, 7, WIDTH, dtype=np.float32)[None]
    land = 900 + 400 * np.sin(x + seed) * np.cos(y) + 300 * np.sin(3.1 * x * y / 9)
    noise = generator.normal(0, NOISE, (height, WIDTH)).astype(np.float32)
    return bytes((land + noise).astype("<u2").tobytes()[:size])


def write_archive(path: Path, scenes: list[bytes]) -> None:
    """Write a .tgz as UP42 does."""
    with gzip.open(path, "wb", compresslevel=6) as packed:
        pack(packed, scenes)


def write_long_archive(path: Path, scenes: list[bytes], times: int) -> None:
    """Write a .tgz of the same scenes several times, in a tenth of the time."""
    from isal import igzip_threaded

    # isal publishes no types.
    with igzip_threaded.open(path, "wb", compresslevel=3, threads=2) as packed:  # type: ignore[no-untyped-call]  # has no types
        pack(packed, scenes * times)


def pack(target: io.BufferedIOBase, scenes: list[bytes]) -> None:
    with tarfile.open(fileobj=target, mode="w|") as archive:
        for number, data in enumerate(scenes):
            entry = tarfile.TarInfo(f"output/scene_{number}/scene_{number}.tif")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
