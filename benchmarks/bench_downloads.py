"""Measures the download engine against the official SDK and against curl and tar.

Everything comes from one local server in a process of its own. Each measurement runs in a fresh
process; the candidates take turns, and the median of the runs counts. Read the ratios, not the
seconds.

Usage:
    python benchmarks/bench_downloads.py --rival-python PATH   # a Python with up42-py 0.37.2
    python benchmarks/bench_downloads.py --only unpack memory  # some of the parts

Needs numpy for the test data, curl and tar for the comparison, and about 14 GB of disk.
"""

from __future__ import annotations

import argparse
import gzip
import io
import json
import os
import shutil
import statistics
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

HERE = Path(__file__).parent
MB = 10**6
# Four scenes of 16 bit, 470 MB together; their noise makes gzip reach about 0.64.
SCENES, SCENE_BYTES, NOISE = 4, 117_500_000, 17.5
# Ten times as much for the memory figure: 3 GB packed.
LONG_FACTOR = 10
# One file over throttled connections.
THROTTLED_BYTES, BYTES_PER_SECOND = 1000 * MB, 50 * MB

OURS = """
import json, re, sys, time
import up42_facade
# Not ru_maxrss: that begins with the highest memory of the process that started this one.
def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1]) * 1024
before = peak()
# A session has loaded these when it comes to a download; the SDK's imports aren't timed either.
import httpx
import tqdm.auto
import up42_facade.byte_stream
from up42_facade.downloads import download_archive, download_file
job, url, target = sys.argv[1:4]
started = time.perf_counter()
if job == "archive":
    download_archive(lambda: url, target, progress=False)
else:
    download_file(lambda: url, target, progress=False, connections=int(job))
seconds = time.perf_counter() - started
memory = peak() - before
written = dict(line.split(": ") for line in open("/proc/self/io").read().splitlines())
print(json.dumps({"seconds": seconds, "memory": memory, "written": int(written["wchar"])}))
"""
RIVAL = """
import json, os, sys, time
os.environ["UP42_DISABLE_VERSION_CHECK"] = "True"
from up42.utils import download_from_gcs_unpack
os.makedirs(sys.argv[3])
started = time.perf_counter()
download_from_gcs_unpack(sys.argv[2], sys.argv[3])
seconds = time.perf_counter() - started
written = dict(line.split(": ") for line in open("/proc/self/io").read().splitlines())
print(json.dumps({"seconds": seconds, "written": int(written["wchar"])}))
"""

Result = dict[str, float]


def scene(seed: int) -> bytes:
    """A band of imagery: a landscape with structures of all sizes, and the sensor's noise."""
    import numpy as np

    generator = np.random.default_rng(seed)
    width = 4096
    height = SCENE_BYTES // 2 // width + 1
    y = np.linspace(0, 9, height, dtype=np.float32)[:, None]
    x = np.linspace(0, 7, width, dtype=np.float32)[None]
    land = 900 + 400 * np.sin(x + seed) * np.cos(y) + 300 * np.sin(3.1 * x * y / 9)
    noise = generator.normal(0, NOISE, (height, width)).astype(np.float32)
    return bytes((land + noise).astype("<u2").tobytes()[:SCENE_BYTES])


def make_data(folder: Path) -> None:
    """Write the archives and the large file, if they aren't there from an earlier run."""
    short, long, large = (folder / name for name in ("short.tgz", "long.tgz", "large.bin"))
    if not large.exists() or large.stat().st_size != THROTTLED_BYTES:
        with large.open("wb") as file:
            file.truncate(THROTTLED_BYTES)
    if short.exists() and long.exists():
        return
    from isal import igzip_threaded

    scenes = [scene(seed) for seed in range(SCENES)]
    with gzip.open(short, "wb", compresslevel=6) as packed:
        _pack(packed, scenes)
    # isal publishes no types.
    with igzip_threaded.open(long, "wb", compresslevel=3, threads=2) as packed:  # type: ignore[no-untyped-call]
        _pack(packed, scenes * LONG_FACTOR)


