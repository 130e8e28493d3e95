"""The main job with the official SDK: execute, track, collect, download."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import up42_facade as up42
from tests.conftest import new_session
from tests.sdk.conftest import Rival
from up42_sandbox import Sandbox

# Clock seconds per second: a job of about a minute is over before the second look.
SPEED = 120
BUDGET_ID = "2c7d4e90-5b18-4f63-a0d7-96e1c3b8f25a"


@pytest.fixture
def fast_sandbox() -> Iterator[Sandbox]:
    with Sandbox(speed=SPEED) as running:
        yield running


def true_hash(href: str, session: up42.Session) -> str:
    """Return the checksum of the file behind a signed URL, fetched by hand."""
    signed = session.http.post(f"{href}/download-url").json()["url"]
    return hashlib.sha256(httpx.get(signed).raise_for_status().content).hexdigest()


def test_life(rival: Rival, fast_sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox = fast_sandbox
    scene = sandbox.sample_item()
    running = sandbox.add_job(status="running")
    found = rival(
        "life",
        sandbox,
        item_id=scene["id"],
        running_job_id=running.id,
        budget_id=BUDGET_ID,
        folder=str(tmp_path),
    )
    assert found["scene"] == sandbox.item_url()
    check_good_job(found["good"], sandbox)
    assert sandbox.jobs[found["bad"]["executed"]["id"]].budget_id == BUDGET_ID
    assert found["bad"]["tracked"]["status"] == "released"
    assert found["bad"]["tracked"]["collection_url"] is None
    assert found["endless"] == {"raised": "UnfinishedJob", "text": "", "status": "running"}
    assert found["nothing"] == {}
    with new_session(sandbox) as session:
        check_results(found, session, tmp_path)


def check_good_job(good: dict[str, Any], sandbox: Sandbox) -> None:
    executed, tracked = good["executed"], good["tracked"]
    record = sandbox.jobs[executed["id"]]
    assert executed["status"] == "created"
    assert executed["process_id"] == "detection-trees-spacept"
    assert executed["workspace_id"] == sandbox.workspace_id
    assert executed["definition"]["inputs"] == {
        "title": "Trees of Berlin",
        "item": sandbox.item_url(),
    }
    assert tracked["id"] == executed["id"]
    # The SDK stops at the first of these that it sees.
    assert tracked["status"] in ("successful", "captured")
    assert tracked["credits"] == record.credits > 0
    assert tracked["collection_url"].startswith(sandbox.url)


def check_results(found: dict[str, Any], session: up42.Session, folder: Path) -> None:
    job_id = found["good"]["executed"]["id"]
    job = up42.Job.get(job_id, session=session)
    collection = found["collection"]
    ours = job.collection
    assert ours is not None
    assert (collection["id"], collection["title"]) == (ours.id, ours.title)
    assert collection["job_id"] == job_id
    assert collection["items"] == [item.id for item in job.items]
    assert found["by_job"] == collection["items"]
    assert set(collection["item_job_ids"]) == {job_id}
    hrefs = [asset.href for item in job.items for asset in item.assets.values()]
    assert [download["href"] for download in collection["downloads"]] == hrefs
    for download in collection["downloads"]:
        assert download["sha256"] == true_hash(download["href"], session)
    paths = job.download_results(folder / "ours", unpacking=False, progress=False)
    hashes = [hashlib.sha256(Path(path).read_bytes()).hexdigest() for path in paths]
    assert hashes == [download["sha256"] for download in collection["downloads"]]
