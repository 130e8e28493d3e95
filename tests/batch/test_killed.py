"""Killed anywhere and started again: each template has one job, each credit is spent once."""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import up42_facade as up42
from tests.batch import workers
from tests.batch.chaos import PHASES, Chaos, Kill
from tests.batch.conftest import delivered, result_content
from tests.batch.zygote import Zygote
from tests.conftest import new_session
from up42_sandbox import Sandbox

SCENE = "pneo-berlin"
FILES = ("true_color.tif", "thumbnail.png")
# Starts of the worker before the test gives up: kills, and faults that end a script.
MOST_STARTS = 80
# Of all requests, so many are spoiled; where there are few of them, more of those that cost.
SHARE = 0.05
SHARE_OF_FEW = 0.3
FEW = 100


def plan(chance: random.Random, count: int, kills: dict[str, int]) -> list[Kill]:
    """Choose the moments: in each phase so many, spread over about its whole length."""
    # Requests of a phase for one template, and how often it begins anew: an estimate that is
    # killed is worth nothing, everything else goes on where it was.
    requests = {"estimate": 2.0, "execute": 2.0, "track": 0.01, "download": 6.0}
    moments = []
    for phase, number in kills.items():
        share = 1 if phase == "estimate" else number + 1
        longest = max(3, int(count * requests[phase] / share))
        moments += [
            Kill(phase, chance.randint(1, longest), chance.choice(["before", "after", "later"]))
            for _ in range(number)
        ]
    # Whether a request for jobs is one for tracking shows only when it was answered.
    for kill in moments:
        kill.when = "after" if kill.phase == "track" and kill.when == "before" else kill.when
    return moments


def run_to_the_end(
    sandbox: Sandbox, zygote: Zygote, chaos: Chaos, moments: list[Kill], arguments: list[Any]
) -> Counter[int]:
    """Start the worker again and again, killed at each moment; return its exit codes."""
    codes: Counter[int] = Counter()
    waiting = list(moments)
    while codes[0] == 0:
        assert codes.total() < MOST_STARTS, zygote.log.read_text()[-3000:]
        if waiting and not chaos.is_armed:
            chaos.arm(waiting.pop(0))
        if not chaos.is_armed or chaos.phase == "download":
            # Until now nothing came to an end, so that tracking lasts long enough.
            sandbox.clock.speed = 1000
        chaos.target(zygote.start(workers.campaign, *arguments))
        codes[zygote.wait()] += 1
    return codes


@pytest.mark.parametrize(
    ("count", "seed", "kills"),
    [
        (200, 1, {"estimate": 4, "execute": 9, "track": 3, "download": 4}),
        (40, 2, {"estimate": 2, "execute": 10, "track": 2, "download": 6}),
    ],
    ids=str,
)
@pytest.mark.usefixtures("small_results")
def test_whenever_it_is_killed_each_runs_once(
    zygote: Zygote, tmp_path: Path, count: int, seed: int, kills: dict[str, int]
) -> None:
    journal, folder = tmp_path / "campaign.db", tmp_path / "results"
    moments = plan(random.Random(seed), count, kills)
    credits = 1_000_000
    with Sandbox(credits=credits, durations={"running": 3600}, token_lifetime=2) as sandbox:
        chaos = Chaos(sandbox, seed, SHARE, SHARE_OF_FEW if count < FEW else SHARE)
        account = [sandbox.url, sandbox.username, sandbox.password]
        item = sandbox.item_url(SCENE)
        arguments = [account, item, count, str(journal), str(folder)]
        codes = run_to_the_end(sandbox, zygote, chaos, moments, arguments)
        told = f"seed {seed}, killed {chaos.killed}, spoiled {chaos.spoiled}, exits {codes}"
        print(told)

        assert codes[-9] == len(moments), told
        assert Counter(kill.phase for kill in chaos.killed) == kills, told
        assert set(kills) == set(PHASES)
        assert chaos.spoiled.total() > 0.02 * len(sandbox.requests), told
        require_one_job_each(sandbox, count, credits, told)
        with new_session(sandbox) as session:
            require_the_same(sandbox, session, journal, told)
            require_files(session, journal, folder, told)


def require_one_job_each(sandbox: Sandbox, count: int, credits: int, told: str) -> None:
    titles = Counter(job.inputs["title"] for job in sandbox.jobs.values())
    assert titles == {f"Scene {number}": 1 for number in range(count)}, told
    spent = sum(job.credits for job in sandbox.jobs.values())
    balance = sandbox.balance
    assert (balance.available, balance.held, balance.captured) == (credits - spent, 0, spent), told


def require_the_same(sandbox: Sandbox, session: up42.Session, journal: Path, told: str) -> None:
    """The journal says what the server says."""
    with up42.Batch.resume(journal, session=session) as batch:
        assert batch.counts == {"captured": len(sandbox.jobs)}, told
        assert batch.credits == sandbox.balance.captured == batch.cost.credits, told
        for entry in batch:
            assert entry.job is not None
            there = sandbox.jobs[entry.job.id]
            assert there.inputs == entry.inputs == entry.job.inputs, told
            assert there.credits == entry.job.credits, told


def require_files(session: up42.Session, journal: Path, folder: Path, told: str) -> None:
    """Each result is there once and right, and nothing else is."""
    expected: dict[str, str] = {}
    with up42.Batch.resume(journal, session=session, read_only=True) as batch:
        for entry in batch:
            assert entry.job is not None
            paths = [folder / f"job_{entry.job.id}" / name for name in FILES]
            assert sorted(entry.files or []) == sorted(map(str, paths)), told
            for path in paths:
                expected[str(path)] = digest(result_content(str(entry.title), path.name))
    found = {str(path): digest(path.read_bytes()) for path in delivered(folder)}
    assert found == expected, told


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
