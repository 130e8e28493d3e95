"""What is pickled for other processes, what isn't, and what becomes of it there."""

from __future__ import annotations

import base64
import copy
import json
import os
import pickle
import subprocess
import sys
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cloudpickle
import pystac
import pytest

import up42_facade as up42
from tests.conftest import IMPATIENT, new_session, token_of
from up42_facade import processing_templates as templates
from up42_sandbox import Sandbox

DUMPS: list[Any] = [
    pytest.param(lambda value, p=protocol: pickle.dumps(value, p), id=f"protocol {protocol}")
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1)
] + [pytest.param(cloudpickle.dumps, id="cloudpickle")]
Dumps = Callable[[Any], bytes]

# What another process does: it reads a pickle, and prints what it finds as JSON.
START = """
import json, pickle, sys
payload = sys.stdin.buffer.read()
"""


def elsewhere(script: str, payload: bytes, **environment: str) -> Any:
    """Run a script in another process and return what it prints."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith("UP42_")}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", START + script],
        input=payload,
        env={**clean, **environment},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert not done.stderr, done.stderr.decode()
    return json.loads(done.stdout)


def login(sandbox: Sandbox) -> dict[str, str]:
    """Return the environment of a worker that may log in, without hosts: those are pickled."""
    return {"UP42_USERNAME": sandbox.username, "UP42_PASSWORD": sandbox.password}


@pytest.fixture
def item(session: up42.Session) -> pystac.Item:
    return next(up42.search_items(session=session))


@pytest.fixture
def job(sandbox: Sandbox, session: up42.Session) -> up42.Job:
    return up42.Job.get(sandbox.add_job(status="captured").id, session=session)


@pytest.fixture
def project_session(sandbox: Sandbox) -> Iterator[up42.Session]:
    with up42.Session(
        project_id=sandbox.project_id,
        project_api_key=sandbox.project_api_key,
        base_url=sandbox.url,
        options=IMPATIENT,
    ) as made:
        yield made


@pytest.fixture
def gone(session: up42.Session, job: up42.Job) -> Callable[[], bytes]:
    """Return what pickles the job and closes its session, as if that lived elsewhere."""

    def make() -> bytes:
        data = pickle.dumps(job)
        session.close()
        return data

    return make


# ---- what is in the bytes


def everything(sandbox: Sandbox, session: up42.Session, item: pystac.Item) -> dict[str, Any]:
    """Return one of everything that may travel, all of it used before."""
    template = templates.DetectionTreesSpacept("Trees", item, session=session)
    assert template.is_valid
    process = up42.Process.get("pansharpening", session=session)
    assert process.is_eula_accepted
    asset = up42.initialize_asset(sandbox.asset_id(), session)
    assert asset.stac_items
    job = up42.Job.get(sandbox.add_job(status="captured").id, session=session)
    old = up42.initialize_job(sandbox.analytics.jobs["ndvi"], sandbox.project_id, session)
    assert old.status == "SUCCEEDED"
    task_id = sandbox.analytics.task_ids("ndvi")[-1]
    return {
        "session": session,
        "job": job,
        "template": template,
        "generic template": process.template(title="Sharp", item=item),
        "process": process,
        "cost": template.cost,
        "item": item,
        "collection": job.collection,
        "asset": asset,
        "analytics job": old,
        "analytics job task": up42.initialize_jobtask(
            task_id, old.job_id, sandbox.project_id, session
        ),
    }


def variants(secret: str) -> list[bytes]:
    plain = secret.encode()
    return [plain, plain[::-1], base64.b64encode(plain).rstrip(b"=")[:-1], plain.hex().encode()]


@pytest.mark.parametrize("dumps", DUMPS)
def test_no_secret_is_pickled(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item, dumps: Dumps
) -> None:
    things = everything(sandbox, session, item)
    token = token_of(sandbox)
    for name, thing in things.items():
        data = dumps(thing)
        for secret in (sandbox.password, sandbox.username, token):
            assert not any(text in data for text in variants(secret)), name


@pytest.mark.parametrize("dumps", DUMPS)
def test_no_api_key_is_pickled(
    sandbox: Sandbox, project_session: up42.Session, dumps: Dumps
) -> None:
    job_id = sandbox.analytics.jobs["ndvi"]
    job = up42.initialize_job(job_id, session=project_session)
    assert job.is_succeeded
    token = token_of(sandbox)
    for secret in (sandbox.project_api_key, token):
        assert not any(text in dumps(job) for text in variants(secret))
    assert sandbox.project_id.encode() in dumps(job)


@pytest.mark.parametrize("dumps", DUMPS)
def test_everything_comes_back(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item, dumps: Dumps
) -> None:
    for name, thing in everything(sandbox, session, item).items():
        again = pickle.loads(dumps(thing))
        assert type(again) is type(thing), name
        assert repr(again) == repr(thing), name
        assert getattr(again, "_session", session) is session, name


def test_a_template_keeps_what_the_server_said(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item
) -> None:
    # Items of pystac are equal to nothing but themselves.
    url = item.get_self_href()
    template = templates.DetectionTreesSpacept("Trees", url, session=session)
    unasked = pickle.loads(pickle.dumps(template))
    price = template.cost
    sandbox.clear_requests()
    again = pickle.loads(pickle.dumps(template))
    assert again == template
    assert again.cost == price
    assert again.inputs == template.inputs
    assert sandbox.requests == []
    assert unasked.cost == price
    assert sandbox.requests


def test_a_job_keeps_its_files_and_a_status_of_the_future(job: up42.Job) -> None:
    job.status = up42.JobStatus("paused")
    job.results = ["a.tif"]
    again = pickle.loads(pickle.dumps(job))
    assert again == job
    assert again.status.value == "paused"
    assert again.results == ["a.tif"]


def test_copies_share_the_session(job: up42.Job) -> None:
    assert copy.deepcopy(job).session is job.session
    assert copy.copy(job.session) is job.session


# ---- in another process

REFRESH = """
job = pickle.loads(payload)
job.refresh()
options = job.session.options
print(json.dumps([job.id, job.status.value, job.session.hosts.api, options.rate]))
"""


def test_a_worker_logs_in_from_its_environment(sandbox: Sandbox, job: up42.Job) -> None:
    sandbox.clear_requests()
    found = elsewhere(
        REFRESH,
        pickle.dumps(job),
        **login(sandbox),
        # Where the job is was pickled; this would lead elsewhere.
        UP42_BASE_URL="http://127.0.0.1:9",
    )
    assert found == [job.id, "captured", sandbox.url, IMPATIENT.rate]
    assert [request.method for request in sandbox.requests] == ["POST", "GET"]


def test_a_template_is_executed_by_a_worker(
    sandbox: Sandbox, session: up42.Session, item: pystac.Item
) -> None:
    template = templates.DetectionTreesSpacept("Trees", item, session=session)
    script = "print(json.dumps(pickle.loads(payload).execute().id))"
    job_id = elsewhere(script, cloudpickle.dumps(template), **login(sandbox))
    assert list(sandbox.jobs) == [job_id]


def test_the_api_key_of_a_worker(sandbox: Sandbox, project_session: up42.Session) -> None:
    job = up42.initialize_job(sandbox.analytics.jobs["ndvi"], session=project_session)
    status = elsewhere(
        "print(json.dumps(pickle.loads(payload).status))",
        pickle.dumps(job),
        UP42_PROJECT_ID=sandbox.project_id,
        UP42_PROJECT_API_KEY=sandbox.project_api_key,
    )
    assert status == "SUCCEEDED"


def test_a_default_session_of_the_worker_is_used(sandbox: Sandbox, job: up42.Job) -> None:
    script = f"""
