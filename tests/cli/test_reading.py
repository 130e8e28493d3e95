"""The commands that only look: login-check, processes, items, jobs."""

from __future__ import annotations

import datetime as dt
import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.cli.conftest import TREES, Up42
from up42_facade.cli import items, jobs, processes
from up42_sandbox import Fault, Sandbox


def test_auth_check(sandbox: Sandbox, up42_here: Up42) -> None:
    ended = up42_here("auth", "check", "--json")
    assert ended.code == 0
    assert ended.json == {
        "api": sandbox.url,
        "region": None,
        "workspace_id": sandbox.workspace_id,
        "project_id": None,
    }
    assert ended.err == ""


def test_balance(sandbox: Sandbox, up42_here: Up42) -> None:
    sandbox.top_up(-9_000)
    assert up42_here("balance").out.split() == ["credits", "1000"]
    assert up42_here("balance", "--json").json == {"credits": 1000}


def test_auth_check_with_a_project(
    sandbox: Sandbox, up42_here: Up42, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("UP42_USERNAME", "UP42_PASSWORD"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("UP42_PROJECT_ID", sandbox.project_id)
    monkeypatch.setenv("UP42_PROJECT_API_KEY", sandbox.project_api_key)
    ended = up42_here("auth", "check", "--json")
    assert ended.code == 0
    assert ended.json["project_id"] == sandbox.project_id
    monkeypatch.setenv("UP42_PROJECT_API_KEY", "wrong")
    assert up42_here("auth", "check").code == 1


def test_the_credentials_may_be_in_a_file(
    sandbox: Sandbox, up42_here: Up42, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in sandbox.environment:
        monkeypatch.delenv(name)
    content = {"username": sandbox.username, "password": sandbox.password}
    (home / "mine.json").write_text(json.dumps(content))
    arguments = ("auth", "check", "--base-url", sandbox.url)
    assert up42_here(*arguments, "--cfg-file", "mine.json").code == 0
    assert up42_here(*arguments, "--cfg-file", "other.json").code == 1
    assert "No credentials found" in up42_here(*arguments).err


def test_a_username_may_be_an_option(sandbox: Sandbox, up42_here: Up42) -> None:
    assert up42_here("auth", "check", "--username", sandbox.username).code == 0
    assert up42_here("auth", "check", "--username", "somebody@else.example").code == 1


def test_processes(up42_here: Up42) -> None:
    table = up42_here("processes", "list")
    assert "detection-cars-oi" in table.out
    assert "12 credits/SQ_KM" in table.out
    listed = up42_here("processes", "list", "--json").json
    assert [set(process) for process in listed] == [set(processes.FIELDS)] * len(listed)
    assert up42_here("processes", "list", "--csv").csv[0]["id"] == listed[0]["id"]


def test_one_process(up42_here: Up42) -> None:
    shown = up42_here("processes", "show", "detection-change-simularity")
    assert "200 credits/SQ_KM" in shown.out
    assert "sensitivity" in shown.out
    record = up42_here("processes", "show", "detection-change-simularity", "--json").json
    assert list(record) == list(processes.DETAIL_FIELDS)
    assert record["inputs"]["sensitivity"]["schema"]["maximum"] == 5
    assert record["is_eula_accepted"] is True
    unknown = up42_here("processes", "show", "detection-unicorns")
    assert (unknown.code, unknown.out) == (1, "")
    assert "detection-unicorns" in unknown.err
    assert "up42 processes list shows the available processes." in unknown.err


def test_items(sandbox: Sandbox, up42_here: Up42) -> None:
    listed = up42_here("items", "list", "--json").json
    assert {item["url"] for item in listed} == {i["links"][0]["href"] for i in sandbox.items}
    moments = [item["datetime"] for item in listed]
    assert moments == sorted(moments, reverse=True)
    assert [set(item) for item in listed] == [set(items.FIELDS)] * len(listed)


def test_times_of_items_are_in_utc() -> None:
    import pystac

    moment = dt.datetime(2024, 6, 2, 10, 31, 44, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    item = pystac.Item("i", None, None, moment, {})
    item.properties["datetime"] = "2024-06-02T10:31:44+02:00"
    assert items.item_record(item)["datetime"] == "2024-06-02T08:31:44Z"
    span = {"start_datetime": "2024-06-02T00:00:00Z", "end_datetime": "2024-06-03T00:00:00Z"}
    assert items.item_record(pystac.Item("i", None, None, None, span))["datetime"] is None


def test_items_at_a_narrow_terminal(
    sandbox: Sandbox, up42_here: Up42, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = up42_here("items", "list", "--collection", "PNEO")
    heading, scene, url = ended.out.splitlines()
    assert heading.split() == ["acquired", "(UTC)", "collection", "result", "title"]
    assert "Pléiades Neo 4, Berlin" in scene
    assert ended.err == ""
    monkeypatch.setenv("COLUMNS", "40")
    ended = up42_here("items", "list", "--collection", "PNEO")
    assert ended.err == "Hidden columns: title. See all with --json or --csv.\n"
    assert url.strip() == sandbox.item_url("pneo-berlin")


def test_items_that_match(sandbox: Sandbox, up42_here: Up42) -> None:
    def ids(*arguments: str) -> list[str]:
        return [item["id"] for item in up42_here("items", "list", "--json", *arguments).json]

    neo = sandbox.sample_item("pneo-berlin")["id"]
    assert ids("--collection", "PNEO") == [neo]
    assert ids("--asset", sandbox.asset_id("pneo-berlin")) == [neo]
    assert ids("--asset", sandbox.asset_id("pneo-berlin"), "--collection", "SPOT") == []
    clear = '{"op": "<", "args": [{"property": "eo:cloud_cover"}, 50]}'
    cloudy = sandbox.sample_item("spot-berlin-cloudy")["id"]
    assert cloudy in ids("--collection", "SPOT")
    assert cloudy not in ids("--collection", "SPOT", "--filter", clear)
    assert len(ids("--limit", "2")) == 2
    assert cloudy not in ids("--max-cloud-cover", "50")
    assert ids("--collection", "PNEO", "--bbox", "13,52,14,53") == [neo]
    assert ids("--bbox=-14,52,-13,53") == []
    day = "2024-06-02"
    assert neo in ids("--acquired-after", day, "--acquired-before", "2024-06-03")
    assert neo not in ids("--acquired-before", day)
    oldest_first = ids("--sort", "properties.datetime")
    assert oldest_first == list(reversed(ids()))
    west, south, east, north = sandbox.sample_item("pneo-berlin")["bbox"]
    area = {"type": "Point", "coordinates": [(west + east) / 2, (south + north) / 2]}
    Path("area.geojson").write_text(json.dumps(area))
    assert neo in ids("--intersects", "area.geojson")


def test_items_of_jobs(sandbox: Sandbox, up42_here: Up42) -> None:
    def ids(*arguments: str) -> list[str]:
        return [item["id"] for item in up42_here("items", "list", "--json", *arguments).json]

    job = sandbox.add_job(TREES)
    made = ids("--results")
    assert made == ids("--job", job.id)
    assert made
    assert set(ids()) - set(made) == set(ids("--no-results"))
    assert [row["is_result"] for row in up42_here("items", "list", "--csv", "--results").csv] == [
        "true"
    ]


@pytest.mark.parametrize("text", ["{", "[]", "1"])
def test_a_filter_that_is_none(up42_here: Up42, text: str) -> None:
    ended = up42_here("items", "list", "--filter", text)
    assert ended.code == 2
    assert "--filter" in ended.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--bbox", "a"), "--bbox"),
        (("--bbox", "5,0,4,1"), "--bbox=[5.0, 0.0, 4.0, 1.0]"),
        (("--limit", str(10**20)), "--limit"),
        (("--acquired-after", "soon"), "--acquired-after='soon'"),
        (("--intersects", "nowhere.geojson"), "--intersects"),
        (("--collection", "PNEE"), "Did you mean 'PNEO'?"),
        (("--filter", '{"op": "=", "args": [{"property": "gdb"}, 1]}'), "Did you mean 'gsd'?"),
    ],
)
def test_searches_that_cannot_work(
    up42_here: Up42, arguments: tuple[str, ...], expected: str
) -> None:
    ended = up42_here("items", "list", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert expected in ended.err


def test_jobs(sandbox: Sandbox, up42_here: Up42) -> None:
    sandbox.add_jobs(7)
    listed = up42_here("jobs", "list", "--json").json
    assert [job["id"] for job in listed] == list(reversed(sandbox.jobs))
    assert [list(job) for job in listed] == [list(jobs.FIELDS)] * 7
    rows = up42_here("jobs", "list", "--csv").csv
    assert [row["id"] for row in rows] == list(reversed(sandbox.jobs))
    assert list(rows[0]) == list(jobs.FIELDS)
    assert json.loads(rows[0]["inputs"]) == listed[0]["inputs"]
    assert all(job["id"] in up42_here("jobs", "list").out for job in listed)


def test_no_jobs(up42_here: Up42) -> None:
    assert up42_here("jobs", "list", "--json").json == []
    assert up42_here("jobs", "list", "--csv").out == ",".join(jobs.FIELDS) + "\n"
    assert up42_here("jobs", "list").code == 0


def test_the_filters_of_jobs(sandbox: Sandbox, up42_here: Up42) -> None:
    now = sandbox.clock.now()
    trees = sandbox.add_job(TREES, "captured", credits=5, created=now - timedelta(days=3))
    cars = sandbox.add_job("detection-cars-oi", "successful", credits=9, duration=300)

    def ids(*arguments: str) -> list[str]:
        return [job["id"] for job in up42_here("jobs", "list", "--json", *arguments).json]

    assert ids("--status", "captured") == [trees.id]
    assert ids("--status", "captured", "--status", "successful") == [cars.id, trees.id]
    assert ids("--process", "detection-cars-oi", "--process", "pansharpening") == [cars.id]
    day = (now - timedelta(days=1)).date().isoformat()
    assert ids("--created-after", day) == [cars.id]
    assert ids("--created-before", day) == [trees.id]
    assert ids("--min-duration", "200") == [cars.id]
    assert ids("--max-duration", "200") == [trees.id]
    assert ids("--workspace-id", sandbox.other_workspace_id) == []
    assert ids("--sort", "credits") == [cars.id, trees.id]
    assert ids("--sort", "credits.asc") == [trees.id, cars.id]
    assert ids("--limit", "1") == [cars.id]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--status", "captred"), "Did you mean 'captured'?"),
        (("--created-after", "yesterday-ish"), "--created-after='yesterday-ish'"),
        (("--sort", "colour"), "--sort"),
        (("--sort", "credits.sideways"), "--sort"),
        (("--limit", "0"), "--limit"),
        (("--limit", str(10**20)), "--limit"),
        (("--min-duration", "-1"), "--min-duration"),
        (("--json", "--csv"), "exclude each other"),
        (("--nonsense",), "--nonsense"),
    ],
)
def test_filters_that_cannot_work(
    sandbox: Sandbox, up42_here: Up42, arguments: tuple[str, ...], expected: str
) -> None:
    ended = up42_here("jobs", "list", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert expected in ended.err
    assert not any(request.path == "/v2/processing/jobs" for request in sandbox.requests)


def test_one_job(sandbox: Sandbox, up42_here: Up42) -> None:
    job = sandbox.add_job(TREES, "captured", credits=7)
    record = up42_here("jobs", "show", job.id, "--json").json
    assert list(record) == list(jobs.FIELDS)
    assert (record["id"], record["credits"], record["is_succeeded"]) == (job.id, 7, True)
    assert record["created"].endswith("Z")
    assert job.id in up42_here("jobs", "show", job.id).out
    assert up42_here("jobs", "show", job.id, "--csv").csv[0]["is_succeeded"] == "true"


def test_an_unknown_job(up42_here: Up42) -> None:
    for arguments in (("show",), ("track",), ("download",)):
        ended = up42_here("jobs", *arguments, "nope", "--json")
        assert (ended.code, ended.out) == (1, "")
        assert ended.error["type"] == "NotFoundError"
        assert ended.error["exit_code"] == 1


def test_an_unknown_status_is_shown_as_it_came(sandbox: Sandbox, up42_here: Up42) -> None:
    job = sandbox.add_job()
    sandbox.inject(Fault(path="/v2/processing/jobs*", patch={"status": "paused"}, times=None))
    assert up42_here("jobs", "show", job.id, "--json").json["status"] == "paused"


@pytest.mark.parametrize("place", [0, 1, 2, 3])
def test_global_options_anywhere(sandbox: Sandbox, up42_here: Up42, place: int) -> None:
    job = sandbox.add_job()
    words = ["jobs", "show", job.id]
    words[place:place] = ["--json", "--region", "eu"]
    assert up42_here(*words).json["id"] == job.id
