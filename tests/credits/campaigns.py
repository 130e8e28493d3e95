"""Batches and sessions on the model server, for tests and for the processes that they start."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

import up42_facade as up42
from up42_facade.processing_templates import GreyWeight, Pansharpening

OPTIONS = up42.TransportOptions(
    connect_timeout=5,
    read_timeout=20,
    retries=2,
    backoff=0.001,
    longest_wait=0.01,
    rate=100_000,
    burst=100_000,
    lookup_waits=(0.0, 0.05, 0.1),
)


def session_on(url: str, username: str) -> up42.Session:
    """Make a session and log it in."""
    session = up42.Session(username=username, password="secret", base_url=url, options=OPTIONS)
    _ = session.workspace_id
    return session


def template(key: str, url: str, session: up42.Session) -> Pansharpening:
    """Make the template that a key of the server's names."""
    return Pansharpening(
        title=key.removesuffix("+"),
        item=f"{url}/v2/assets/stac/collections/c/items/i",
        grey_weights=[GreyWeight("red", 0.2)] if key.endswith("+") else None,
        session=session,
    )


def open_batch(url: str, session: up42.Session, path: str, keys: Sequence[str]) -> up42.Batch:
    return up42.Batch([template(key, url, session) for key in keys], path=path, add_new=True)


def execute_journal(url: str, username: str, path: str, keys: list[str]) -> None:
    """Execute a batch, perhaps beside another process; that may be refused."""
    with suppress(up42.Up42Error), session_on(url, username) as session:
        open_batch(url, session, path, keys).execute(progress=False)
