"""Downloads: archives that are unpacked, memory, disk, large files, quicklooks."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measurements.archives import scene, write_archive, write_long_archive
from benchmarks.measurements.bench import (
    Bench,
    Found,
    Measurement,
    Reading,
    child_environment,
    in_turns,
    sides,
)
from benchmarks.measurements.sandboxes import LATENCY, running_sandbox
from benchmarks.report.figures import OLD_SDK, Figure, Unit

SERVER = Path(__file__).with_name("file_server.py")
SHELL = "curl | tar xz"
MB = 10**6
# Four scenes make 470 MB, 308 MB packed; ten times as much makes 3.2 GB packed.
SCENES, SCENE_BYTES, LONG_FACTOR = 4, 117_500_000, 10
CONTENT = SCENES * SCENE_BYTES
# One file over throttled connections.
THROTTLED_BYTES, BYTES_PER_SECOND, CONNECTIONS = 1000 * MB, 50 * MB, 4
MEMORY_LIMIT = 64 * 2**20
# File names and logs make it a little more than the content itself.
DISK_LIMIT = 1.001
QUICKLOOKS = 24
QUICKLOOK_RUNS = 7

UNPACK = Figure(
    name="unpack",
    what="download and unpack a .tgz of 308 MB",
    rule="Four scenes of 16 bit, 470 MB unpacked, from a server on the same machine that sends as "
    "fast as it can. `download_archive` against the SDK's `download_from_gcs_unpack`, after the "
    "imports.",
    against=OLD_SDK,
    at_least=5.0,
)
UNPACK_SHELL = Figure(
    name="unpack-shell",
    what="download and unpack a .tgz of 308 MB",
    rule="The same archive and the same runs of ours, against curl and GNU tar in a pipe.",
    against=SHELL,
    at_least=3.0,
)
DISK = Figure(
    name="unpack-disk",
    what="written to disk for a .tgz of 308 MB",
    rule="In the same runs: bytes that the process has written, by the content of the archive. "
    "The SDK writes the archive, too, and leaves it in the temporary folder.",
    unit=Unit.CONTENTS,
    against=OLD_SDK,
    at_most=DISK_LIMIT,
)
MEMORY = Figure(
    name="unpack-memory",
    what="memory to unpack 308 MB, above the import",
    rule="In the same runs: highest memory above that of the bare import of each package.",
    unit=Unit.MEBIBYTES,
    against=OLD_SDK,
    at_most=MEMORY_LIMIT,
)
TOTAL_MEMORY = Figure(
    name="unpack-memory-total",
    what="memory of the process that unpacks 308 MB",
    rule="In the same runs: highest memory of the whole process. Nothing was promised.",
    unit=Unit.MEBIBYTES,
    against=OLD_SDK,
)
LONG_MEMORY = Figure(
    name="unpack-long-memory",
    what="memory to unpack 3.2 GB, above the import",
    rule="The same of an archive that is ten times as long. Only ours: it is to stay within the "
    "same limit.",
    unit=Unit.MEBIBYTES,
    at_most=MEMORY_LIMIT,
)
THROTTLED = Figure(
    name="throttled",
    what="download 1 GB, 50 MB/s for each connection",
    rule=f"`download_file` with {CONNECTIONS} connections against the same with one, as the SDK "
    "does it, from a server that gives no connection more.",
    against="one connection",
    at_least=3.5,
)
QUICKLOOK = Figure(
    name="quicklooks",
    what=f"download {QUICKLOOKS} quicklooks of a job",
    rule=f"`download_quicklooks` of one job for the second time, so without imports and first "
    f"connections. Every request waits {LATENCY * 1000:.0f} ms.",
    against=OLD_SDK,
    at_least=6.0,
)


def measure_unpacking(bench: Bench) -> Found:
    size = bench.size(SCENE_BYTES, 2 * MB)
    with working_folder(bench) as folder:
        write_archive(folder / "short.tgz", [scene(seed, size) for seed in range(SCENES)])
        with file_server(folder) as base:
            url, target = f"{base}/short.tgz", folder / "target"
            candidates = {
                "ours": lambda: bench.ours("unpacking", url=url, target=str(target)),
                SHELL: lambda: in_shell(url, target),
                OLD_SDK: lambda: bench.old_sdk("unpacking", url=url, target=str(target)),
            }
            readings = in_turns(cleaned(candidates, target), bench.runs())
    for reading in readings["ours"] + readings[OLD_SDK]:
        reading["contents"] = reading["written"] / (SCENES * size)
    return {
        UNPACK.name: sides(readings, rival=OLD_SDK),
        UNPACK_SHELL.name: sides(readings, rival=SHELL),
        DISK.name: sides(without(readings, SHELL), "contents", OLD_SDK),
        MEMORY.name: sides(without(readings, SHELL), "memory", OLD_SDK),
        TOTAL_MEMORY.name: sides(without(readings, SHELL), "total", OLD_SDK),
    }


def measure_long_unpacking(bench: Bench) -> Found:
    size = bench.size(SCENE_BYTES, 2 * MB)
    with working_folder(bench) as folder:
        scenes = [scene(seed, size) for seed in range(SCENES)]
        write_long_archive(folder / "long.tgz", scenes, LONG_FACTOR)
        with file_server(folder) as base:
            url, target = f"{base}/long.tgz", folder / "target"
            candidates = {"ours": lambda: bench.ours("unpacking", url=url, target=str(target))}
            readings = in_turns(cleaned(candidates, target), bench.runs(), warm_up=False)
    return {LONG_MEMORY.name: sides(readings, "memory")}


def measure_throttled(bench: Bench) -> Found:
    with working_folder(bench) as folder:
        with (folder / "large.bin").open("wb") as file:
            file.truncate(bench.size(THROTTLED_BYTES, 50 * MB))
        with file_server(folder) as base:
            url = f"{base}/large.bin?bytes_per_second={BYTES_PER_SECOND}"
            target = folder / "target"

            def over(connections: int) -> Callable[[], Reading]:
                return lambda: bench.ours(
                    "transfers", url=url, target=str(target), connections=connections
                )

            candidates = {"ours": over(CONNECTIONS), "rival": over(1)}
            readings = in_turns(cleaned(candidates, target), bench.runs(), warm_up=False)
    return {THROTTLED.name: sides(readings)}


def measure_quicklooks(bench: Bench) -> Found:
    with running_sandbox(LATENCY) as sandbox:
        work = {**sandbox.project, "job_id": sandbox.state["analytics_jobs"]["many-quicklooks"]}
        candidates = {
            "ours": lambda: bench.ours("quicklooks", **work),
            "rival": lambda: bench.old_sdk("quicklooks", **work),
        }
        readings = in_turns(candidates, bench.runs(QUICKLOOK_RUNS))
    return {QUICKLOOK.name: sides(readings)}


@contextmanager
def working_folder(bench: Bench) -> Iterator[Path]:
    """Make a folder for test data that goes as soon as it isn't needed."""
    with tempfile.TemporaryDirectory(dir=bench.folder) as name:
        yield Path(name)


