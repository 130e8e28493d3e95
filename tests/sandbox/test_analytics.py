"""The older API: projects, workflows, jobs, tasks and what they leave behind."""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from datetime import datetime
from typing import Any

import httpx
import pytest
from rasterio.io import MemoryFile

from tests.sandbox.conftest import Api
from up42_sandbox import Sandbox

UNKNOWN = "00000000-0000-4000-8000-000000000000"
INPUTS = {"sentinelhub-s2:1": {"bbox": [13.3, 52.4, 13.4, 52.5], "limit": 1}, "ndvi:1": {}}


class Project(Api):
    """Shorthands for one project."""

    def __init__(self, sandbox: Sandbox, client: httpx.Client) -> None:
        super().__init__(sandbox, client)
        self.path = f"/projects/{sandbox.project_id}"

    def job_path(self, name: str) -> str:
        return f"{self.path}/jobs/{self.sandbox.analytics.jobs.get(name, name)}"

    def data(self, path: str, **options: Any) -> Any:
        response = self.get(path, **options)
        assert not response["error"]
        return response["data"]

    def error(self, method: str, path: str, status: int, **options: Any) -> dict[str, Any]:
        response = self.client.request(method, path, **options)
        assert response.status_code == status, response.text
        document = response.json()
        assert document["data"] is None
        assert document["error"]["message"]
        return dict(document["error"])

    def workflow_path(self, name: str = "ndvi") -> str:
        return f"{self.path}/workflows/{self.sandbox.analytics.workflows[name]}/jobs"

    def create(self, **options: Any) -> dict[str, Any]:
        return dict(self.post(self.workflow_path(), json=INPUTS, **options)["data"])

    def states(self, job_id: str) -> tuple[str, list[str]]:
        tasks = self.data(f"{self.job_path(job_id)}/tasks")
        return self.data(self.job_path(job_id))["status"], [task["status"] for task in tasks]

    def archive(self, path: str) -> bytes:
        return httpx.get(self.data(f"{path}/downloads/results")["url"]).content


@pytest.fixture
def project(anonymous: Api) -> Project:
    """A client with the token of the main project."""
    sandbox = anonymous.sandbox
    form = {"grant_type": "client_credentials"}
    credentials = (sandbox.project_id, sandbox.project_api_key)
    token = anonymous.post("/oauth/token", data=form, auth=credentials)["access_token"]
    made = Project(sandbox, anonymous.client)
    made.use_token(token)
    return made


