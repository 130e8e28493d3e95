"""Requests, responses, and the table of endpoints."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from up42_sandbox.account.tokens import Identity
from up42_sandbox.core.problems import ApiError
from up42_sandbox.core.recording import Request
from up42_sandbox.world import World

JSON_TYPE = "application/json"


class Access(Enum):
    """The token that an endpoint needs."""

    OPEN = "none"
    ACCOUNT = "an account's token"
    PROJECT = "an account's or a project's token"


@dataclass(frozen=True)
class Call(Request):
    """A request, with everything that its handler needs."""

    world: World
    params: Mapping[str, str] = field(default_factory=dict)
    identity: Identity | None = None

    def json(self) -> Any:
        """Return the body parsed as JSON.

        Raises:
            ApiError: 400, if it isn't JSON.
        """
        try:
            return json.loads(self.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ApiError(400, f"The body isn't JSON: {error}") from error

    def one(self, name: str) -> str | None:
        """Return a query parameter's first value, or None if it is missing."""
        values = self.query.get(name)
        return values[0] if values else None

    def many(self, name: str) -> list[str] | None:
        """Return a comma-joined or repeated query parameter as a list."""
        values = self.query.get(name)
        if values is None:
            return None
        return [part for value in values for part in value.split(",")]


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} isn't a JSON value")


Handler = Callable[[Call], Response | Awaitable[Response]]
ErrorStyle = Callable[[ApiError], Response]


def reply(document: Any, status: int = 200, *, media_type: str = JSON_TYPE) -> Response:
    """Return a response with a JSON document."""
    return JSONResponse(document, status, media_type=media_type)


def problem(error: ApiError) -> Response:
    """Return an error in the form of the v2 endpoints."""
    return JSONResponse(error.document(), error.status, error.headers)


@dataclass(frozen=True)
class Route:
    """An endpoint: method, path template, handler, required token, form of errors."""

    method: str
    template: str
    handler: Handler
    access: Access = Access.ACCOUNT
    error_style: ErrorStyle = problem


@dataclass(frozen=True)
class Match:
    """Endpoint of a path.

    Attributes:
        route: The endpoint; None if the path doesn't have this method.
        params: Values of the path's placeholders.
        allowed: Methods that the path has.
        error_style: Form of errors at this path.
    """

    route: Route | None
    params: Mapping[str, str]
    allowed: tuple[str, ...]
    error_style: ErrorStyle


class Router:
    """Finds the endpoint of a request. A trailing slash makes no difference."""

    def __init__(self, routes: Iterable[Route]) -> None:
        found: dict[str, dict[str, Route]] = {}
        # A path without placeholders comes before those that could match it, too.
        for route in sorted(routes, key=lambda route: "{" in route.template):
            found.setdefault(route.template, {})[route.method] = route
        self._patterns = [(compile_path(path)[0], methods) for path, methods in found.items()]

    def match(self, method: str, path: str) -> Match | None:
        """Return the endpoint of a path, or None if the path is unknown."""
        trimmed = path.rstrip("/") or "/"
        for regex, methods in self._patterns:
            if found := regex.match(trimmed):
                return _pick(methods, method, found.groupdict())
        return None


def _pick(methods: Mapping[str, Route], method: str, params: Mapping[str, str]) -> Match:
    # HEAD is GET without the body, which the server omits.
    route = methods.get("GET" if method == "HEAD" else method)
    allowed = set(methods) | ({"HEAD"} if "GET" in methods else set())
    error_style = next(iter(methods.values())).error_style
    return Match(route, params, tuple(sorted(allowed)), error_style)