@contextmanager
def file_server(folder: Path) -> Iterator[str]:
    """Serve the files of a folder from a process of its own; gives the base URL."""
    command = [sys.executable, str(SERVER), str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


def in_shell(url: str, target: Path) -> Reading:
    """Pipe curl into tar."""
    target.mkdir()
    command = f"curl -sf {shlex.quote(url)} | tar xz -C {shlex.quote(str(target))}"
    started = time.perf_counter()
    subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        check=True,
        env=child_environment(str(target.parent)),
    )
    return {"seconds": time.perf_counter() - started}


def cleaned(
    candidates: dict[str, Callable[[], Reading]], target: Path
) -> dict[str, Callable[[], Reading]]:
    """Let each candidate find no target, and nothing that is still to be flushed to disk."""

    def clean(run: Callable[[], Reading]) -> Callable[[], Reading]:
        def cleanly() -> Reading:
            os.sync()
            try:
                return run()
            finally:
                shutil.rmtree(target) if target.is_dir() else target.unlink(missing_ok=True)

        return cleanly

    return {name: clean(run) for name, run in candidates.items()}


def without(readings: dict[str, list[Reading]], name: str) -> dict[str, list[Reading]]:
    return {other: found for other, found in readings.items() if other != name}


DOWNLOADS = (
    Measurement(
        name="unpack",
        figures=(UNPACK, UNPACK_SHELL, DISK, MEMORY, TOTAL_MEMORY),
        run=measure_unpacking,
        sdks=(OLD_SDK,),
        # The archive, the SDK's copy of it, and the content.
        disk=2 * 310 * MB + CONTENT,
    ),
    Measurement(
        name="unpack-long",
        figures=(LONG_MEMORY,),
        run=measure_long_unpacking,
        disk=LONG_FACTOR * (CONTENT + 320 * MB),
    ),
    # The file that is served is a hole: it takes no room.
    Measurement(
        name="throttled", figures=(THROTTLED,), run=measure_throttled, disk=THROTTLED_BYTES
    ),
    Measurement(name="quicklooks", figures=(QUICKLOOK,), run=measure_quicklooks, sdks=(OLD_SDK,)),
)
