"""Faults on request, latency, and the record of requests."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.sandbox.conftest import JOBS, PROCESSES, Api
from up42_sandbox import Fault, Sandbox
from up42_sandbox.core import admission
from up42_sandbox.core.fault_effects import merge

TREES = "detection-trees-spacept"


def execute(api: Api) -> httpx.Response:
    return api.client.post(
        f"{PROCESSES}/{TREES}/execution",
        params={"workspaceId": api.sandbox.workspace_id},
        json={"inputs": api.sandbox.inputs_for(TREES)},
    )


def until_cut(response: httpx.Response) -> bytes:
    """Read a body whose connection breaks and return what came."""
    chunks: list[bytes] = []

    def read() -> None:
        chunks.extend(response.iter_raw())

    with pytest.raises(httpx.RemoteProtocolError):
        read()
    return b"".join(chunks)


def test_status_once_then_as_usual(api: Api) -> None:
    api.sandbox.inject(Fault(path=JOBS, status=503))
    assert api.get(JOBS, 503) == {"title": "Service Unavailable", "status": 503}
    assert api.get(JOBS)["jobs"] == []


@pytest.mark.parametrize("status", [200, 204, 302, 402, 404, 418, 429, 500, 520, 599])
def test_any_status(api: Api, status: int) -> None:
    api.sandbox.inject(Fault(status=status))
    assert api.client.get(JOBS).status_code == status


def test_status_does_nothing_on_the_server(api: Api) -> None:
    api.sandbox.inject(Fault(method="POST", path="*/execution", status=502))
    assert execute(api).status_code == 502
    assert not api.sandbox.jobs


def test_times_after_and_order(api: Api) -> None:
    api.sandbox.inject(
        Fault(path=JOBS, status=500, after=1, times=2), Fault(path=f"{JOBS}*", status=429)
    )
    statuses = [api.client.get(JOBS).status_code for _ in range(5)]
    assert statuses == [429, 500, 500, 200, 200]


def test_forever_until_cleared(api: Api) -> None:
    api.sandbox.inject(Fault(path=JOBS, status=500, times=None))
    assert [api.client.get(JOBS).status_code for _ in range(4)] == [500] * 4
    assert api.sandbox.pending_faults()[0][1] is None
    api.sandbox.clear_faults()
    assert api.client.get(JOBS).status_code == 200


def test_method_path_and_origin_must_match(api: Api) -> None:
    api.sandbox.inject(
        Fault(method="post", path="/v2/*", status=500), Fault(origin="storage", status=500)
    )
    assert api.client.get(JOBS).status_code == 200
    assert api.client.post("/v2/assets/stac/search", json={}).status_code == 500
    url = api.sandbox.storage.put("x", b"x")()
    assert httpx.get(url).status_code == 500
    assert httpx.get(url).status_code == 200


def test_retry_after_in_seconds_and_as_a_date(api: Api) -> None:
    moment = datetime.now(UTC) + timedelta(seconds=7)
    api.sandbox.inject(Fault(status=429, retry_after=3), Fault(status=503, retry_after=moment))
    assert api.client.get(JOBS).headers["retry-after"] == "3"
    date = parsedate_to_datetime(api.client.get(JOBS).headers["retry-after"])
    assert abs((date - moment).total_seconds()) <= 1


def test_bodies_and_headers(api: Api) -> None:
    api.sandbox.inject(
        Fault(status=502, body="<html>Bad gateway</html>", content_type="text/html"),
        Fault(status=400, body={"odd": True}, headers={"X-Odd": "yes"}),
        Fault(status=200, body=b"\x00\x01"),
        Fault(body="<html>", content_type="text/html"),
    )
    page = api.client.get(JOBS)
    assert page.headers["content-type"].startswith("text/html")
    odd = api.client.get(JOBS)
    assert odd.json() == {"odd": True}
    assert odd.headers["x-odd"] == "yes"
    assert api.client.get(JOBS).content == b"\x00\x01"
    # Without a status the request is handled and only its response replaced.
    replaced = api.client.get(JOBS)
    assert (replaced.status_code, replaced.text) == (200, "<html>")


def test_status_after_the_server_acted(api: Api) -> None:
    statuses = [302, 307, 409, 425, 499, 502, 520]
    for status in statuses:
        api.sandbox.inject(Fault(path="*/execution", status=status, handled=True))
        assert execute(api).status_code == status
    assert len(api.sandbox.jobs) == len(statuses)


def test_request_changed_before_it_is_handled(api: Api) -> None:
    patch = {"inputs": {"title": "trimmed"}}
    api.sandbox.inject(Fault(path="*/execution", request_patch=patch), Fault(request_patch=patch))
    assert execute(api).json()["definition"]["inputs"]["title"] == "trimmed"
    sent = api.sandbox.requests[-1].json()
    assert sent["inputs"]["title"] == "Sandbox job"
    assert api.login().status_code == 200  # a form: there is nothing to merge into


def test_patch_by_a_function(api: Api) -> None:
    api.sandbox.add_jobs(2)

    def twice(call: Any, page: Any) -> Any:
        return {**page, "jobs": page["jobs"] * 2}

    def echo(call: Any, problem: Any) -> Any:
        return {**problem, "detail": call.headers["authorization"]}

    api.sandbox.inject(Fault(path=JOBS, patch=twice), Fault(status=403, patch=echo))
    assert len(api.get(JOBS)["jobs"]) == 4
    token = api.client.headers["authorization"]
    assert api.get(JOBS, 403) == {"title": "Forbidden", "status": 403, "detail": token}


@pytest.mark.parametrize("origin", ["api", "storage"])
def test_body_compressed_longer_and_slower(api: Api, origin: Any) -> None:
    content = b"x" * 1000
    stored = api.sandbox.storage.put("x", content)()
    page = api.client.get(JOBS).content

    def fetch() -> httpx.Response:
        return httpx.get(stored) if origin == "storage" else api.client.get(JOBS)

    genuine = content if origin == "storage" else page
    api.sandbox.inject(
        Fault(gzip=True, origin=origin),
        Fault(append=70_000, origin=origin),
        Fault(append=0, origin=origin),
        Fault(rate=len(genuine) * 5, origin=origin),
        Fault(gzip=True, rate=10_000, append=7, drop=20, origin=origin),
    )
    packed = fetch()
    assert (packed.content, packed.headers["content-encoding"]) == (genuine, "gzip")
    for more in (70_000, 0):
        long = fetch()
        assert (long.content, "content-length" in long.headers) == (genuine + bytes(more), False)
    began = time.monotonic()
    assert fetch().content == genuine
    assert 0.1 < time.monotonic() - began < 5
    with pytest.raises(httpx.RemoteProtocolError):
        fetch()
    assert fetch().content == genuine


def test_a_range_is_ignored_if_the_body_is_compressed(sandbox: Sandbox) -> None:
    content = bytes(range(256))
    url = sandbox.storage.put("x", content)()
    sandbox.inject(Fault(origin="storage", gzip=True))
    packed = httpx.get(url, headers={"Range": "bytes=10-19"})
    assert (packed.status_code, packed.content) == (200, content)
    assert packed.headers["content-encoding"] == "gzip"
    assert not {"content-range", "accept-ranges"} & set(packed.headers)
    assert sandbox.requests[-1].headers["range"] == "bytes=10-19"


def test_connection_dropped_before(api: Api) -> None:
    api.sandbox.inject(Fault(path="*/execution", drop="before"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        execute(api)
    assert not api.sandbox.jobs
    assert api.sandbox.requests[-1].status is None
    assert execute(api).status_code == 200


def test_connection_dropped_after(api: Api) -> None:
    api.sandbox.inject(Fault(path="*/execution", drop="after"))
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        execute(api)
    assert len(api.sandbox.jobs) == 1
    assert api.sandbox.requests[-1].status == 200


@pytest.mark.parametrize("size", [0, 1, 100])
def test_answer_cut_after_some_bytes(api: Api, size: int) -> None:
    api.sandbox.inject(Fault(path="*/execution", drop=size))
    request = api.client.build_request(
        "POST",
        f"{PROCESSES}/{TREES}/execution",
        params={"workspaceId": api.sandbox.workspace_id},
        json={"inputs": api.sandbox.inputs_for(TREES)},
    )
    response = api.client.send(request, stream=True)
    assert response.status_code == 200
    assert len(until_cut(response)) == size
    assert len(api.sandbox.jobs) == 1


def test_file_cut_at_exactly_the_byte(sandbox: Sandbox) -> None:
    content = bytes(range(256)) * 8000
    url = sandbox.storage.put("x", content)()
    for size in (0, 1, 262_144, 1_234_567, len(content) - 1):
        sandbox.inject(Fault(origin="storage", drop=size))
        with httpx.stream("GET", url) as response:
            assert until_cut(response) == content[:size]
    sandbox.inject(Fault(origin="storage", drop=len(content) + 1))
    assert httpx.get(url).content == content


def test_malformed_json_after_processing(api: Api) -> None:
    api.sandbox.inject(Fault(path="*/execution", malformed=True))
    response = execute(api)
    assert response.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        response.json()
    assert len(api.sandbox.jobs) == 1


def test_patch_of_a_document_and_of_every_element(api: Api) -> None:
    job = api.sandbox.add_job(status="running")
    api.sandbox.inject(
        Fault(path=f"{JOBS}/*", patch={"status": "paused", "new": {"a": 1}, "results": None}),
        Fault(path=JOBS, patch={"jobs": {"status": "paused"}, "links": None}),
    )
    patched = api.get(f"{JOBS}/{job.id}")
    assert patched["status"] == "paused"
    assert patched["new"] == {"a": 1}
    assert patched["jobID"] == job.id
    page = api.get(JOBS)
    assert [entry["status"] for entry in page["jobs"]] == ["paused"]
    assert page["links"] is None
    assert api.status(job.id) == "running"


def test_patch_of_an_answer_that_is_no_json(api: Api) -> None:
    url = api.sandbox.storage.put("x", b"x")()
    api.sandbox.inject(Fault(origin="storage", patch={"a": 1}))
    assert httpx.get(url).json() == {"a": 1}


def test_latency_of_a_fault_does_not_hold_up_others(api: Api) -> None:
    api.sandbox.inject(Fault(path=f"{JOBS}/slow", latency=0.6))
    durations: dict[str, float] = {}

    def ask(name: str) -> None:
        began = time.perf_counter()
        httpx.get(f"{api.sandbox.url}{JOBS}/{name}", headers=api.client.headers)
        durations[name] = time.perf_counter() - began

    threads = [threading.Thread(target=ask, args=(name,)) for name in ("slow", "fast")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert durations["slow"] >= 0.6
    assert durations["fast"] < durations["slow"]


def test_latency_of_everything_happens_side_by_side(api: Api) -> None:
    api.sandbox.latency = 0.3
    began = time.perf_counter()
    threads = [threading.Thread(target=api.client.get, args=(JOBS,)) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # One after another they would take ten times as long.
    assert 0.3 <= time.perf_counter() - began < 3.0
    api.sandbox.latency = 0


def test_latency_together_with_a_status(api: Api) -> None:
    api.sandbox.inject(Fault(latency=0.2, status=503))
    began = time.perf_counter()
    assert api.client.get(JOBS).status_code == 503
    assert time.perf_counter() - began >= 0.2


@pytest.mark.parametrize(
    "arguments",
    [
        {"status": 99},
        {"status": 1000},
        {"drop": "during"},
        {"drop": -1},
        {"times": -1},
        {"after": -1},
        {"append": -1},
        {"rate": 0},
        {"handled": True},
        {"latency": -0.1},
        {"retry_after": datetime(2024, 1, 1)},
    ],
)
def test_faults_that_cannot_work(arguments: Mapping[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Fault(**arguments)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)


@given(json_values, st.dictionaries(st.text(max_size=3), json_values))
def test_merging_gives_what_was_asked_for(target: Any, patch: dict[str, Any]) -> None:
    merged = merge(target, patch)
    if isinstance(target, list):
        assert len(merged) == len(target)
        return
    for key, value in patch.items():
        if not isinstance(value, dict):
            assert merged[key] == value
    kept = set(target) if isinstance(target, dict) else set()
    assert set(merged) == kept | set(patch)


# The rate limit ------------------------------------------------------------------------------


def test_the_rate_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (admission.REQUESTS_PER_SECOND, admission.BURST) == (100, 500)
    monkeypatch.setattr(admission, "REQUESTS_PER_SECOND", 1)
    monkeypatch.setattr(admission, "BURST", 5)
    with Sandbox(rate_limit=True) as sandbox, httpx.Client(base_url=sandbox.url) as client:
        began = time.monotonic()
        while (response := client.get(JOBS)).status_code == 401:
            pass
        accepted, elapsed = len(sandbox.requests) - 1, time.monotonic() - began
        assert 5 <= accepted <= 5 + elapsed
        assert response.status_code == 429
        assert response.headers["retry-after"] == "1"
        assert response.json()["title"] == "Too Many Requests"
        # Neither the storage nor the control interface has a limit.
        assert httpx.get(sandbox.storage.put("x", b"x")()).status_code == 200
        assert httpx.get(sandbox.control_url).status_code == 200
        time.sleep(1)
        assert client.get(JOBS).status_code == 401


# Recording -----------------------------------------------------------------------------------


def test_requests_are_recorded(api: Api) -> None:
    api.sandbox.clear_requests()
    api.client.get(JOBS, params={"status": "running,valid", "limit": 5})
    api.client.post("/v2/assets/stac/search", json={"limit": 1}, headers={"X-Test": "yes"})
    first, second = api.sandbox.requests
    assert (first.method, first.path, first.status, first.origin) == ("GET", JOBS, 200, "api")
    assert first.query == {"status": ["running,valid"], "limit": ["5"]}
    assert first.headers["authorization"].startswith("Bearer ")
    assert second.json() == {"limit": 1}
    assert second.headers["x-test"] == "yes"
    assert first.received <= second.received
    api.sandbox.clear_requests()
    assert api.sandbox.requests == []


def test_recorded_before_the_client_has_the_answer(api: Api) -> None:
    for number in range(1, 50):
        api.sandbox.clear_requests()
        api.client.get(f"/v2/{number}")
        assert [entry.path for entry in api.sandbox.requests] == [f"/v2/{number}"]


# From another process ------------------------------------------------------------------------


@pytest.fixture
def control(sandbox: Sandbox) -> Iterator[Api]:
    with httpx.Client(base_url=sandbox.control_url, timeout=20) as client:
        yield Api(sandbox, client)


def test_control_explains_itself(control: Api) -> None:
    response = control.get("")
    assert "POST /faults" in response
    for line in response:
        method, path = line.split()
        assert control.client.request(method, path, json={"x": 1}).status_code != 404


def test_control_of_clock_jobs_and_balance(control: Api) -> None:
    before = control.get("/state")
    after = control.post("/clock", json={"advance": 3600, "speed": 2})
    assert after["speed"] == 2
    assert after["now"] > before["now"]
    assert len(control.post("/jobs", 201, json={"count": 24})["ids"]) == 24
    body = {"process_id": "pansharpening", "status": "running", "created": "2024-01-01T00:00:00Z"}
    (job_id,) = control.post("/jobs", 201, json=body)["ids"]
    assert control.sandbox.jobs[job_id].created.year == 2024
    assert sum(control.get("/state")["jobs"].values()) == 25
    assert control.post("/balance", json={"top_up": 5})["available"] == 10_005
    body = {"process_id": "detection-wind-turbines-airbus", "accepted": True}
    control.post("/eulas", 204, json=body)
    control.post("/fate", 204, json={"status": "invalid"})
    state = control.get("/state")
    assert state["username"] == control.sandbox.username
    assert len(state["items"]) == 7


def test_control_of_faults_and_requests(control: Api) -> None:
    fault = {"path": JOBS, "status": 503, "retry_after": "2030-01-01T00:00:00Z", "times": 2}
    control.post("/faults", 201, json=fault)
    httpx.get(control.sandbox.url + JOBS)
    (armed,) = control.get("/faults")
    assert armed["left"] == 1
    assert armed["status"] == 503
    (entry,) = control.get("/requests")
    assert entry["status"] == 503
    assert control.client.delete("/faults").status_code == 204
    assert control.client.delete("/requests").status_code == 204
    assert control.get("/faults") == control.get("/requests") == []


def test_control_of_the_storage(control: Api) -> None:
    assert control.post("/storage", json={"rate": 1e6})["rate"] == 1e6
    assert control.post("/storage", json={"ranges": False})["ranges"] is False
    assert control.sandbox.storage.ranges is False


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"advance": -1}),
        ("clock", {"speed": 0}),
        ("clock", {"advance": "soon"}),
        ("clock", []),
        ("faults", {"wrong": 1}),
        ("faults", {"status": 1}),
        ("jobs", {"status": "done"}),
        ("jobs", {"count": "many"}),
        ("fate", {"status": "captured"}),
        ("balance", {}),
        ("eulas", {"process_id": "alchemy"}),
    ],
)
def test_control_refuses_wrong_values(control: Api, path: str, body: Any) -> None:
    assert control.post(f"/{path}", 400, json=body)["detail"]


def test_control_is_never_spoiled(control: Api) -> None:
    control.sandbox.inject(Fault(times=None, status=500))
    assert control.get("/state")
