"""The official SDK logs in at the sandbox."""

from __future__ import annotations

from pathlib import Path

from tests.sdk.conftest import Rival
from up42_sandbox import Sandbox

PINS = Path(__file__).with_name("requirements.txt")


def test_authentication(rival: Rival, sandbox: Sandbox) -> None:
    sandbox.add_jobs(3)
    found = rival("authentication", sandbox)
    assert f"up42-py=={found['version']}" in PINS.read_text(encoding="utf-8")
    assert found["before"]["raised"] == "UserNotAuthenticated"
    assert found["wrong_password"]["raised"] == "WrongCredentials"
    assert found["wrong_user"]["raised"] == "WrongCredentials"
    # The user's id doubles as the id of the default workspace.
    assert found["right"] == {"workspace_id": sandbox.workspace_id}
    assert found["after"] == {"jobs": 3}
    statuses = [request.status for request in sandbox.requests if "openid" in request.path]
    assert statuses == [401, 401, 200, 200]