def _pack(target: io.BufferedIOBase, scenes: list[bytes]) -> None:
    with tarfile.open(fileobj=target, mode="w|") as archive:
        for number, data in enumerate(scenes):
            entry = tarfile.TarInfo(f"output/scene_{number}/scene_{number}.tif")
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run the server; gives its base URL."""
    command = [sys.executable, str(HERE / "_download_server.py"), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def in_python(python: str, script: str, *arguments: str) -> Result:
    """Run a script that prints its measurement."""
    environment = {**os.environ, "PYTHONPATH": str(HERE.parent)} if script == OURS else None
    command = [python, "-c", script, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    result: Result = json.loads(done.stdout.splitlines()[-1])
    return result


def in_shell(url: str, target: str) -> Result:
    """curl piped into tar."""
    Path(target).mkdir(parents=True)
    started = time.perf_counter()
    subprocess.run(f"curl -s '{url}' | tar xz -C '{target}'", shell=True, check=True)
    return {"seconds": time.perf_counter() - started}


def alternate(
    candidates: dict[str, Callable[[str], Result]], folder: Path, rounds: int
) -> dict[str, Result]:
    """Let the candidates take turns; gives the median of each of their figures."""
    results: dict[str, list[Result]] = {name: [] for name in candidates}
    for _ in range(rounds):
        for name, run in candidates.items():
            target = folder / "target"
            # What an earlier run wrote must not be flushed to disk at this one's expense.
            os.sync()
            results[name].append(run(str(target)))
            if target.is_dir():
                shutil.rmtree(target)
            target.unlink(missing_ok=True)
    return {
        name: {key: statistics.median(run[key] for run in runs) for key in runs[0]}
        for name, runs in results.items()
    }


def unpack(base: str, folder: Path, rival: str | None, rounds: int) -> list[tuple[str, ...]]:
    """Download and unpack, against the others; and what is written to disk."""
    url = f"{base}/short.tgz"
    candidates: dict[str, Callable[[str], Result]] = {
        "ours": lambda target: in_python(sys.executable, OURS, "archive", url, target),
        "curl | tar xz": lambda target: in_shell(url, target),
    }
    if rival:
        candidates["up42-py 0.37.2"] = lambda target: in_python(rival, RIVAL, "-", url, target)
    medians = alternate(candidates, folder, rounds)
    ours = medians["ours"]["seconds"]
    rows: list[tuple[str, ...]] = [
        (
            f"unpack {(folder / 'short.tgz').stat().st_size / MB:.0f} MB .tgz: {name}",
            f"{result['seconds']:.2f} s",
            f"{result['seconds'] / ours:.1f} x ours",
            {"ours": "", "curl | tar xz": ">= 3"}.get(name, ">= 5"),
        )
        for name, result in medians.items()
    ]
    content = SCENES * SCENE_BYTES
    rows += [
        (
            f"written to disk: {name}",
            f"{result['written'] / MB:.0f} MB",
            f"{result['written'] / content:.2f} x content",
            "1.00" if name == "ours" else "",
        )
        for name, result in medians.items()
        if "written" in result
    ]
    return rows


def memory(base: str, folder: Path, rounds: int) -> list[tuple[str, ...]]:
    """Peak memory above a bare import."""
    candidates: dict[str, Callable[[str], Result]] = {
        name: lambda target, url=f"{base}/{name}": in_python(  # type: ignore[misc]  # mypy counts the default
            sys.executable, OURS, "archive", url, target
        )
        for name in ("short.tgz", "long.tgz")
    }
    return [
        (
            f"memory above import, {(folder / name).stat().st_size / MB:.0f} MB .tgz",
            f"{result['memory'] / (1 << 20):.0f} MiB",
            "",
            "<= 64",
        )
        for name, result in alternate(candidates, folder, rounds).items()
    ]


def parallel(base: str, folder: Path, rounds: int) -> list[tuple[str, ...]]:
    """One large file from a server that throttles each connection."""
    url = f"{base}/large.bin?bytes_per_second={BYTES_PER_SECOND}"
    candidates: dict[str, Callable[[str], Result]] = {
        count: lambda target, count=count: in_python(  # type: ignore[misc]  # mypy counts the default
            sys.executable, OURS, count, url, target
        )
        for count in ("4", "1")
    }
    medians = alternate(candidates, folder, rounds)
    ours = medians["4"]["seconds"]
    return [
        (
            f"1 GB at {BYTES_PER_SECOND / MB:.0f} MB/s each: {count} connection(s)",
            f"{result['seconds']:.2f} s",
            f"{result['seconds'] / ours:.2f} x ours",
            "" if count == "4" else ">= 3.5",
        )
        for count, result in medians.items()
    ]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rival-python", help="a Python that has up42-py 0.37.2")
    parser.add_argument("--rounds", type=int, default=3, help="runs of each candidate")
    parser.add_argument("--folder", type=Path, help="keeps the test data for the next time")
    parser.add_argument("--only", nargs="*", choices=["unpack", "memory", "parallel"])
    options = parser.parse_args()
    wanted = options.only or ["unpack", "memory", "parallel"]
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        make_data(folder)
        rows: list[tuple[str, ...]] = [("what", "median", "ratio", "target")]
        with server(folder) as base:
            if "unpack" in wanted:
                rows += unpack(base, folder, options.rival_python, options.rounds)
            if "memory" in wanted:
                rows += memory(base, folder, options.rounds)
            if "parallel" in wanted:
                rows += parallel(base, folder, options.rounds)
    for row in rows:
        print(f"{row[0]:<50}{row[1]:>12}{row[2]:>18}{row[3]:>10}")


if __name__ == "__main__":
    main()
