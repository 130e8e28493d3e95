"""How each client is loaded and pointed at a sandbox. What follows is the same for both.

The scripts in this folder run in either client's interpreter, each in a process of its own. The
rival's has nothing of ours, so they need the standard library and the client alone. Settings come
as JSON on standard input; the last line of standard output is what was measured, as JSON.
"""

from __future__ import annotations

import json
import sys
import urllib.request
from collections.abc import Callable
from typing import Any, NamedTuple

REALM = "/realms/public/protocol/openid-connect"

Settings = dict[str, Any]
Reading = dict[str, Any]


class Client(NamedTuple):
    """What the measurements of processing use of a client."""

    job: Any
    template: Any
    close: Callable[[], None]


def ours(settings: Settings) -> Client:
    import up42_facade as up42
    from up42_facade.processing_templates import DetectionTreesSpacept

    session = up42.authenticate(
        username=settings["username"], password=settings["password"], base_url=settings["url"]
    )
    return Client(up42.Job, DetectionTreesSpacept, session.close)


def rival(settings: Settings) -> Client:
    import up42
    from up42 import host
    from up42.processing_templates import DetectionTreesSpacept

    url = settings["url"]
    host.endpoint = lambda path: f"{url}{path}"
    host.token_endpoint = lambda: f"{url}{REALM}/token"
    host.user_info_endpoint = lambda: f"{url}{REALM}/userinfo"
    up42.authenticate(username=settings["username"], password=settings["password"])
    return Client(up42.Job, DetectionTreesSpacept, lambda: None)


CLIENTS: dict[str, Callable[[Settings], Client]] = {"ours": ours, "rival": rival}


def warm_up(client: Client) -> None:
    """Let the client fetch and load what it does once only, such as the token."""
    next(iter(client.job.all(page_size=1)))


def stac_items(documents: list[dict[str, Any]]) -> list[Any]:
    import pystac

    return [pystac.Item.from_dict(document) for document in documents]


def requests_of(control_url: str, work: Callable[[], object]) -> int:
    """Do something and return how many requests of it reached the sandbox."""
    address = f"{control_url}/requests"
    forget = urllib.request.Request(address, method="DELETE")
    urllib.request.urlopen(forget).close()
    work()
    with urllib.request.urlopen(address) as response:
        return len(json.load(response))


def settings() -> Settings:
    """Read the settings."""
    found: Settings = json.load(sys.stdin)
    return found


def reply(reading: Reading) -> None:
    """Write what was measured."""
    print()
    print(json.dumps(reading))