import up42_facade as up42
mine = up42.authenticate(
    username={sandbox.username!r}, password={sandbox.password!r}, base_url={sandbox.url!r}
)
job = pickle.loads(payload)
print(json.dumps([job.session is mine, job.refresh().status]))
mine.close()
"""
    assert elsewhere(script, pickle.dumps(job)) == [True, "captured"]


def test_a_default_session_for_another_place_is_not(sandbox: Sandbox, job: up42.Job) -> None:
    script = """
import up42_facade as up42
mine = up42.authenticate(username="a@b.c", password="d")  # at api.up42.com
print(json.dumps([pickle.loads(payload).refresh().status]))
"""
    assert elsewhere(script, pickle.dumps(job), **login(sandbox)) == ["captured"]


MISSING = """
import up42_facade as up42
job = pickle.loads(payload)
try:
    job.refresh()
except up42.ConfigurationError as error:
    print(json.dumps(str(error)))
"""


@pytest.mark.parametrize(
    ("environment", "said"),
    [({}, "No credentials found"), ({"UP42_USERNAME": "a@b.c"}, "password is missing")],
)
def test_a_worker_without_credentials(
    job: up42.Job, environment: dict[str, str], said: str
) -> None:
    message = elsewhere(MISSING, pickle.dumps(job), **environment)
    assert said in message
    assert "set UP42_USERNAME and UP42_PASSWORD" in message
    assert "pickle_credentials=True" in message


def test_credentials_that_come_later(
    sandbox: Sandbox, gone: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    late = pickle.loads(gone())
    with pytest.raises(up42.ConfigurationError):
        late.refresh()
    with pytest.raises(up42.ConfigurationError):
        _ = late.session.workspace_id
    for name, value in login(sandbox).items():
        monkeypatch.setenv(name, value)
    assert late.refresh().status == "captured"
    late.session.close()


def test_credentials_are_sent_along_if_asked(sandbox: Sandbox, job: up42.Job) -> None:
    with up42.Session(
        username=sandbox.username,
        password=sandbox.password,
        base_url=sandbox.url,
        pickle_credentials=True,
    ) as generous:
        assert up42.Process.all(session=generous)
        token = token_of(sandbox)
        data = pickle.dumps(up42.Job.get(job.id, session=generous))
    assert sandbox.password.encode() in data
    assert token.encode() not in data
    assert sandbox.password not in repr(pickle.loads(data).session)
    # And the worker may send them on.
    script = """
