"""The sandbox's fixture, found by pytest because the package is installed."""

from __future__ import annotations

import up42_facade as up42
from up42_sandbox import Sandbox


def test_a_sandbox_of_its_own(
    up42_sandbox: Sandbox, up42_sandbox_environment: dict[str, str]
) -> None:
    with up42.authenticate():
        up42_sandbox.add_job()
        assert [job.id for job in up42.Job.all()] == list(up42_sandbox.jobs)  # noqa: S101 - a test
