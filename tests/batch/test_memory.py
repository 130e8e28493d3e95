"""A batch of ten thousand jobs fits into any machine."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

import up42_facade as up42
from tests.batch.conftest import Make
from up42_sandbox import Sandbox

COUNT = 10_000
# Megabytes above a bare import. It takes less than half of that: this can't fail by chance.
MOST = 200
MEASURE = """
import sys
import up42_facade as up42, geopandas, up42_facade.batch
from pathlib import Path

def megabytes(name):
    fields = Path("/proc/self/status").read_text().split()
    return int(fields[fields.index(name) + 1]) // 1024

session = up42.Session(username=sys.argv[2], password="x", base_url=sys.argv[3])
before = megabytes("VmRSS:")
batch = up42.Batch.resume(sys.argv[1], session=session)
loaded = megabytes("VmRSS:") - before
assert len(batch) == int(sys.argv[4]), len(batch)
assert len(batch.jobs) == len(batch)
len(batch.to_dataframe()), len(batch.report()), batch.counts, batch.cost, repr(batch)
# Not getrusage(): its maximum is that of the process that started this one, if it was larger.
print(loaded, megabytes("VmHWM:") - before)
"""


@pytest.fixture
def journal(make: Make, sandbox: Sandbox, tmp_path: Path) -> Path:
    """A journal as that of a large campaign: written at once, as ten thousand notes take time."""
    path = tmp_path / "large.db"
    titles = [f"Scene {number} of a campaign with a long title" for number in range(COUNT)]
    with up42.Batch(make(*titles), path=path) as batch:
        job = batch[:1].execute().track(wait=0.05).jobs[0]
    metadata = job.to_metadata()
    attempts = []
    for number, title in enumerate(titles[1:], start=1):
        inputs = {**job.inputs, "title": title}
        text = json.dumps({**metadata, "jobID": f"{number:036}", "definition": {"inputs": inputs}})
        attempts.append((number, f"{number:036}", text))
    cost = {"strategy": "area", "credits": 36, "size": 9.0, "unit": "SQ_KM"}
    assessment = json.dumps({"errors": [], "cost": cost, "at": "2025-01-01T00:00:00+00:00"})
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("UPDATE entries SET assessment = ?", (assessment,))
        connection.executemany(
            "INSERT INTO attempts (entry_id, number, state, workspace_id, job_id, job) "
            "VALUES (?, 1, 'executed', 'w', ?, ?)",
            attempts,
        )
    return path


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_ten_thousand_jobs(journal: Path, sandbox: Sandbox) -> None:
    arguments = [str(journal), sandbox.username, sandbox.url, str(COUNT)]
    result = subprocess.run(
        [sys.executable, "-c", MEASURE, *arguments], capture_output=True, text=True, check=False
    )
    assert result.returncode == 0, result.stderr
    loaded, peak = map(int, result.stdout.split())
    print(f"{loaded} MB loaded, {peak} MB at most")
    assert 0 < loaded < MOST
    assert peak < MOST