once = pickle.loads(payload)
again = pickle.loads(pickle.dumps(once))
print(json.dumps([again.refresh().status, again.session is once.session]))
"""
    assert elsewhere(script, data) == ["captured", True]


def test_the_default_session_can_send_them_too(sandbox: Sandbox) -> None:
    where = {"username": "a@b.c", "password": "s3cret", "base_url": sandbox.url}
    with up42.authenticate(**where) as modest:
        assert b"s3cret" not in pickle.dumps(modest)
    with up42.authenticate(**where, pickle_credentials=True) as generous:
        assert b"s3cret" in pickle.dumps(generous)


POOL = """
import multiprocessing
from concurrent.futures import ProcessPoolExecutor
import up42_facade as up42

if __name__ == "__main__":
    job = pickle.loads(payload)
    with ProcessPoolExecutor(2, mp_context=multiprocessing.get_context({method!r})) as pool:
        first = pool.submit(up42.Job.refresh, job).exception()
        second = pool.submit(up42.Job.refresh, job).exception()
        third = pool.submit(len, "abc").result()
    print(json.dumps([type(first).__name__, str(first) == str(second) or str(second), third]))
"""


@pytest.mark.parametrize("method", ["spawn", "forkserver"])
def test_a_pool_survives_missing_credentials(job: up42.Job, method: str) -> None:
    kind, _, counted = elsewhere(POOL.format(method=method), pickle.dumps(job))
    assert kind == "ConfigurationError"
    assert counted == 3


FORK = """
import multiprocessing, os, warnings
from concurrent.futures import ProcessPoolExecutor
import up42_facade as up42
# From Python 3.12 on it warns that this process has threads, which is what is tried out here.
warnings.simplefilter("ignore", DeprecationWarning)
session = up42.Session(**json.loads(payload))
ids = [job.id for job in up42.Job.all(session=session)]
job = up42.Job.get(ids[0], session=session)

def work(sent):
    inherited = session.http
    return [os.getpid(), sent.session is session, sent.refresh().status, id(inherited)]

with session._lock, ProcessPoolExecutor(
    3, mp_context=multiprocessing.get_context("fork")
) as pool:
    # The lock is held while the processes begin, as another thread might.
    found = list(pool.map(work, [job] * 6))
assert job.refresh().status == "captured"
print(json.dumps([os.getpid() not in [pid for pid, *_ in found],
    all(same for _, same, *_ in found), {status for *_, status, _ in found} == {"captured"},
    id(session.http) in [made for *_, made in found]]))
session.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")
def test_a_forked_worker_has_connections_of_its_own(sandbox: Sandbox) -> None:
    sandbox.add_job(status="captured")
    arguments = {
        "username": sandbox.username,
        "password": sandbox.password,
        "base_url": sandbox.url,
    }
    assert elsewhere(FORK, json.dumps(arguments).encode()) == [True, True, True, False]