def members(content: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
        return {entry.name: archive.extractfile(entry).read() for entry in archive}  # type: ignore[union-attr]


# Jobs ----------------------------------------------------------------------------------------


def test_job_of_2023(project: Project) -> None:
    job = project.data(project.job_path("ndvi"))
    assert job["displayId"] == job["id"][:8]
    assert job["status"] == "SUCCEEDED"
    assert job["mode"] == "DEFAULT"
    assert job["workflowName"] == "NDVI"
    assert set(job["inputs"]) == {"sentinelhub-s2:1", "ndvi:1"}
    assert job["createdBy"]["type"] == "API_KEY"
    moments = [datetime.fromisoformat(job[f"{name}At"]) for name in ("created", "started")]
    assert moments == sorted(moments)


def test_job_of_2020_has_neither_name_nor_creator(project: Project) -> None:
    job = project.data(project.job_path("unnamed"))
    assert job["name"] is None
    assert "createdBy" not in job
    assert re.fullmatch(r".*\.\d{3}Z", job["createdAt"])


def test_listing_in_pages_of_a_hundred(project: Project) -> None:
    project.sandbox.analytics.add_jobs(230)
    pages = []
    while page := project.data(f"{project.path}/jobs", params={"page": len(pages)}):
        pages.append(page)
    own = len(project.sandbox.analytics.jobs) - 1
    assert [len(page) for page in pages] == [100, 100, 30 + own]
    jobs = [job for page in pages for job in page]
    assert len({job["id"] for job in jobs}) == 230 + own
    created = [datetime.fromisoformat(job["createdAt"]) for job in jobs]
    assert created == sorted(created, reverse=True)


@pytest.mark.parametrize(
    "field", ["createdAt", "name", "id", "mode", "status", "startedAt", "finishedAt"]
)
def test_sorting(project: Project, field: str) -> None:
    for direction in ("asc", "desc"):
        query = {"sort": f"{field},{direction}"}
        values = [job[field] or "" for job in project.data(f"{project.path}/jobs", params=query)]
        shortened = [value[:19] if field.endswith("At") else value for value in values]
        assert shortened == sorted(shortened, reverse=direction == "desc")


@pytest.mark.parametrize("query", [{"page": "-1"}, {"page": "x"}, {"sort": "color,asc"}])
def test_wrong_queries(project: Project, query: dict[str, str]) -> None:
    assert project.error("GET", f"{project.path}/jobs", 400, params=query)["code"] == 400


def test_trailing_slashes_make_no_difference(project: Project) -> None:
    for path in ("", "/jobs", "/jobs/", "/settings"):
        assert project.get(f"{project.path}{path}") == project.get(f"{project.path}{path}/")
    job = project.job_path("ndvi")
    assert project.get(f"{job}/tasks/") == project.get(f"{job}/tasks")
    assert project.get(f"{job}/outputs/data-json/")["features"]


def test_life_of_a_job(project: Project) -> None:
    job = project.create(params={"name": "My job"})
    assert job["status"] == "NOT_STARTED"
    assert job["name"] == "My job"
    assert job["startedAt"] is job["finishedAt"] is None
    assert project.create()["name"] is None
    seen = []
    for seconds in (0, 1, 4, 30, 30):
        project.sandbox.clock.advance(seconds)
        seen.append(project.states(job["id"]))
    assert seen == [
        ("NOT_STARTED", ["NOT_STARTED", "NOT_STARTED"]),
        ("PENDING", ["PENDING", "NOT_STARTED"]),
        ("RUNNING", ["RUNNING", "NOT_STARTED"]),
        ("RUNNING", ["SUCCEEDED", "RUNNING"]),
        ("SUCCEEDED", ["SUCCEEDED", "SUCCEEDED"]),
    ]
    assert project.get(f"{project.job_path(job['id'])}/outputs/data-json")["features"]


@pytest.mark.parametrize(
    ("name", "ending", "tasks"),
    [
        ("[failed]", "FAILED", ["SUCCEEDED", "FAILED"]),
        ("[error]", "ERROR", ["ERROR", "CANCELLED"]),
    ],
)
def test_jobs_that_end_badly(project: Project, name: str, ending: str, tasks: list[str]) -> None:
    by_name = project.create(params={"name": name})["id"]
    project.sandbox.analytics.fail_next_job(ending)
    by_call = project.create()["id"]
    project.sandbox.clock.advance(100)
    assert project.states(by_name) == project.states(by_call) == (ending, tasks)
    with pytest.raises(ValueError, match="must be one of"):
        project.sandbox.analytics.fail_next_job("SLOWLY")


def test_cancel(project: Project) -> None:
    running = project.job_path("running")
    assert project.states("running")[0] == "RUNNING"
    assert project.client.post(f"{running}/cancel").status_code == 204
    assert project.states("running") == ("CANCELLING", ["CANCELLING", "CANCELLING"])
    project.sandbox.clock.advance(3)
    assert project.states("running") == ("CANCELLED", ["CANCELLED", "CANCELLED"])
    assert project.client.post(f"{running}/cancel/").status_code == 204


def test_cancelling_between_tasks_and_after_the_end(project: Project) -> None:
    job_id = project.create()["id"]
    project.sandbox.clock.advance(40)
    project.client.post(f"{project.job_path(job_id)}/cancel")
    project.sandbox.clock.advance(5)
    assert project.states(job_id) == ("CANCELLED", ["SUCCEEDED", "CANCELLED"])
    project.client.post(f"{project.job_path('ndvi')}/cancel")
    assert project.states("ndvi")[0] == "SUCCEEDED"
    assert project.states("cancelled") == ("CANCELLED", ["CANCELLED", "CANCELLED"])


def test_rename(project: Project) -> None:
    path = f"{project.workflow_path()}/{project.sandbox.analytics.jobs['ndvi']}"
    response = project.client.put(path, json={"name": "Spring"})
    assert response.json()["data"]["name"] == "Spring"
    assert project.data(project.job_path("ndvi"))["name"] == "Spring"
    assert project.error("PUT", path, 400)["code"] == 400
    assert project.error("PUT", path, 400, json={})["code"] == 400
    assert project.error("PUT", path, 400, json=[])["code"] == 400
    headers = {"Content-Type": "text/plain"}
    response = project.client.put(path, content="x", headers=headers)
    assert response.status_code == 415
    assert response.json()["code"] == 415
    assert response.json()["data"] is response.json()["error"] is None
    other = f"{project.workflow_path('data')}/{project.sandbox.analytics.jobs['ndvi']}"
    project.error("PUT", other, 404, json={"name": "x"})


def test_rerun(project: Project) -> None:
    jobs = project.sandbox.analytics.jobs
    again = project.post(f"{project.workflow_path()}/{jobs['failed']}")["data"]
    assert again["id"] != jobs["failed"]
    assert again["name"] == "Rerun Out of memory"
    assert again["status"] == "NOT_STARTED"
    query = {"name": "Second try"}
    named = project.post(f"{project.workflow_path()}/{jobs['failed']}", params=query)["data"]
    assert named["name"] == "Second try"


def test_too_many_unfinished_jobs(project: Project) -> None:
    project.create()
    project.create()
    error = project.error("POST", project.workflow_path(), 429, json=INPUTS)
    assert error["code"] == "TOO_MANY_REQUESTS"
    rerun = f"{project.workflow_path()}/{project.sandbox.analytics.jobs['ndvi']}"
    project.error("POST", rerun, 429)
    project.sandbox.clock.advance(100)
    project.create()
    assert project.sandbox.analytics.max_concurrent_jobs == 3
    project.sandbox.analytics.max_concurrent_jobs = 1
    project.error("POST", project.workflow_path(), 429, json=INPUTS)


def test_test_query_is_free_and_a_job_needs_credits(project: Project) -> None:
    project.sandbox.top_up(-9_500)
    assert project.error("POST", project.workflow_path(), 403, json=INPUTS)["code"] == 403
    body = {**INPUTS, "config": {"mode": "DRY_RUN"}}
    job = project.post(project.workflow_path(), json=body)["data"]
    assert job["mode"] == "DRY_RUN"
    project.sandbox.clock.advance(100)
    assert project.data(f"{project.job_path(job['id'])}/credits")["creditsUsed"] == 0
    assert project.data(f"{project.job_path('dry-run')}/credits")["creditsUsed"] == 0


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "Missing tasks: ['ndvi:1', 'sentinelhub-s2:1']"),
        ({**INPUTS, "sharpening:1": {}}, "Additional tasks: ['sharpening:1']"),
        ({**INPUTS, "ndvi:1": 3}, "object"),
        ({**INPUTS, "config": {"mode": "FAST"}}, "mode"),
        ([], "object"),
    ],
)
def test_wrong_inputs(project: Project, body: Any, words: str) -> None:
    assert words in project.error("POST", project.workflow_path(), 400, json=body)["message"]


