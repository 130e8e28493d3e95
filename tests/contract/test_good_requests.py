"""Requests that make sense get the success that the document promises, for every operation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.contract.document import OPERATIONS
from tests.contract.world import STATUSES, Api, Request, check

SCENES = (
    "spot-berlin",
    "spot-berlin-later",
    "pleiades-berlin",
    "pneo-berlin",
    "sentinel-2-berlin",
)
SORTINGS = ("processID", "status", "created", "creditConsumption.credits")
ANALYTICS_SORTINGS = ("createdAt", "name", "id", "mode", "status", "startedAt", "finishedAt")
# Sample jobs of the analytics project that differ in what they hold.
ANALYTICS_JOBS = ("ndvi", "unnamed", "empty", "failed", "cancelled", "dry-run", "running")

Requests = Iterator[Request]
Recipe = Callable[[Api], Requests]


def account_token(api: Api) -> Requests:
    yield Request(form=api.login, token="")
    yield Request(form={**api.login, "scope": "openid"}, token="")
    yield Request(form={**api.login, "client_id": "up42-sdk"}, token="")


def project_token(api: Api) -> Requests:
    key = (api.sandbox.project_id, api.sandbox.project_api_key)
    yield Request(form={"grant_type": "client_credentials"}, basic=key, token="")
    login = {name: api.login[name] for name in ("grant_type", "username", "password")}
    yield Request(form=login, token="")


def only(*requests: Request) -> Recipe:
    """Return a recipe of requests that need nothing from the sandbox."""
    return lambda api: iter(requests or (Request(),))


def process_ids(api: Api) -> list[str]:
    return [entry["id"] for entry in api.send("listProcesses", Request()).json()["processes"]]


def each_process(api: Api) -> Requests:
    for process_id in process_ids(api):
        yield Request(ids={"processId": process_id})


def inputs_of_each_process(api: Api) -> Requests:
    for process_id in process_ids(api):
        body = {"inputs": api.sandbox.inputs_for(process_id)}
        yield Request(ids={"processId": process_id}, json=body)
    pansharpening = api.sandbox.inputs_for("pansharpening")
    weights = [{"band": "red", "weight": 0.2}, {"band": "green", "weight": 0.34}]
    yield Request(json={"inputs": {**pansharpening, "greyWeights": weights}})
    change = api.sandbox.inputs_for("detection-change-simularity")
    body = {"inputs": {**change, "sensitivity": 5}}
    yield Request(ids={"processId": "detection-change-simularity"}, json=body)


def executions(api: Api) -> Requests:
    workspace = {"workspaceId": api.sandbox.workspace_id}
    for request in inputs_of_each_process(api):
        yield request._replace(query=workspace)
        budget = {**workspace, "budgetId": "2c7d4e90-5b18-4f63-a0d7-96e1c3b8f25a"}
        yield request._replace(query=budget)


def processing_listings(api: Api) -> Requests:
    yield Request()
    queries: list[dict[str, Any]] = [
        {"workspaceId": api.sandbox.workspace_id},
        {"processId": "pansharpening,detection-trees-spacept"},
        {"status": ",".join(STATUSES)},
        {"ids": ",".join(api.jobs.values())},
        {"minDuration": 0},
        {"minDuration": 1, "maxDuration": 3600},
        {"maxDuration": 0},
        {"limit": 1},
        *({"status": status} for status in STATUSES),
        *({"sort": f"{field},{way}"} for field in SORTINGS for way in ("asc", "desc")),
    ]
    for query in queries:
        yield Request(query=query)
    yield from following(api, "listProcessingJobs", Request(query={"limit": 2}))


def following(api: Api, name: str, first: Request) -> Requests:
    """Yield a request and the one that its answer's `next` link stands for."""
    yield first
    links = api.send(name, first).json()["links"]
    link = next(link for link in links if link["rel"] == "next")
    if link.get("method") == "POST":
        yield Request(json=link["body"])
    else:
        query = link["href"].partition("?")[2]
        yield Request(query=dict(pair.split("=", 1) for pair in query.split("&")))


def each_job(api: Api) -> Requests:
    for job_id in api.jobs.values():
        yield Request(ids={"jobId": job_id})
    for request in executions(api):
        created = api.send("executeProcess", request).json()
        yield Request(ids={"jobId": created["jobID"]})


def eulas(api: Api) -> Requests:
    for process_id in ("pansharpening", "detection-wind-turbines-airbus"):
        yield Request(ids={"eulaId": api.eula_id(process_id)})


def collection_listings(api: Api) -> Requests:
    yield Request()
    yield Request(query={"workspace_id": api.sandbox.workspace_id})
    yield from following(api, "listCollections", Request(query={"limit": 2}))


def collections(api: Api) -> Requests:
    for scene in SCENES:
        yield Request(ids={"collectionId": api.sandbox.sample_item(scene)["collection"]})
    yield Request(ids={"collectionId": result_collection(api)})


def result_collection(api: Api) -> str:
    job = api.send("getProcessingJob", Request(ids={"jobId": api.jobs["captured"]})).json()
    return str(job["results"]["collection"]).rpartition("/")[2]


def items_of_collections(api: Api) -> Requests:
    for request in collections(api):
        yield request
        yield request._replace(query={"limit": 1})


def items(api: Api) -> Requests:
    for request in collections(api):
        for item in api.send("listItems", request).json()["features"]:
            yield Request(ids={"collectionId": item["collection"], "itemId": item["id"]})