# ---- sessions of one process


@pytest.fixture
def worker(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the environment of a worker."""
    for name, value in login(sandbox).items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("worker")
def test_hundreds_of_jobs_share_one_session(
    sandbox: Sandbox, gone: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = gone()
    begin = up42.Session._begin

    def slow(*arguments: Any) -> None:
        # Long enough for others to come in between, if they may.
        time.sleep(0.02)
        begin(*arguments)

    monkeypatch.setattr(up42.Session, "_begin", slow)
    sandbox.clear_requests()
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda _: pickle.loads(data), range(500)))
        assert len({id(job.session) for job in jobs}) == 1
        list(pool.map(up42.Job.refresh, jobs[:20]))
    tokens = [request for request in sandbox.requests if request.path.endswith("/token")]
    assert len(tokens) == 1
    jobs[0].session.close()


@pytest.mark.usefixtures("worker")
def test_it_stays_between_two_tasks(gone: Callable[[], bytes]) -> None:
    data = gone()
    first = id(pickle.loads(data).session)
    shared = pickle.loads(data).session
    assert id(shared) == first
    shared.close()


@pytest.mark.usefixtures("worker")
def test_a_closed_shared_session_is_replaced(gone: Callable[[], bytes]) -> None:
    data = gone()
    closed = pickle.loads(data).session
    closed.close()
    job = pickle.loads(data)
    assert job.session is not closed
    assert job.refresh().status == "captured"
    job.session.close()


@pytest.mark.usefixtures("worker")
def test_other_settings_are_another_session(sandbox: Sandbox) -> None:
    options = up42.TransportOptions(retries=1, lookup_waits=[0.5])  # type: ignore[arg-type]
    made = [new_session(sandbox), new_session(sandbox), new_session(sandbox, options)]
    made[1].project_id = "11111111-1111-4111-8111-111111111111"
    sent = [pickle.dumps(session) for session in made]
    for session in made:
        session.close()
    arrived = [pickle.loads(data) for data in sent]
    assert len(set(arrived)) == 3
    assert [session.project_id for session in arrived] == [None, made[1].project_id, None]
    assert arrived[2].options == options
    for session in arrived:
        session.close()


@pytest.mark.usefixtures("worker")
def test_equal_settings_are_one_session(sandbox: Sandbox) -> None:
    with new_session(sandbox) as one, new_session(sandbox) as other:
        sent = [pickle.dumps(one), pickle.dumps(other)]
        assert [pickle.loads(data) for data in sent] == [one, other]
    arrived = [pickle.loads(data) for data in sent]
    assert arrived[0] is arrived[1]
    assert arrived[0] not in (one, other)
    arrived[0].close()


@pytest.mark.usefixtures("worker")
def test_another_account_in_the_environment_is_another_session(
    gone: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = gone()
    first = pickle.loads(data)
    monkeypatch.setenv("UP42_USERNAME", "somebody@else.example")
    second = pickle.loads(data)
    assert second.session is not first.session
    with pytest.raises(up42.AuthenticationError):
        second.refresh()
    assert first.refresh().status == "captured"
    for job in (first, second):
        job.session.close()


def test_a_job_that_returns_has_its_own_session_again(sandbox: Sandbox, job: up42.Job) -> None:
    script = "print(json.dumps(pickle.dumps(pickle.loads(payload).refresh()).hex()))"
    returned = pickle.loads(bytes.fromhex(elsewhere(script, pickle.dumps(job), **login(sandbox))))
    assert returned == job
    assert returned.session is job.session


def test_a_session_ends_when_nobody_holds_it(sandbox: Sandbox) -> None:

    session = new_session(sandbox)
    assert up42.Process.all(session=session)
    seen = weakref.ref(session)
    pickle.dumps(session)
    session.close()
    del session
    assert seen() is None


@pytest.mark.usefixtures("worker")
def test_a_subclass_stays_one(sandbox: Sandbox) -> None:
    with OwnSession(
        username=sandbox.username, password=sandbox.password, base_url=sandbox.url
    ) as own:
        data = pickle.dumps(own)
    arrived = pickle.loads(data)
    assert type(arrived) is OwnSession
    arrived.close()


class OwnSession(up42.Session):
    """A class of a user."""