# Who may see what ----------------------------------------------------------------------------


def test_project_token_opens_its_project_only(project: Project) -> None:
    other = project.sandbox.analytics.other_project_id
    error = project.error("GET", f"/projects/{other}/jobs", 404)
    assert error["code"] == "RESOURCE_NOT_FOUND"
    assert other in error["message"]
    project.use_token(project.login().json()["access_token"])
    (job,) = project.data(f"/projects/{other}/jobs")
    assert job["id"] == project.sandbox.analytics.jobs["foreign"]
    error = project.error("GET", project.job_path("foreign"), 404)
    assert error["code"] == 404


def test_errors_about_tokens(project: Project) -> None:
    project.sandbox.clock.advance(301)
    error = project.error("GET", f"{project.path}/jobs", 401)
    assert error["code"] == "UNAUTHORIZED"
    assert error["message"].startswith("ACCESS_TOKEN_EXPIRED: JWT expired at ")
    del project.client.headers["Authorization"]
    error = project.error("GET", f"{project.path}/jobs", 401)
    assert not error["message"].startswith("ACCESS_TOKEN_EXPIRED")


def test_unknown_and_malformed_ids(project: Project) -> None:
    job = project.job_path("ndvi")
    for path in (
        f"/projects/{UNKNOWN}/jobs",
        f"{project.path}/jobs/{UNKNOWN}",
        f"{project.path}/jobs/{UNKNOWN}/tasks",
        f"{job}/tasks/{UNKNOWN}/logs",
        f"{job}/tasks/{UNKNOWN}/outputs/quicklooks",
    ):
        project.error("GET", path, 404)
        assert project.error("GET", path.replace(UNKNOWN, "abc"), 400)["code"] == 400
    project.error("POST", f"{project.path}/workflows/{UNKNOWN}/jobs", 404, json=INPUTS)
    assert project.error("DELETE", job, 405)["code"] == 405


def test_what_old_clients_ask_first(project: Project) -> None:
    assert project.data("/users/me")["id"] == project.sandbox.workspace_id
    assert project.data("/accounts/me/credits/balance") == {"balance": 10_000}
    shown = project.data(project.path)
    assert shown["workspaceId"] == project.sandbox.workspace_id
    settings = {entry["name"]: entry for entry in project.data(f"{project.path}/settings")}
    assert settings["MAX_CONCURRENT_JOBS"]["value"] == "3"
    assert settings["MAX_CONCURRENT_JOBS"]["range"] == {"min": 1, "max": 10}


