"""Results, archives, quicklooks, tasks and logs of jobs."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import pytest

import up42_facade as up42
from tests.analytics.conftest import UNKNOWN_ID, GetJob, paths
from up42_facade.analytics import JobTask
from up42_facade.downloads import RESERVED_NAME
from up42_sandbox import Fault, Sandbox


def job_folder(sandbox: Sandbox, name: str) -> Path:
    analytics = sandbox.analytics
    return Path(f"project_{analytics.project_id}") / f"job_{analytics.jobs[name]}"


def files(folder: Path) -> list[str]:
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return sorted(str(path) for path in found if RESERVED_NAME not in path.parts)


# Features ------------------------------------------------------------------------------------


def test_features(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    features = made.get_results_json()
    assert features["type"] == "FeatureCollection"
    assert len(features["features"]) == 2
    assert features["features"][0]["properties"]["up42.data_path"].endswith("_ndvi.tif")
    assert paths(sandbox) == [f"GET /jobs/{made.job_id}/outputs/data-json"]


def test_features_are_as_the_server_sent_them(sandbox: Sandbox, job: GetJob) -> None:
    body = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "id": 7,
                "geometry": None,
                "properties": {"when": "2020-01-13T10:03:18.867537601Z", "none": None},
                "extra": {"a": []},
            }
        ],
        "more": 1,
    }
    sandbox.inject(Fault(path="*/data-json", status=200, body=body))
    assert job("ndvi").get_results_json() == body


def test_features_as_a_frame(job: GetJob) -> None:
    frame = job("ndvi").get_results_json(as_dataframe=True)
    assert isinstance(frame, geopandas.GeoDataFrame)
    assert len(frame) == 2
    assert frame.crs.to_epsg() == 4326
    assert {"geometry", "uid", "up42.data_path", "acquisitionDate", "cloudCoverage"} == set(frame)
    west, south, east, north = frame.total_bounds
    assert 13 < west < east < 14
    assert 52 < south < north < 53
    assert frame.geometry.is_valid.all()


def test_an_empty_result(job: GetJob) -> None:
    made = job("empty")
    assert made.get_results_json() == {"type": "FeatureCollection", "features": []}
    frame = made.get_results_json(as_dataframe=True)
    assert len(frame) == 0
    assert frame.geometry.name == "geometry"
    assert frame.crs.to_epsg() == 4326


@pytest.mark.parametrize("method", ["get_results_json", "download_results"])
@pytest.mark.parametrize(
    ("name", "kind", "text"),
    [
        ("running", up42.UnfinishedJob, "is 'RUNNING' and has no results yet: call track"),
        ("failed", up42.NoResultsError, "ended 'FAILED' and has no results"),
        ("cancelled", up42.NoResultsError, "ended 'CANCELLED' and has no results"),
    ],
)
def test_results_that_are_not_there(
    sandbox: Sandbox,
    job: GetJob,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    method: str,
    name: str,
    kind: type[up42.Up42Error],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    made = job(name)
    with pytest.raises(kind, match=text) as caught:
        getattr(made, method)()
    assert caught.value.job.job_id == made.job_id
    assert list(tmp_path.iterdir()) == []
    assert made.results is None


@pytest.mark.parametrize("status", [400, 404, 409, 410, 422])
def test_however_the_server_says_so(sandbox: Sandbox, job: GetJob, status: int) -> None:
    sandbox.inject(Fault(path="*/outputs/data-json", status=status))
    with pytest.raises(up42.UnfinishedJob):
        job("running").get_results_json()


def test_missing_results_of_a_job_that_succeeded(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.inject(Fault(path="*/outputs/data-json", status=404))
    with pytest.raises(up42.NotFoundError, match="data-json"):
        job("ndvi").get_results_json()


@pytest.mark.parametrize("data", [None, {}, {"url": None}, {"url": ""}, []])
def test_no_download_url(sandbox: Sandbox, job: GetJob, tmp_path: Path, data: Any) -> None:
    body = {"data": data, "error": None}
    sandbox.inject(Fault(path="*/downloads/results", status=200, body=body, times=2))
    with pytest.raises(up42.UnexpectedResponseError, match="no download URL"):
        job("ndvi").download_results(tmp_path)
    with pytest.raises(up42.UnfinishedJob):
        job("running").download_results(tmp_path)


# Archives ------------------------------------------------------------------------------------


def test_download_to_the_default_folder(
    sandbox: Sandbox, job: GetJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = job("ndvi")
    found = made.download_results()
    folder = tmp_path / job_folder(sandbox, "ndvi")
    features = made.get_results_json()["features"]
    names = ["data.json", *(one["properties"]["up42.data_path"] for one in features)]
    assert found == [str(folder / name) for name in names]
    assert all(type(path) is str for path in found)
    assert json.loads(Path(found[0]).read_text())["features"] == features
    assert made.results == found
    assert files(folder) == sorted(names)


def test_download_elsewhere(job: GetJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    there = tmp_path / "new" / "folder"
    for directory in (there, str(there), "new/folder"):
        found = job("ndvi").download_results(directory)
        assert len(found) == 3
        assert all(Path(path).is_file() for path in found)
    assert files(tmp_path) == sorted(f"new/folder/{Path(path).name}" for path in found)


def test_nested_names_survive(job: GetJob, tmp_path: Path) -> None:
    found = job("nested").download_results(tmp_path)
    assert len(found) == 4
    for path in found[1:]:
        relative = Path(path).relative_to(tmp_path)
        assert relative.name == f"{relative.parent.name}_0-0.tif"


def test_an_archive_of_an_empty_result(job: GetJob, tmp_path: Path) -> None:
    assert job("empty").download_results(tmp_path) == [str(tmp_path / "data.json")]


def test_zip_is_unpacked_too(job: GetJob, tmp_path: Path) -> None:
    assert len(job("zip").download_results(tmp_path)) == 3


@pytest.mark.parametrize(("name", "suffix"), [("ndvi", ".tgz"), ("zip", ".zip")])
def test_without_unpacking(
    sandbox: Sandbox,
    job: GetJob,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    suffix: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    made = job(name)
    found = made.download_results(unpacking=False)
    archive = tmp_path / job_folder(sandbox, name) / f"{made.job_id}{suffix}"
    assert found == [str(archive)] == made.results
    assert files(tmp_path) == [str(archive.relative_to(tmp_path))]
    if suffix == ".zip":
        assert "output/data.json" in zipfile.ZipFile(archive).namelist()
    else:
        with tarfile.open(archive) as tar:
            assert "output/data.json" in tar.getnames()


def test_a_kept_tar(sandbox: Sandbox, job: GetJob, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("output/data.json"))
    inject_archive(sandbox, packed.getvalue(), times=2)
    made = job("ndvi")
    assert made.download_results(tmp_path, False) == [str(tmp_path / f"{made.job_id}.tar")]


@pytest.mark.parametrize("content", [b"<html>error</html>", b"", b"plain text" * 100])
@pytest.mark.parametrize("unpacking", [True, False])
def test_what_is_no_archive_is_not_kept(
    sandbox: Sandbox, job: GetJob, tmp_path: Path, content: bytes, unpacking: bool
) -> None:
    inject_archive(sandbox, content, times=2)
    made = job("ndvi")
    with pytest.raises(up42.UnsupportedArchiveError, match=r"(no|isn't an?) .*archive"):
        made.download_results(tmp_path, unpacking)
    assert list(tmp_path.iterdir()) == []
    assert made.results is None


def inject_archive(sandbox: Sandbox, content: bytes, times: int) -> None:
    url = sandbox.storage.put("a/output.tgz", content)()
    body = {"error": None, "data": {"url": url}}
    sandbox.inject(Fault(path="*/downloads/results", status=200, body=body, times=times))


def test_an_expired_url_is_replaced(sandbox: Sandbox, job: GetJob, tmp_path: Path) -> None:
    # Forbidden, as an expired signature is; then the transfer breaks once more.
    sandbox.inject(
        Fault(origin="storage", status=403, times=1),
        Fault(origin="storage", drop=5000, times=1),
        Fault(origin="storage", status=403, times=1),
    )
    made = job("ndvi")
    assert len(made.download_results(tmp_path)) == 3
    asked = [path for path in paths(sandbox) if path.endswith("/downloads/results")]
    assert len(asked) == 3


def test_the_token_stays_with_the_api(sandbox: Sandbox, job: GetJob, tmp_path: Path) -> None:
    job("ndvi").download_results(tmp_path)
    stored = [request for request in sandbox.requests if request.origin == "storage"]
    assert stored
    assert all("authorization" not in request.headers for request in stored)


def test_a_target_that_is_a_file(job: GetJob, tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_text("mine")
    for unpacking in (True, False):
        with pytest.raises(up42.DownloadError):
            job("ndvi").download_results(target, unpacking)
    with pytest.raises(up42.DownloadError):
        job("ndvi").download_quicklooks(target)
    assert target.read_text() == "mine"


# Quicklooks ----------------------------------------------------------------------------------


def test_quicklooks(
    sandbox: Sandbox, job: GetJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = job("ndvi")
    found = made.download_quicklooks()
    folder = tmp_path / job_folder(sandbox, "ndvi")
    assert [Path(path).parent for path in found] == [folder, folder]
    assert [Path(path).suffix for path in found] == [".jpeg", ".jpg"]
    first = made.get_jobtasks()[0].get_results_json()["features"][0]["id"]
    assert Path(found[0]).name == f"quicklook_{first}.jpeg"
    assert all(Path(path).read_bytes().startswith(b"\xff\xd8") for path in found)
    assert made.quicklooks == found
    assert made.results is None
    assert files(tmp_path) == sorted(str(Path(path).relative_to(tmp_path)) for path in found)


def test_many_quicklooks_in_the_servers_order(
    sandbox: Sandbox, job: GetJob, tmp_path: Path
) -> None:
    made = job("many-quicklooks")
    found = made.download_quicklooks(str(tmp_path))
    asked = [path.rpartition("/")[2] for path in paths(sandbox) if "/quicklooks/" in path]
    assert len(found) == 24
    assert {Path(path).name for path in found} == {f"quicklook_{name}" for name in asked}
    listed = sandbox.analytics.task_ids("many-quicklooks")[0]
    answer = made.session.http.get(
        f"/projects/{made.project_id}/jobs/{made.job_id}/tasks/{listed}/outputs/quicklooks"
    )
    assert [Path(path).name for path in found] == [
        f"quicklook_{name}" for name in answer.json()["data"]
    ]


def test_no_quicklooks(job: GetJob, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("no-quicklooks", "empty"):
        made = job(name)
        assert made.download_quicklooks() == []
        assert made.quicklooks == []
    assert list(tmp_path.iterdir()) == []


def test_quicklooks_of_jobs_that_ended_badly_are_those_of_its_data(
    job: GetJob, tmp_path: Path
) -> None:
    assert len(job("failed").download_quicklooks(tmp_path)) == 1
    with pytest.raises(up42.UnfinishedJob):
        job("running").download_quicklooks(tmp_path)
    with pytest.raises(up42.NoResultsError):
        job("cancelled").download_quicklooks(tmp_path)


def test_a_finished_task_whose_list_is_missing_has_none(
    sandbox: Sandbox, job: GetJob, tmp_path: Path
) -> None:
    sandbox.inject(Fault(path="*/quicklooks", status=404))
    assert job("ndvi").download_quicklooks(tmp_path) == []


def test_names_of_quicklooks_stay_in_their_folder(
    sandbox: Sandbox, job: GetJob, tmp_path: Path
) -> None:
    names = ["../../evil.jpg", "a/b.png", "EVIL.jpg", None, "", 5, "..", "ü #?.jpeg"]
    sandbox.inject(
        Fault(path="*/quicklooks", status=200, body={"data": names, "error": None}),
        Fault(path="*/quicklooks/*", status=200, body=b"x", content_type="image/png", times=None),
    )
    found = job("ndvi").download_quicklooks(tmp_path / "here")
    assert len({path.casefold() for path in found}) == 4
    assert Path(found[2]).name == "quicklook_EVIL.jpg"
    assert files(tmp_path) == sorted(f"here/{Path(path).name}" for path in found)


def test_a_quicklook_that_cannot_be_had(sandbox: Sandbox, job: GetJob, tmp_path: Path) -> None:
    sandbox.inject(Fault(path="*/quicklooks/*", status=404))
    made = job("many-quicklooks")
    with pytest.raises(up42.NotFoundError, match="quicklooks"):
        made.download_quicklooks(tmp_path)
    assert made.quicklooks is None


@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"drop": "before"}, {"drop": 100}, {"status": 429}], ids=str
)
def test_quicklooks_survive_trouble(
    sandbox: Sandbox, job: GetJob, tmp_path: Path, fault: dict[str, Any]
) -> None:
    clean = [Path(path).read_bytes() for path in job("ndvi").download_quicklooks(tmp_path / "a")]
    sandbox.inject(Fault(path="*/quicklooks/*", times=2, **fault))
    found = job("ndvi").download_quicklooks(tmp_path / "b")
    assert [Path(path).read_bytes() for path in found] == clean


def test_an_html_page_is_no_quicklook(sandbox: Sandbox, job: GetJob, tmp_path: Path) -> None:
    fault = {"status": 200, "body": "<html>", "content_type": "text/html"}
    sandbox.inject(Fault(path="*/quicklooks/*", times=None, **fault))
    with pytest.raises(up42.UnexpectedResponseError):
        job("ndvi").download_quicklooks(tmp_path)
    assert files(tmp_path) == []


def test_changed_quicklooks_replace_old_ones(job: GetJob, tmp_path: Path) -> None:
    [first, *_] = job("ndvi").download_quicklooks(tmp_path)
    content = Path(first).read_bytes()
    Path(first).write_bytes(bytes(len(content)))
    job("ndvi").download_quicklooks(tmp_path)
    assert Path(first).read_bytes() == content


# Tasks and logs ------------------------------------------------------------------------------


def test_tasks(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    tasks = made.get_jobtasks()
    assert [task.jobtask_id for task in tasks] == sandbox.analytics.task_ids("ndvi")
    assert all(isinstance(task, JobTask) for task in tasks)
    assert "ndvi:1" in repr(tasks[1])
    assert paths(sandbox) == [f"GET /jobs/{made.job_id}/tasks"]


def test_tasks_as_json(job: GetJob) -> None:
    tasks = job("ndvi").get_jobtasks(return_json=True)
    assert [task["name"] for task in tasks] == ["sentinelhub-s2:1", "ndvi:1"]
    assert tasks[1]["parentsIds"] == [tasks[0]["id"]]
    assert all(type(task) is dict for task in tasks)


def test_entries_that_are_no_tasks_are_passed_over(sandbox: Sandbox, job: GetJob) -> None:
    body = {"data": [None, 5, {}, {"id": "t", "block": None}], "error": None}
    sandbox.inject(Fault(path="*/tasks", status=200, body=body))
    [task] = job("ndvi").get_jobtasks()
    assert task.jobtask_id == "t"
    assert "status='UNKNOWN'" in repr(task)


def test_logs_are_printed(
    sandbox: Sandbox, job: GetJob, capsys: pytest.CaptureFixture[str]
) -> None:
    assert job("ndvi").get_logs() is None
    shown = capsys.readouterr().out
    first, second = sandbox.analytics.task_ids("ndvi")
    assert shown.index(first) < shown.index(second)
    assert "sentinelhub-s2:1" in shown
    assert "Wrote 2 images" in shown


def test_logs_are_returned(
    sandbox: Sandbox, job: GetJob, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = job("failed").get_logs(as_print=False, as_return=True)
    assert capsys.readouterr().out == ""
    assert list(logs) == sandbox.analytics.task_ids("failed")
    assert "MemoryError" in logs[sandbox.analytics.task_ids("failed")[1]]
    assert job("ndvi").get_logs(True, True)
    assert capsys.readouterr().out


def test_a_task_without_a_log(sandbox: Sandbox, job: GetJob) -> None:
    first, second = sandbox.analytics.task_ids("running")
    logs = job("running").get_logs(as_print=False, as_return=True)
    assert "starts" in logs[first]
    assert logs[second] == ""
    sandbox.inject(Fault(path=f"*/{second}/logs", status=404))
    assert job("running").get_logs(as_print=False, as_return=True) == logs


def test_results_of_all_tasks(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    found = made.get_jobtasks_results_json()
    assert list(found) == sandbox.analytics.task_ids("ndvi")
    assert found[list(found)[1]] == made.get_results_json()
    assert [len(features["features"]) for features in found.values()] == [2, 2]


def test_results_of_tasks_that_failed_are_left_out(sandbox: Sandbox, job: GetJob) -> None:
    found = job("failed").get_jobtasks_results_json()
    assert list(found) == sandbox.analytics.task_ids("failed")[:1]


def test_results_of_no_task(job: GetJob) -> None:
    with pytest.raises(up42.NoResultsError, match="No task of job"):
        job("cancelled").get_jobtasks_results_json()
    with pytest.raises(up42.UnfinishedJob):
        job("running").get_jobtasks_results_json()


def test_job_ids_have_no_case(sandbox: Sandbox, session: up42.Session) -> None:
    made = up42.initialize_jobtask(
        sandbox.analytics.task_ids("ndvi")[0].upper(),
        sandbox.analytics.jobs["ndvi"].upper(),
        session=session,
    )
    assert made.info["name"] == "sentinelhub-s2:1"
    assert UNKNOWN_ID not in repr(made)
