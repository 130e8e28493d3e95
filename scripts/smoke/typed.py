"""A user's program, only checked by mypy: it must know the types of the installed package."""

from __future__ import annotations

import up42_facade as up42
from up42_client.api.processing import list_processing_jobs
from up42_client.models import JobStatus, ProcessingJobList
from up42_facade import processing_templates
from up42_sandbox import Sandbox


def spend(sandbox: Sandbox) -> tuple[up42.Cost, list[str], str | None]:
    session = up42.authenticate(
        username=sandbox.username, password=sandbox.password, base_url=sandbox.url
    )
    item = next(up42.search_items(session=session))
    template = processing_templates.DetectionTreesSpacept(title="Trees", item=item)
    # mypy has to see this slip: otherwise, it finds the comment useless.
    template.execute(max_credits="ten")  # type: ignore[arg-type]
    job = template.execute(max_credits=10)
    job.track(on_update=lambda now: print(now.status.value))
    return template.cost, job.download_results("results"), job.collection_url


def running(session: up42.Session) -> list[str]:
    page = list_processing_jobs.sync(client=session.client, status=[JobStatus.RUNNING])
    if not isinstance(page, ProcessingJobList) or not page.jobs:
        return []
    return [str(job.job_id) for job in page.jobs]
