"""Kill programs a hundred times and count their jobs: `python -m tests.credits.long_run`.

Two processes execute one journal at the same time, over a sandbox on which a share of the
requests goes wrong. Each is killed at random moments and started again, in half of the cases with
the lock file deleted, until all kills have been made. Then nothing goes wrong any more, and what
is there is counted. Takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path

from attrs import define, field, fields

import up42_facade as up42
from tests.batch.chaos import LATENCY, Chaos
from tests.batch.workers import advance, execute_beside_another, session_on, templates
from tests.batch.zygote import Zygote
from up42_sandbox import Sandbox

SCENE = "pneo-berlin"
CREDITS = 10**9
# Requests of both processes after which one is killed, at most.
MOST_REQUESTS = 40
# Seconds between two looks at the number of requests.
GLANCE = 0.02
# Kills of each of the two processes in a round, that is with one journal.
KILLS_PER_ROUND = 6
# Seconds that each request takes, so that an execution lasts longer than its processes.
SLOWNESS = 0.05
# Attempts to execute what is left, when nothing goes wrong any more.
LAST_TRIES = 3


@define
class Count:
    """What came of all rounds."""

    kills: int = 0
    templates: int = 0
    jobs: int = 0
    while_killed: int = 0
    duplicates: int = 0
    lost: int = 0
    uncertain: int = 0
    spoiled: int = 0
    requests: int = 0
    exits: Counter[int] = field(factory=Counter)
    seconds: float = 0.0

    def __add__(self, other: Count) -> Count:
        names = [each.name for each in fields(Count)]
        return Count(**{name: getattr(self, name) + getattr(other, name) for name in names})

    def __str__(self) -> str:
        exits = ", ".join(f"{number} with {code}" for code, number in sorted(self.exits.items()))
        return (
            f"{self.kills} kills, {self.templates} templates: {self.jobs} jobs, "
            f"{self.while_killed} of them while programs were killed, "
            f"{self.duplicates} duplicates, {self.lost} lost, {self.uncertain} uncertain; "
            f"{self.spoiled} of {self.requests} requests spoiled, exits: {exits}, "
            f"{self.seconds:.0f} s"
        )


def keep_alive(
    zygote: Zygote, chance: random.Random, sandbox: Sandbox, arguments: Sequence[object], lock: Path
) -> Counter[int]:
    """Start a process again and again, killed each time; return the codes that it ended with."""
    exits: Counter[int] = Counter()
    for _ in range(KILLS_PER_ROUND):
        if chance.random() < 0.5:
            lock.unlink(missing_ok=True)
        process, has_ended = zygote.start(execute_beside_another, *arguments), threading.Event()
        with ThreadPoolExecutor(1) as pool:
            pool.submit(kill_later, process, chance, sandbox, has_ended)
            code = zygote.wait()
            has_ended.set()
        exits[code] += 1
        assert code in (0, -signal.SIGKILL), zygote.log.read_text()
    return exits


def kill_later(
    process: int, chance: random.Random, sandbox: Sandbox, has_ended: threading.Event
) -> None:
    """Kill a process after some requests, whosever, so that a busy machine kills no earlier."""
    last = len(sandbox.requests) + chance.randint(0, MOST_REQUESTS)
    while len(sandbox.requests) < last:
        if has_ended.wait(GLANCE):
            return
    if not has_ended.wait(chance.uniform(0, GLANCE)):
        with suppress(ProcessLookupError):
            os.kill(process, signal.SIGKILL)


def run_round(
    zygotes: Sequence[Zygote], seed: int, count: int, share: float, folder: Path
) -> Count:
    """Execute one batch from its begin to its end."""
    journal, chance = folder / f"{seed}.db", random.Random(seed)
    with Sandbox(credits=CREDITS, durations={"running": 3600}, latency=SLOWNESS) as sandbox:
        # Once: to price everything takes longer than most processes live.
        with session_on(sandbox.url, sandbox.username, sandbox.password) as session:
            made = templates(session, sandbox.item_url(SCENE), count)
            with up42.Batch(made, path=journal) as batch:
                batch.estimate(progress=False)
        chaos = Chaos(sandbox, seed, share)
        account = [sandbox.url, sandbox.username, sandbox.password]
        arguments = (account, sandbox.item_url(SCENE), count, str(journal))
        chances = [random.Random(chance.random()) for _ in zygotes]
        with ThreadPoolExecutor(len(zygotes)) as pool:
            lock = Path(f"{journal}.lock")
            ended = pool.map(
                lambda zygote, own: keep_alive(zygote, own, sandbox, arguments, lock),
                zygotes,
                chances,
            )
        exits: Counter[int] = sum(ended, Counter())
        # What the killed have sent arrives, and nothing goes wrong from now on.
        time.sleep(2 * LATENCY)
        chaos._share = chaos._of_executions = 0.0
        while_killed = len(sandbox.jobs)
        found = counted(sandbox, chaos, journal, count, exits)
        found.while_killed = while_killed
        return found


def counted(
    sandbox: Sandbox, chaos: Chaos, journal: Path, count: int, exits: Counter[int]
) -> Count:
    """Execute what is left, and compare the journal with the server."""
    with session_on(sandbox.url, sandbox.username, sandbox.password) as session:
        made = templates(session, sandbox.item_url(SCENE), count)
        with up42.Batch(made, path=journal) as batch:
            any(advance(batch) for _ in range(LAST_TRIES))
        titles = Counter(job.inputs["title"] for job in sandbox.jobs.values())
        known = {entry.job.id for entry in batch if entry.job}
        uncertain = sum(entry.status == "uncertain" for entry in batch)
    return Count(
        kills=exits[-signal.SIGKILL],
        templates=count,
        jobs=len(sandbox.jobs),
        duplicates=titles.total() - len(titles),
        lost=count - len(known) - uncertain,
        uncertain=uncertain,
        spoiled=chaos.spoiled.total(),
        requests=len(sandbox.requests),
        exits=exits,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run rounds until so many processes were killed.

    Returns:
        Exit code: 1 if a job exists twice or was lost.
    """
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=100, help="how many (%(default)s)")
    parser.add_argument("--templates", type=int, default=60, help="of each batch (%(default)s)")
    parser.add_argument("--share", type=float, default=0.05, help="requests spoiled (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6))
    options = parser.parse_args(arguments)
    print(f"--seed {options.seed}", flush=True)
    total = Count()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        zygotes = [stack.enter_context(Zygote(folder / f"{number}.txt")) for number in range(2)]
        seed = options.seed
        while total.kills < options.kills:
            started = time.monotonic()
            found = run_round(zygotes, seed, options.templates, options.share, folder)
            found.seconds = time.monotonic() - started
            print(found, flush=True)
            total += found
            seed += 1
    print(f"In all: {total}")
    return int(bool(total.duplicates or total.lost))


if __name__ == "__main__":
    sys.exit(main())