# Prices --------------------------------------------------------------------------------------


def tasks_body() -> dict[str, Any]:
    names = ("sentinelhub-s2:1", "ndvi:1")
    return {
        "tasks": [
            {"name": name, "parentName": None, "blockId": UNKNOWN, "blockVersionTag": "1.0.0"}
            for name in names
        ],
        "inputs": INPUTS,
    }


def test_estimate_bare_and_wrapped(project: Project) -> None:
    path = f"{project.path}/estimate/job"
    bare = project.post(path, json=tasks_body())
    assert bare["error"] == {}
    assert project.post(path, json={"input": tasks_body()}) == bare
    assert set(bare["data"]) == set(INPUTS)
    for task in bare["data"].values():
        for part in (task["blockConsumption"]["credit"], task["machineConsumption"]["duration"]):
            assert part["min"] <= part["max"]
    existing = project.get(f"{project.job_path('ndvi')}/estimate")
    assert set(existing["data"]) == set(INPUTS)
    units = {task["blockConsumption"]["resources"]["unit"] for task in existing["data"].values()}
    assert units == {"SQUARE_KM", "MEGABYTE"}


@pytest.mark.parametrize(
    "body", [{}, {"tasks": {}}, {"tasks": [{}], "inputs": {}}, {"tasks": [], "inputs": 3}, []]
)
def test_estimates_of_nonsense(project: Project, body: Any) -> None:
    project.error("POST", f"{project.path}/estimate/job", 400, json=body)


def test_validate(project: Project) -> None:
    path = f"{project.path}/jobs/validate"
    body = {**tasks_body(), "input": INPUTS}
    assert project.post(path, json=body) is None
    for query in ({"limit": 1000}, {"bbox": [0, 0, 20, 20]}):
        wrong = {**body, "input": {"sentinelhub-s2:1": query}}
        error = project.error("POST", path, 422, json=wrong)
        assert error["code"] == "INVALID_QUERY_DATABLOCK_VALUE"
    for odd in ([1, 2], "x", [None] * 4):
        project.post(path, json={**body, "input": {"sentinelhub-s2:1": {"bbox": odd}}})
    project.error("POST", path, 400, json={"tasks": []})


def test_credits_count_tasks_that_succeeded(project: Project) -> None:
    whole = project.data(f"{project.job_path('ndvi')}/credits")
    assert whole["creditsUsed"] == sum(task["creditsUsed"] for task in whole["tasks"])
    assert len(whole["tasks"]) == 2
    for task in whole["tasks"]:
        machine, block = task["machineConsumption"], task["blockConsumption"]
        assert task["creditsUsed"] == machine["creditsUsed"] + block["creditsUsed"]
        assert machine["jobRun"]["jobTaskId"] == task["id"]
    assert len(project.data(f"{project.job_path('failed')}/credits")["tasks"]) == 1
    assert project.data(f"{project.job_path('error')}/credits")["creditsUsed"] == 0


# Tasks and outputs ---------------------------------------------------------------------------


def test_tasks(project: Project) -> None:
    first, second = project.data(f"{project.job_path('ndvi')}/tasks")
    assert first["name"] == "sentinelhub-s2:1"
    assert first["parentsIds"] == []
    assert second["parentsIds"] == [first["id"]]
    assert first["block"]["type"] == "DATA"
    assert second["blockVersion"] == second["block"]["version"] == "2.0.3"
    assert second["block"]["description"] is None
    assert [first["id"], second["id"]] == project.sandbox.analytics.task_ids("ndvi")
    with pytest.raises(KeyError):
        project.sandbox.analytics.task_ids("nothing")


def test_features(project: Project) -> None:
    job = project.job_path("ndvi")
    document = project.get(f"{job}/outputs/data-json")
    first, second = document["features"]
    assert first["properties"]["up42.data_path"].endswith("_ndvi.tif")
    assert re.search(r"\.\d{9}Z$", first["properties"]["acquisitionDate"])
    assert not second["properties"]["acquisitionDate"].endswith("Z")
    assert "id" not in second
    assert "bbox" not in second
    last_task = project.sandbox.analytics.task_ids("ndvi")[-1]
    assert project.get(f"{job}/tasks/{last_task}/outputs/data-json") == document
    old = project.get(f"{project.job_path('unnamed')}/outputs/data-json")
    assert "up42.data.aoiclipped" in old["features"][0]["properties"]
    empty = project.get(f"{project.job_path('empty')}/outputs/data-json")
    assert empty == {"type": "FeatureCollection", "features": []}