def searches(api: Api) -> Requests:
    item = api.sandbox.sample_item()
    by_job = {"op": "=", "args": [{"property": "job_id"}, api.jobs["captured"]]}
    clear = {"op": "<", "args": [{"property": "eo:cloud_cover"}, 20]}
    both = {"op": "and", "args": [clear, {"op": "=", "args": [{"property": "gsd"}, 1.5]}]}
    order = [{"field": "properties.datetime", "direction": "desc"}]
    for body in (
        {},
        {"filter": by_job},
        {"filter": both, "sortby": order},
        {"intersects": item["geometry"], "limit": 500},
    ):
        yield Request(json=body)
    yield from following(api, "searchStac", Request(json={"limit": 2, "sortby": order}))


def files(api: Api) -> Requests:
    for request in items(api):
        for asset in api.send("getItem", request).json()["assets"].values():
            yield Request(ids={"assetId": asset["href"].rpartition("/")[2]})


def analytics_listings(api: Api) -> Requests:
    yield Request()
    yield Request(token=api.project_token)
    yield Request(ids={"projectId": api.sandbox.analytics.other_project_id})
    yield Request(query={"page": 10_000})
    for field in ANALYTICS_SORTINGS:
        for way in ("asc", "desc"):
            yield Request(query={"page": 0, "sort": f"{field},{way}"})


def analytics_jobs(api: Api) -> Requests:
    for key in ANALYTICS_JOBS:
        yield Request(ids={"jobId": api.sandbox.analytics.jobs[key]})
    yield Request(token=api.project_token)


def creations(api: Api) -> Requests:
    inputs = two_tasks(api)["inputs"]
    yield Request(json=inputs)
    yield Request(json=inputs, query={"name": "Spring survey"}, token=api.project_token)
    yield Request(json={**inputs, "config": {"mode": "DRY_RUN"}})


def two_tasks(api: Api) -> dict[str, Any]:
    """Return the tasks of the sample workflow with their inputs, as an estimate wants them."""
    tasks = api.send("listJobTasks", Request()).json()["data"]
    names = {task["id"]: task["name"] for task in tasks}
    return {
        "tasks": [
            {
                "name": task["name"],
                "parentName": next((names[parent] for parent in task["parentsIds"]), None),
                "blockId": task["block"]["id"],
                "blockVersionTag": task["block"]["version"],
            }
            for task in tasks
        ],
        "inputs": api.send("getJob", Request()).json()["data"]["inputs"],
    }


def estimates(api: Api) -> Requests:
    yield Request(json=two_tasks(api))
    yield Request(json=two_tasks(api), token=api.project_token)


def validations(api: Api) -> Requests:
    tasks = two_tasks(api)
    yield Request(json={"tasks": tasks["tasks"], "input": tasks["inputs"]})
    fewer = [{"name": task["name"], "blockId": task["blockId"]} for task in tasks["tasks"]]
    yield Request(json={"tasks": fewer, "input": tasks["inputs"]})


def renamings(api: Api) -> Requests:
    for name in ("Summer survey", ""):
        yield Request(json={"name": name})


def reruns(api: Api) -> Requests:
    yield Request()
    yield Request(query={"name": "Once more"})
    yield Request(ids={"jobId": api.sandbox.analytics.jobs["unnamed"]})


def cancellations(api: Api) -> Requests:
    yield Request(ids={"jobId": api.sandbox.analytics.add_job().id})


def tasks_with_output(api: Api) -> Requests:
    for task_id in api.sandbox.analytics.task_ids("ndvi"):
        yield Request(ids={"taskId": task_id})
    yield Request(token=api.project_token)


def tasks_of_each_job(api: Api) -> Requests:
    samples = api.sandbox.analytics
    for key in ANALYTICS_JOBS:
        for task_id in samples.task_ids(key):
            yield Request(ids={"jobId": samples.jobs[key], "taskId": task_id})


def jobs_with_output(api: Api) -> Requests:
    for key in ("ndvi", "unnamed", "empty", "zip"):
        yield Request(ids={"jobId": api.sandbox.analytics.jobs[key]})


def previews(api: Api) -> Requests:
    for name in api.send("listJobTaskQuicklooks", Request()).json()["data"]:
        yield Request(ids={"imageName": name})


GOOD: dict[str, Recipe] = {
    "getAccountToken": account_token,
    "getUserInfo": only(),
    "getProjectToken": project_token,
    "listProcesses": only(),
    "getProcess": each_process,
    "validateProcess": inputs_of_each_process,
    "estimateProcessCost": inputs_of_each_process,
    "executeProcess": executions,
    "listProcessingJobs": processing_listings,
    "getProcessingJob": each_job,
    "getEula": eulas,
    "getBalance": only(),
    "getStacLandingPage": only(),
    "listCollections": collection_listings,
    "getCollection": collections,
    "listItems": items_of_collections,
    "getItem": items,
    "searchStac": searches,
    "createAssetDownloadUrl": files,
    "listJobs": analytics_listings,
    "getJob": analytics_jobs,
    "createJob": creations,
    "renameJob": renamings,
    "rerunJob": reruns,
    "validateJob": validations,
    "cancelJob": cancellations,
    "estimateJob": estimates,
    "getJobEstimate": analytics_jobs,
    "getJobCredits": analytics_jobs,
    "getJobResults": jobs_with_output,
    "getJobDownloadUrl": jobs_with_output,
    "listJobTasks": analytics_jobs,
    "getJobTaskLogs": tasks_of_each_job,
    "getJobTaskResults": tasks_with_output,
    "getJobTaskDownloadUrl": tasks_with_output,
    "listJobTaskQuicklooks": tasks_with_output,
    "getJobTaskQuicklook": previews,
}


def test_every_operation_has_a_recipe() -> None:
    assert set(GOOD) == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_success(api: Api, name: str) -> None:
    requests = list(GOOD[name](api))
    assert requests
    for request in requests:
        response = api.send(name, request)
        assert response.is_success, f"{request}: {response.status_code} {response.text[:500]}"
        check(name, response)
