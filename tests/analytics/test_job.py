"""The analytics job: what it says of itself, and what can be done to it."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

import up42_facade as up42
from tests.analytics.conftest import UNKNOWN_ID, GetJob, paths
from up42_facade import analytics
from up42_sandbox import Fault, Sandbox

SOON = {"wait": 0.02, "retries": 500, "progress": False}
JOB = "/projects/*/jobs/*"


def test_making_one_costs_nothing(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    assert made.job_id == made.id == sandbox.analytics.jobs["ndvi"]
    assert made.project_id == sandbox.analytics.project_id
    assert made.results is None
    assert made.quicklooks is None
    assert repr(made) == f"AnalyticsJob(job_id={made.job_id!r}, project_id={made.project_id!r})"
    assert made.job_id in made._repr_html_()
    assert sandbox.requests == []


def test_info_asks_each_time(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    info = made.info
    assert info["id"] == made.job_id
    assert info["workflowName"] == "NDVI"
    assert info["inputs"]["ndvi:1"] == {}
    assert made.info == info
    assert paths(sandbox) == [f"GET /jobs/{made.job_id}"] * 2


def test_info_is_spelled_as_the_server_does(sandbox: Sandbox, job: GetJob) -> None:
    sent = {"createdAt": "2021-05-31T13:48:26.345678912Z", "startedAt": None, "extra": [1]}
    sandbox.inject(Fault(path=JOB, patch={"data": sent}))
    info = job("ndvi").info
    assert {key: info[key] for key in sent} == sent


def test_what_the_caller_does_to_info_stays_his(job: GetJob) -> None:
    made = job("ndvi")
    made.info["status"] = "BROKEN"
    assert "BROKEN" not in repr(made)


@pytest.mark.parametrize(
    ("name", "status", "succeeded"),
    [
        ("ndvi", "SUCCEEDED", True),
        ("failed", "FAILED", False),
        ("error", "ERROR", False),
        ("cancelled", "CANCELLED", False),
        ("running", "RUNNING", False),
    ],
)
def test_status(sandbox: Sandbox, job: GetJob, name: str, status: str, succeeded: bool) -> None:
    made = job(name)
    assert made.status == status
    assert made.is_succeeded is succeeded
    assert len(paths(sandbox)) == 2


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("NOT_STARTED", "NOT STARTED"),
        ("NOT STARTED", "NOT STARTED"),
        ("CANCELLING", "CANCELLING"),
        ("ON_HOLD", "ON_HOLD"),
        ("SUCCESSFULL", "SUCCESSFULL"),
        (None, "UNKNOWN"),
        ("", "UNKNOWN"),
        (7, "UNKNOWN"),
    ],
)
def test_spelling_of_statuses(sandbox: Sandbox, job: GetJob, sent: Any, shown: str) -> None:
    sandbox.inject(Fault(path=JOB, patch={"data": {"status": sent}}, times=2))
    made = job("ndvi")
    assert made.status == shown
    assert made.is_succeeded is False


def test_a_new_job_is_not_started(sandbox: Sandbox, session: up42.Session) -> None:
    sandbox.clock.speed = 1e-6
    made = up42.initialize_job(sandbox.analytics.add_job().id, session=session)
    assert made.info["status"] == "NOT_STARTED"
    assert made.status == "NOT STARTED"


def test_repr_shows_what_is_known(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    _ = made.status
    sandbox.clear_requests()
    assert repr(made).endswith(", name='NDVI of Berlin', status='SUCCEEDED')")
    assert "\n" not in repr(made)
    shown = made._repr_html_()
    created = dt.datetime.fromisoformat(made.info["createdAt"]).astimezone(dt.UTC)
    for text in ("NDVI of Berlin", "SUCCEEDED", "DEFAULT", f"{created:%Y-%m-%d %H:%M:%S} UTC"):
        assert text in shown
    assert "<script" not in shown


def test_html_is_escaped(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.inject(Fault(path=JOB, patch={"data": {"name": "<script>alert(1)</script>"}}))
    assert "<script" not in job("ndvi").refresh()._repr_html_()


def test_a_null_name(job: GetJob) -> None:
    made = job("unnamed")
    assert made.info["name"] is None
    assert "name" not in repr(made)
    assert "None" not in made._repr_html_()


def test_credits(job: GetJob) -> None:
    credits = job("ndvi").get_credits()
    assert credits["creditsUsed"] == 25
    assert sum(task["creditsUsed"] for task in credits["tasks"]) == 25
    assert job("cancelled").get_credits()["creditsUsed"] == 0


def test_credits_without_tasks(sandbox: Sandbox, job: GetJob) -> None:
    body = {"data": {"creditsUsed": 100}, "error": {}}
    sandbox.inject(Fault(path="*/credits", status=200, body=body))
    assert job("ndvi").get_credits() == {"creditsUsed": 100}


def test_rename(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    assert made.rename("Grün & <neu>") is made
    assert "Grün & <neu>" in repr(made)
    assert made.info["name"] == "Grün & <neu>"
    workflow = sandbox.analytics.workflows["ndvi"]
    assert f"PUT /workflows/{workflow}/jobs/{made.job_id}" in paths(sandbox)


@pytest.mark.parametrize("name", [None, "", 5])
def test_bad_names(sandbox: Sandbox, job: GetJob, name: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match=f"name={name!r}"):
        job("ndvi").rename(name)
    assert sandbox.requests == []


def test_a_job_without_a_workflow(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.inject(Fault(path=JOB, patch={"data": {"workflowId": None}}))
    with pytest.raises(up42.UnexpectedResponseError, match="workflow of job"):
        job("ndvi").rename("x")
    assert [path for path in paths(sandbox) if not path.startswith("GET")] == []


def test_cancel(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.clock.speed = 1e-6
    made = job("running")
    assert made.cancel() is made
    assert made.status == "CANCELLING"
    sandbox.clock.advance(60)
    assert made.status == "CANCELLED"


def test_cancel_accepts_200(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.inject(Fault(path="*/cancel", status=200, body={"data": None, "error": {}}))
    made = job("running")
    assert made.cancel() is made


def test_a_refused_cancel_tells_the_status(sandbox: Sandbox, job: GetJob) -> None:
    body = {"data": None, "error": {"code": "X", "message": "Job has ended", "details": None}}
    sandbox.inject(Fault(path="*/cancel", status=400, body=body))
    with pytest.raises(up42.BadRequestError, match="Job has ended") as caught:
        job("ndvi").cancel()
    assert caught.value.__notes__ == ["The status of the job is 'SUCCEEDED'."]


def test_cancel_of_an_unknown_job(session: up42.Session) -> None:
    with pytest.raises(up42.NotFoundError, match="was not found in project"):
        up42.initialize_job(UNKNOWN_ID, session=session).cancel()


def test_track(sandbox: Sandbox, session: up42.Session) -> None:
    made = up42.initialize_job(sandbox.analytics.add_job().id, session=session)
    seen: list[str] = []

    def go_on(job: Any) -> None:
        seen.append(repr(job))
        sandbox.clock.advance(1_000)

    assert made.track(**SOON, on_update=go_on) is made
    assert made.is_succeeded
    assert "SUCCEEDED" in seen[-1]
    assert len(seen) == len(set(seen)) > 1


@pytest.mark.parametrize("name", ["ndvi", "failed", "error", "cancelled"])
def test_track_ends_at_once_on_an_end(sandbox: Sandbox, job: GetJob, name: str) -> None:
    job(name).track(progress=False)
    assert len(paths(sandbox)) == 1


def test_track_reports_in_documented_spelling(
    sandbox: Sandbox, job: GetJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    for status in ("NOT_STARTED", "NOT_STARTED", "ON_HOLD"):
        sandbox.inject(Fault(path=JOB, patch={"data": {"status": status}}))
    seen: list[Any] = []
    job("ndvi").track(progress=False, on_update=lambda job: seen.append(repr(job)))
    assert [text.partition("status=")[2] for text in seen] == [
        "'NOT STARTED')",
        "'ON_HOLD')",
        "'SUCCEEDED')",
    ]


def test_track_gives_up(job: GetJob, monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    made = job("running")
    with pytest.raises(up42.UnfinishedJob, match="still 'RUNNING' after 3 polls") as caught:
        made.track(wait=7, retries=3, progress=False)
    assert caught.value.job is made
    assert pauses == [7, 7]


@pytest.mark.parametrize(
    "fault",
    [{"status": 503}, {"drop": "before"}, {"malformed": True}, {"status": 429}],
    ids=str,
)
def test_track_sits_out_an_outage(
    sandbox: Sandbox, job: GetJob, fault: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    sandbox.inject(Fault(path=JOB, times=20, **fault))
    assert job("ndvi").track(progress=False).is_succeeded


@pytest.mark.parametrize("arguments", [{"wait": 0}, {"retries": 0}])
def test_track_checks_its_arguments(
    sandbox: Sandbox, job: GetJob, arguments: dict[str, Any]
) -> None:
    with pytest.raises(up42.InvalidInputError):
        job("running").track(**arguments)
    assert sandbox.requests == []


# Which project -----------------------------------------------------------------------------


def test_the_project_of_the_arguments_counts(sandbox: Sandbox, session: up42.Session) -> None:
    made = up42.initialize_job(
        sandbox.analytics.jobs["foreign"], sandbox.analytics.other_project_id, session
    )
    assert made.info["name"] == "Elsewhere"


def test_the_default_session_and_its_project(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UP42_PROJECT_ID", sandbox.analytics.project_id)
    with up42.authenticate(
        username=sandbox.username, password=sandbox.password, base_url=sandbox.url
    ):
        made = up42.initialize_job(sandbox.analytics.jobs["ndvi"])
        assert made.is_succeeded
        assert made.project_id == sandbox.analytics.project_id


def test_project_credentials(sandbox: Sandbox) -> None:
    with up42.Session(
        project_id=sandbox.project_id,
        project_api_key=sandbox.project_api_key,
        base_url=sandbox.url,
    ) as session:
        assert up42.initialize_job(sandbox.analytics.jobs["ndvi"], session=session).is_succeeded


def test_no_project(sandbox: Sandbox) -> None:
    with up42.Session(
        username=sandbox.username, password=sandbox.password, base_url=sandbox.url
    ) as session:
        for call in (
            lambda: up42.initialize_job("j", session=session),
            lambda: up42.initialize_jobtask("t", "j", session=session),
            lambda: up42.get_jobs(session=session),
        ):
            with pytest.raises(up42.ConfigurationError, match="pass project_id"):
                call()


def test_no_session() -> None:
    for call in (
        lambda: up42.initialize_job("j", "p"),
        lambda: up42.initialize_jobtask("t", "j", "p"),
        lambda: up42.get_jobs("p"),
    ):
        with pytest.raises(up42.NotAuthenticatedError):
            call()


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("", "p"), "job_id=''"),
        ((None, "p"), "job_id=None"),
        ((5, "p"), "job_id=5"),
        (("j", ""), "project_id=''"),
        (("j", 5), "project_id=5"),
    ],
)
def test_bad_ids(session: up42.Session, arguments: tuple[Any, Any], named: str) -> None:
    with pytest.raises(up42.InvalidInputError, match=named):
        up42.initialize_job(*arguments, session=session)
    with pytest.raises(up42.InvalidInputError, match=named):
        up42.initialize_jobtask("t", *arguments, session=session)


METHODS = ["get_credits", "get_results_json", "download_results", "refresh"]
METHODS += ["download_quicklooks", "get_jobtasks", "get_logs", "get_jobtasks_results_json"]


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("kind", ["unknown", "foreign"])
def test_jobs_that_are_not_in_the_project(
    sandbox: Sandbox, session: up42.Session, method: str, kind: str
) -> None:
    job_id = sandbox.analytics.jobs["foreign"] if kind == "foreign" else UNKNOWN_ID
    made = up42.initialize_job(job_id, session=session)
    with pytest.raises(up42.NotFoundError, match="was not found in project") as caught:
        getattr(made, method)()
    message = str(caught.value)
    assert job_id in message
    assert sandbox.analytics.project_id in message
    assert "Pass the project_id" in message
    assert caught.value.status_code == 404


def test_an_id_that_is_none(session: up42.Session) -> None:
    for job_id in ("abc", "../../etc", "a b/?#"):
        made = up42.initialize_job(job_id, session=session)
        with pytest.raises((up42.BadRequestError, up42.NotFoundError)) as caught:
            _ = made.info
        assert repr(job_id) in str(caught.value)
    with pytest.raises(up42.BadRequestError, match="IDs are UUIDs"):
        _ = up42.initialize_job("abc", session=session).status


# Envelopes -----------------------------------------------------------------------------------


@pytest.mark.parametrize("code", [404, "RESOURCE_NOT_FOUND"])
def test_an_error_under_a_good_status(sandbox: Sandbox, job: GetJob, code: int | str) -> None:
    body = {"data": None, "error": {"code": code, "message": "No such thing.", "details": "d"}}
    sandbox.inject(Fault(path=JOB, status=200, body=body))
    with pytest.raises(up42.ApiError, match=rf"the error {code}: No such thing\.$") as caught:
        _ = job("ndvi").info
    assert caught.value.body == body
    assert caught.value.status_code == 200
    assert caught.value.detail == "d"


@pytest.mark.parametrize("code", [404, "RESOURCE_NOT_FOUND"])
def test_codes_of_errors_are_opaque(sandbox: Sandbox, job: GetJob, code: int | str) -> None:
    body = {"data": None, "error": {"code": code, "message": "gone", "details": None}}
    sandbox.inject(Fault(path=JOB, status=403, body=body))
    with pytest.raises(up42.ApiError, match="gone") as caught:
        _ = job("ndvi").info
    assert caught.value.body["error"]["code"] == code


@pytest.mark.parametrize("error", [None, {}, "None", "", {"code": 1, "message": "a warning"}])
def test_data_counts_whatever_stands_beside_it(sandbox: Sandbox, job: GetJob, error: Any) -> None:
    sandbox.inject(
        Fault(path=JOB, status=200, body={"data": {"status": "RUNNING"}, "error": error})
    )
    assert job("ndvi").status == "RUNNING"


@pytest.mark.parametrize(
    "body",
    [
        {"data": None, "error": None},
        {"data": None, "error": "None"},
        {"data": None, "error": {}},
        {"data": [], "error": None},
        {"data": "x"},
        {},
        [],
        None,
        "text",
    ],
    ids=str,
)
def test_answers_that_make_no_sense(sandbox: Sandbox, job: GetJob, body: Any) -> None:
    sandbox.inject(Fault(path=JOB, status=200, body=body, content_type="application/json"))
    with pytest.raises(up42.UnexpectedResponseError):
        _ = job("ndvi").info


def test_the_media_type_error(sandbox: Sandbox, job: GetJob) -> None:
    body = {"code": 415, "message": "Content type not supported", "data": None, "error": None}
    sandbox.inject(Fault(method="PUT", status=415, body=body))
    with pytest.raises(up42.ApiError, match="Content type not supported") as caught:
        job("ndvi").rename("x")
    assert caught.value.status_code == 415


def test_the_token_is_renewed(sandbox: Sandbox, job: GetJob) -> None:
    made = job("ndvi")
    assert made.is_succeeded
    sandbox.revoke_tokens()
    assert made.is_succeeded


def test_reads_are_repeated(sandbox: Sandbox, job: GetJob) -> None:
    sandbox.inject(Fault(path=JOB, status=503, times=2), Fault(path=JOB, drop="after"))
    assert job("ndvi").is_succeeded


def test_all_documented_statuses_are_named() -> None:
    assert set(analytics.TERMINAL_STATUSES) < set(analytics.STATUSES)
    assert len(analytics.STATUSES) == 8
