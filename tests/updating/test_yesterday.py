"""Facade and client of today still work with a server that sends the new form."""

from __future__ import annotations

from typing import Any

import pytest

import up42_facade as up42
from tests.updating.mutations import FITTING, Mutation
from up42_sandbox import Fault, Sandbox

NEW_JOB = "11111111-2222-4333-8444-555555555555"
SENT = [mutation for mutation in FITTING if mutation.sends is not None]


def new_form(mutation: Mutation, sandbox: Sandbox, job: dict[str, Any]) -> None:
    """Inject responses as the new document describes them."""
    form: dict[str, Any] = {"times": None, **(mutation.sends or {})}
    if "status" in form:
        # A job of this process that didn't exist before, as a response to its execution.
        form["body"] = {**job, "processID": "pansharpening", "jobID": NEW_JOB}
    sandbox.inject(Fault(**form))


def as_sent(session: up42.Session, job_id: str) -> dict[str, Any]:
    """Return a job as it goes over the wire."""
    found: dict[str, Any] = session.http.get(f"/v2/processing/jobs/{job_id}").json()
    return found


@pytest.mark.parametrize("mutation", SENT, ids=lambda each: each.name)
def test_facade_and_client_go_on(
    mutation: Mutation, sandbox: Sandbox, session: up42.Session
) -> None:
    from up42_client.api.eulas import get_eula
    from up42_client.api.processing import get_processing_job, list_processing_jobs

    known = sandbox.add_job(status="captured").id
    process = up42.Process.get("pansharpening", session=session)
    template = process.template(**sandbox.inputs_for("pansharpening"))
    new_form(mutation, sandbox, as_sent(session, known))

    assert up42.Job.get(known, session=session).id == known
    assert known in [job.id for job in up42.Job.all(session=session)]
    assert process.is_eula_accepted
    assert template.cost.credits >= 0
    assert template.execute().id
    page = list_processing_jobs.sync(client=session.client)
    assert known in [job.job_id for job in page.jobs]
    found = get_processing_job.sync(known, client=session.client)
    assert found.job_id == known
    assert get_eula.sync(process.eula_ids[0], client=session.client).is_accepted