def test_archive(project: Project) -> None:
    job = project.job_path("ndvi")
    url = project.data(f"{job}/downloads/results")["url"]
    assert url.startswith(project.sandbox.storage_url)
    assert re.search(r"/([0-9a-f-]{36})/\1-1/output\.tgz\?", url)
    files = members(httpx.get(url).content)
    document = project.get(f"{job}/outputs/data-json")
    paths = [feature["properties"]["up42.data_path"] for feature in document["features"]]
    assert list(files) == ["output/data.json", *(f"output/{path}" for path in paths)]
    with MemoryFile(files[f"output/{paths[0]}"]) as memory, memory.open() as dataset:
        assert dataset.dtypes == ("float32",)
        assert dataset.crs.to_epsg() == 32633
        ndvi = dataset.read(1)
        assert -1 <= ndvi.min() < 0.3 < ndvi.max() <= 1


def test_archives_of_other_kinds(project: Project) -> None:
    packed = project.archive(project.job_path("zip"))
    with zipfile.ZipFile(io.BytesIO(packed)) as archive:
        assert archive.namelist()[0] == "output/data.json"
        assert len(archive.namelist()) == 3
    nested = members(project.archive(project.job_path("nested")))
    assert all(re.fullmatch(r"output/([0-9a-f-]{36})/\1_0-0\.tif", n) for n in list(nested)[1:])
    assert list(members(project.archive(project.job_path("empty")))) == ["output/data.json"]
    job = project.job_path("ndvi")
    first = project.sandbox.analytics.task_ids("ndvi")[0]
    data = members(project.archive(f"{job}/tasks/{first}"))
    with MemoryFile(list(data.values())[1]) as memory, memory.open() as dataset:
        assert dataset.count == 4


def test_no_outputs_before_the_end_or_after_failure(project: Project) -> None:
    for name in ("running", "failed", "cancelled", "error"):
        job = project.job_path(name)
        for output in ("outputs/data-json", "downloads/results"):
            assert project.error("GET", f"{job}/{output}", 404)["code"] == 404
    job = project.job_path("failed")
    first, second = project.sandbox.analytics.task_ids("failed")
    assert project.get(f"{job}/tasks/{first}/outputs/data-json")["features"]
    project.error("GET", f"{job}/tasks/{second}/outputs/data-json", 404)
    project.error("GET", f"{job}/tasks/{second}/outputs/quicklooks", 404)


def test_quicklooks(project: Project) -> None:
    job = project.job_path("many-quicklooks")
    first, second = project.sandbox.analytics.task_ids("many-quicklooks")
    names = project.data(f"{job}/tasks/{first}/outputs/quicklooks")
    assert len(names) == 24
    assert project.data(f"{job}/tasks/{second}/outputs/quicklooks") == []
    for name, start, kind in (
        (names[0], b"\xff\xd8\xff", "image/jpeg"),
        (names[1], b"\xff\xd8\xff", "image/jpeg"),
        (names[2], b"\x89PNG", "image/png"),
    ):
        image = project.client.get(f"{job}/tasks/{first}/outputs/quicklooks/{name}")
        assert image.content.startswith(start)
        assert image.headers["content-type"] == kind
    assert [name.rpartition(".")[2] for name in names[:3]] == ["jpeg", "jpg", "png"]
    project.error("GET", f"{job}/tasks/{first}/outputs/quicklooks/x.png", 404)
    none = project.job_path("no-quicklooks")
    first = project.sandbox.analytics.task_ids("no-quicklooks")[0]
    assert project.data(f"{none}/tasks/{first}/outputs/quicklooks") == []


def test_logs(project: Project) -> None:
    def log(name: str, index: int) -> str:
        task = project.sandbox.analytics.task_ids(name)[index]
        response = project.client.get(f"{project.job_path(name)}/tasks/{task}/logs")
        media_type = "application/json" if name == "nested" else "text/plain"
        assert response.headers["content-type"].startswith(media_type)
        return response.text

    assert "ERROR - MemoryError" in log("failed", 1)
    assert "Wrote 2 images" in log("ndvi", 0)
    assert "Node lost" in log("error", 0)
    assert log("error", 1) == ""
    assert log("running", 0).count("\n") == 2
    as_json = log("nested", 0)
    assert json.loads(as_json).startswith("20")
    assert log("running", 1) == ""


def test_project(project: Project) -> None:
    described = project.data(project.path)
    assert described["name"] == "Demo project"
    assert described["description"]
    assert datetime.fromisoformat(described["createdAt"]).tzinfo is not None
    assert described["workspaceId"] == project.sandbox.workspace_id
