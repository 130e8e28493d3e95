"""Run one page in the current folder: `python -m tests.docs.run_page docs/page.md [TIMES]`.

In a process of its own, since pages leave open what the end of a program closes. It prints as
JSON what the page has printed, the reasons of the blocks that were passed over, and the number
of jobs on the server after each run.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import AbstractContextManager
from pathlib import Path

from tests.docs.pages import PageRun
from tests.inside import hasty_tracking
from up42_sandbox import Sandbox

# A job of a minute is over in a thirtieth of a second.
SPEED = 2_000
# Seconds. Pages say how long to wait between two looks at the real UP42; here it is less.
LONGEST_WAIT = 0.05


def hasty() -> AbstractContextManager[None]:
    """Shorten the waits between two looks at a job."""
    return hasty_tracking(LONGEST_WAIT)


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
