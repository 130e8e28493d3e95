"""User, account, and projects of the sandbox."""

from __future__ import annotations

from up42_sandbox.core.values import make_id

CLIENT_IDS = frozenset({"up42-api", "up42-sdk"})
"""Documented client ID, and that of the official SDK."""

_PHRASE = "open-sandbox"
"""Not a secret: it is printed at the start, and gives access to nothing else."""


class Credentials:
    """Everything that a login needs, and the IDs that it leads to, for a seed.

    Attributes:
        user_id: Also the ID of the default workspace.
        other_project_id: A second project, which the API key doesn't belong to.
    """

    def __init__(self, seed: int) -> None:
        self.username = "demo@sandbox.example"
        self.password = _PHRASE
        self.user_id = make_id(seed, "user")
        self.account_id = make_id(seed, "account")
        self.project_id = make_id(seed, "project")
        self.project_api_key = "sandbox-key." + make_id(seed, "project-key").replace("-", "")
        self.other_project_id = make_id(seed, "other-project")

    def is_user(self, username: str, password: str) -> bool:
        """Return whether email and password are correct."""
        return (username, password) == (self.username, self.password)

    def is_project(self, project_id: str, key: str) -> bool:
        """Return whether project ID and API key are correct."""
        return (project_id, key) == (self.project_id, self.project_api_key)
