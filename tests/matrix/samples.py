"""What can go wrong with a request: samples of every field of `Fault`, and what must come of them.

The outcome is declared by kind rather than by cell, see `Kind`.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from attrs import field, frozen

SECRET = "FAULT-SECRET-0123456789"
"""Part of what some faults send: a signature, or a piece of a token."""

ONE = 1
ALL: None = None
BOMB_BYTES = 40_000_000
"""Far more than the limit for a JSON document, and quickly decompressed."""


class Kind(Enum):
    """What a fault means to an operation that meets it."""

    HARMLESS = "unusual but correct: the operation succeeds"
    PASSING = "passes, or lasts: what only reads succeeds after a retry, or says so"
    REFUSED = "a documented refusal: the error of its status"
    ELSEWHERE = "a redirect: followed without credentials, or an error"
    UNCERTAIN = "a status behind which the server may have acted: an error, or the job is found"
    DAMAGED = "not what the document says: an error, or read as far as it goes"


@frozen
class Endpoint:
    """A request that an operation sends: origin, method, and a glob of its path."""

    origin: str
    method: str
    path: str

    @property
    def is_token(self) -> bool:
        return self.path.endswith("/token")

    @property
    def is_safe(self) -> bool:
        """Whether the request may be sent again."""
        asks = ("/search", "/validation", "/cost", "/download-url", "/token")
        return self.method == "GET" or self.path.endswith(asks)

    @property
    def is_execution(self) -> bool:
        return self.path.endswith("/execution")

    @property
    def is_job_list(self) -> bool:
        return self.path == "/v2/processing/jobs"

    @property
    def is_page(self) -> bool:
        return self.is_job_list or self.path.endswith(("/stac/search", "/items"))

    @property
    def is_api(self) -> bool:
        return self.origin == "api"


def anywhere(endpoint: Endpoint) -> bool:
    return True


@frozen
class Sample:
    """A fault: its name, arguments of `Fault`, how often, and what it means."""

    name: str
    kind: Kind
    times: int | None = field(kw_only=True, default=ONE)
    fits: Callable[[Endpoint], bool] = field(kw_only=True, default=anywhere)
    arguments: Mapping[str, Any] = field(kw_only=True)

    @property
    def status(self) -> int | None:
        found = self.arguments.get("status")
        return found if isinstance(found, int) else None


def samples() -> list[Sample]:
    """Return all samples; names are unique."""
    found = [*harmless(), *passing(), *statuses(), *redirects(), *damaged(), *lists(), *tokens()]
    assert len({one.name for one in found}) == len(found)
    return found


def harmless() -> list[Sample]:
    def add(name: str, **arguments: Any) -> Sample:
        return Sample(name, Kind.HARMLESS, times=ALL, arguments=arguments)

    def sample(name: str, fits: Callable[[Endpoint], bool], **arguments: Any) -> Sample:
        return Sample(name, Kind.HARMLESS, times=ALL, fits=fits, arguments=arguments)

    return [
        add("late", latency=0.02),
        sample("compressed", is_json, gzip=True),
        add("slow body", rate=500_000),
        add("no length", append=0),
        add("more headers", headers={"X-Odd": "\x7f\xff", "Link": "<x>; rel=next", "Age": "1"}),
        add("wrong media type", content_type="application/octet-stream"),
        add("Retry-After beside a success", retry_after=1),
        sample("unknown fields", is_json, patch={"new": {"deep": [1, None, "x"]}}),
        sample(
            "server trims an input",
            lambda endpoint: endpoint.is_execution,
            request_patch={"inputs": {"title": "trimmed"}},
        ),
    ]


def is_json(endpoint: Endpoint) -> bool:
    return endpoint.is_api and not endpoint.path.endswith(("/logs", "/quicklooks/*"))


def has_body(endpoint: Endpoint) -> bool:
    return not endpoint.path.endswith(("/validation", "/cancel"))


def passing() -> list[Sample]:
    found = []
    for times, often in ((ONE, "once"), (ALL, "always")):
        for name, arguments in {
            "no response, nothing done": {"drop": "before"},
            "no response, request handled": {"drop": "after"},
            "no body": {"drop": 0},
            "body cut off": {"drop": 10},
            "500": {"status": 500},
            "503 with Retry-After": {"status": 503, "retry_after": 0},
            "429": {"status": 429},
            "502 HTML": {"status": 502, "body": "<html>Bad gateway", "content_type": "text/html"},
            "504 after the server acted": {"status": 504, "handled": True},
        }.items():
            # Nothing can be cut off an empty body.
            fits = has_body if "body" in name else anywhere
            found.append(
                Sample(
                    f"{name}, {often}", Kind.PASSING, times=times, fits=fits, arguments=arguments
                )
            )
    return found


def statuses() -> list[Sample]:
    refused = [
        Sample(str(status), Kind.REFUSED, times=ALL, arguments={"status": status})
        for status in (400, 401, 402, 403, 404, 422)
    ]
    uncertain = [
        Sample(
            f"{status} after the server acted",
            Kind.UNCERTAIN,
            arguments={"status": status, "handled": True},
        )
        for status in (304, 408, 409, 421, 425, 499)
    ]
    echoed = [
        Sample(
            f"{status} with an echo", kind, times=ALL, arguments={"status": status, "patch": echo}
        )
        for status, kind in (
            (400, Kind.REFUSED),
            (401, Kind.REFUSED),
            (403, Kind.REFUSED),
            (500, Kind.PASSING),
        )
    ]
    large = Sample(
        "400 with a megabyte",
        Kind.REFUSED,
        times=ALL,
        arguments={"status": 400, "body": {"title": "x" * 1_000_000, "detail": "y" * 1_000_000}},
    )
    control = Sample(
        "400 with control characters",
        Kind.REFUSED,
        times=ALL,
        arguments={"status": 400, "body": {"title": "\x1b[2J\r\n\0", "detail": "\u202e{{7*7}}"}},
    )
    return [*refused, *uncertain, *echoed, large, control]


def echo(call: Any, problem: Any) -> Any:
    """An error body that repeats the whole request, with its secrets."""
    headers = [f"{name}: {value}" for name, value in call.headers.items()]
    text = "\n".join([call.path, *headers, call.body.decode("utf-8", "replace")])
    return {**problem, "title": text, "detail": text, "errors": [{"name": text, "message": text}]}


def redirects() -> list[Sample]:
    def add(name: str, place: str, status: int, handled: bool = False) -> Sample:
        arguments = {"status": status, "headers": {"Location": place}, "handled": handled}
        return Sample(f"{status} {name}", Kind.ELSEWHERE, times=ALL, arguments=arguments)

    elsewhere = f"{{elsewhere}}/x?Signature={SECRET}"
    return [
        *(add("elsewhere", elsewhere, status) for status in (301, 302, 303, 307, 308)),
        *(add("in a circle", "{self}", status) for status in (302, 307)),
        *(add("after the server acted", elsewhere, status, True) for status in (302, 307)),
    ]


def damaged() -> list[Sample]:
    def add(name: str, **arguments: Any) -> Sample:
        return Sample(name, Kind.DAMAGED, times=ALL, arguments=arguments)

    found = [
        add("JSON that breaks off", malformed=True),
        add("empty body", body=b""),
        add("HTML with 200", body="<html>Sign in", content_type="text/html"),
        add("not UTF-8", body=b'{"a": "\xff\xfe"}'),
        add("too deep", body=b"[" * 100_000),
        add("longer than announced", append=70_000),
        Sample(
            "compressed file",
            Kind.DAMAGED,
            times=ALL,
            fits=lambda endpoint: not endpoint.is_api,
            arguments={"gzip": True},
        ),
        add("not gzip", headers={"Content-Encoding": "gzip"}),
        add(
            "gzip bomb", body=gzip.compress(b" " * BOMB_BYTES), headers={"Content-Encoding": "gzip"}
        ),
        add("204", status=204),
    ]
    found += [
        add(f"{json.dumps(value)} as body", body=json.dumps(value))
        for value in (None, [], [None], 5)
    ]
    for name, change in {
        "every value null": lambda value: None,
        "every value a number": lambda value: 7,
        "every string a path out": lambda value: "../../../out" if is_text(value) else value,
        "every string hostile": lambda value: HOSTILE if is_text(value) else value,
    }.items():
        found.append(
            Sample(
                name,
                Kind.DAMAGED,
                times=ALL,
                fits=is_json,
                arguments={"patch": everywhere(change)},
            )
        )
    return found


HOSTILE = "{{7*7}}<script>\x1b[2J\0\n=1+1\u202e" + "x" * 300


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def everywhere(change: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def walk(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: walk(inner) for name, inner in value.items()}
        if isinstance(value, list):
            return [walk(inner) for inner in value]
        return change(value)

    return lambda call, document: walk(document)


def lists() -> list[Sample]:
    def add(name: str, kind: Kind, patch: Any) -> Sample:
        return Sample(
            name,
            kind,
            times=ALL,
            fits=lambda endpoint: endpoint.is_page,
            arguments={"patch": patch},
        )

    return [
        add("pages that shift", Kind.HARMLESS, shifted),
        add("page that is next to itself", Kind.DAMAGED, circular),
        add("new tokens with empty pages", Kind.DAMAGED, endless),
        Sample(
            "listing lags behind",
            Kind.DAMAGED,
            times=ALL,
            fits=lambda endpoint: endpoint.is_job_list,
            arguments={"patch": lagging},
        ),
    ]


def entries(page: Any) -> str:
    return "jobs" if "jobs" in page else "features"


def shifted(call: Any, page: Any) -> Any:
    """Show the last entry of a page again."""
    name = entries(page)
    return {**page, name: [*page[name], *page[name][-1:]]}


def circular(call: Any, page: Any) -> Any:
    href = f"{call.base_url}{call.path}"
    link = {"rel": "next", "href": href, "method": call.method}
    if call.method == "POST":
        link["body"] = call.json()
    return {**page, "links": [link]}


def endless(call: Any, page: Any) -> Any:
    endless.count += 1  # type: ignore[attr-defined]
    token = f"token{endless.count}"  # type: ignore[attr-defined]
    link = {"rel": "next", "href": f"{call.base_url}{call.path}?token={token}"}
    if call.method == "POST":
        link = {**link, "href": f"{call.base_url}{call.path}", "method": "POST"}
        link["body"] = {"token": token}
    return {**page, entries(page): [], "links": [link]}


endless.count = 0  # type: ignore[attr-defined]


def lagging(call: Any, page: Any) -> Any:
    """Hide the newest job."""
    return {**page, "jobs": sorted(page["jobs"], key=lambda job: str(job["created"]))[:-1]}


def tokens() -> list[Sample]:
    changes: dict[str, Any] = {
        "token with a newline": {"access_token": SECRET + "\n"},
        "token with a header": {"access_token": SECRET + "\r\nX-Evil: 1"},
        "token that isn't ASCII": {"access_token": SECRET + "é"},
        "token that is a number": {"access_token": 5},
        "empty token": {"access_token": ""},
        "odd lifetime": {"expires_in": "soon"},
    }
    return [
        Sample(
            name,
            Kind.DAMAGED,
            times=ALL,
            fits=lambda endpoint: endpoint.is_token,
            arguments={"patch": patch},
        )
        for name, patch in changes.items()
    ]
