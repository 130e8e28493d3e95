"""Run one page in the current folder: `python -m tests.docs.run_page docs/page.md [TIMES]`.

In a process of its own, since pages leave open what the end of a program closes. It prints as
JSON what the page has printed, the reasons of the blocks that were passed over, and the number
of jobs on the server after each run.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

from tests.docs.pages import PageRun
from up42_sandbox import Sandbox

# A job of a minute is over in a thirtieth of a second.
SPEED = 2_000
# Seconds. Pages say how long to wait between two looks at the real UP42; here it is less.
LONGEST_WAIT = 0.05
# Where looks at jobs wait.
WAITING = ("up42_facade._common.tracking.time", "up42_facade.batch._tracking.time")


@contextmanager
def hasty() -> Iterator[None]:
    """Shorten the waits between two looks at a job."""
    sleep = time.sleep
    clock = SimpleNamespace(
        **{**vars(time), "sleep": lambda seconds: sleep(min(seconds, LONGEST_WAIT))}
    )
    patches = [patch(name, clock) for name in WAITING]
    for one in patches:
        one.start()
    try:
        yield
    finally:
        for one in patches:
            one.stop()


def main(page: Path, times: int = 1) -> None:
    jobs = []
    with Sandbox(speed=SPEED) as sandbox, hasty():
        os.environ.update(sandbox.environment)
        for _ in range(times):
            run = PageRun(page, sandbox)
            run.run()
            jobs.append(len(sandbox.jobs))
    print(json.dumps({"printed": run.all_printed, "skipped": run.skipped, "jobs": jobs}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:]))
