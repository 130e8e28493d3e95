"""Handling of every request: record, faults, authentication, handler, response."""

from __future__ import annotations

import asyncio
import inspect
import logging
import math
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from up42_sandbox.core.admission import CONTROL_PREFIX, check_target, control_path
from up42_sandbox.core.fault_effects import (
    changed_body,
    changed_request,
    faulty_response,
    hang_up,
    spoil,
)
from up42_sandbox.core.faults import Fault
from up42_sandbox.core.problems import ApiError, UnauthorizedError
from up42_sandbox.core.recording import Origin, RecordedRequest
from up42_sandbox.core.routing import Access, Call, Match, Router, problem
from up42_sandbox.world import World

logger = logging.getLogger("up42_sandbox")

MAX_BODY_BYTES = 10_000_000
"""Far more than any sensible request has; larger bodies get a 413."""


class Gateway:
    """ASGI application of one origin.

    Args:
        world: State for the handlers.
        router: Endpoints of the origin.
        origin: `"api"` or `"storage"`.
        host: Host that the server was told to listen on.
    """

    def __init__(self, world: World, router: Router, origin: Origin, host: str) -> None:
        self._world = world
        self._router = router
        self._origin: Origin = origin
        self._host = host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Respond to one request."""
        try:
            call = await self._read(Request(scope, receive))
            check_target(scope, self._host)
            if is_control := call.path.startswith(CONTROL_PREFIX):
                path = control_path(call.path, self._world.control_secret)
                call = replace(call, path=path)
        except ClientDisconnect:
            return
        except ApiError as error:
            await problem(error)(scope, receive, send)
            return
        if is_control:
            response = await self._respond(call)
            await response(scope, receive, send)
            return
        fault = self._too_many_requests(scope)
        fault = fault or self._world.faults.take(self._origin, call.method, call.path)
        await self._wait(fault)
        if fault is not None and fault.drop == "before":
            self._record(call, None)
            await hang_up(scope)
            return
        response = await self._respond_with_fault(call, fault)
        if fault is not None and fault.drop == "after":
            self._record(call, response.status_code)
            await hang_up(scope)
            return
        if fault is not None:
            send = changed_body(fault, scope, send)
        # A cut connection and the end of the sandbox both interrupt a response.
        with suppress(ConnectionAbortedError, asyncio.CancelledError):
            await response(scope, receive, self._recording(call, send))

    async def _read(self, request: Request) -> Call:
        query = request.scope["query_string"].decode("latin-1")
        return Call(
            method=request.method,
            path=request.scope["path"],
            query=parse_qs(query, keep_blank_values=True),
            headers=dict(request.headers.items()),
            body=await request.body(),
            world=self._world,
        )

    def _too_many_requests(self, scope: Scope) -> Fault | None:
        limiter = self._world.rate_limiter
        if limiter is None or self._origin != "api":
            return None
        seconds = limiter.admit(scope["client"][0])
        return Fault(status=429, retry_after=math.ceil(seconds)) if seconds else None

    async def _wait(self, fault: Fault | None) -> None:
        seconds = self._world.latency if self._origin == "api" else 0.0
        seconds += fault.latency if fault is not None else 0.0
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def _respond_with_fault(self, call: Call, fault: Fault | None) -> Response:
        if fault is None:
            return await self._respond(call)
        if fault.status is None or fault.handled:
            response = await self._respond(changed_request(call, fault))
        if fault.status is not None:
            match = self._router.match(call.method, call.path)
            response = faulty_response(fault, match.error_style if match else problem)
        return spoil(response, fault, call)

    async def _respond(self, call: Call) -> Response:
        match = self._router.match(call.method, call.path)
        try:
            return await self._handle(call, match)
        except ApiError as error:
            return (match.error_style if match else problem)(error)
        except Exception:
            logger.exception("%s %s failed in the sandbox", call.method, call.path)
            return problem(ApiError(500, "The sandbox itself has an error; see its log."))

    async def _handle(self, call: Call, match: Match | None) -> Response:
        if match is None:
            raise ApiError(404, f"There is nothing at {call.path}.")
        if match.route is None:
            allowed = ", ".join(match.allowed)
            raise ApiError(405, f"Allowed here: {allowed}.", headers={"Allow": allowed})
        if len(call.body) > MAX_BODY_BYTES:
            raise ApiError(413, f"The body must not exceed {MAX_BODY_BYTES} bytes.")
        if "" in call.query:
            raise ApiError(400, "A query parameter has no name.")
        identity = None
        if match.route.access is not Access.OPEN:
            identity = self._world.tokens.identify(call.headers.get("authorization"))
            if match.route.access is Access.ACCOUNT and identity.project_id is not None:
                # It comes from another issuer, which the current API doesn't know.
                raise UnauthorizedError("The access token is invalid.")
        result = match.route.handler(replace(call, params=match.params, identity=identity))
        return await result if inspect.isawaitable(result) else result

    def _recording(self, call: Call, send: Send) -> Send:
        async def record_and_send(message: Message) -> None:
            # Recorded before the first byte is sent: a client that has the response finds it.
            if message["type"] == "http.response.start":
                self._record(call, message["status"])
            await send(message)

        return record_and_send

    def _record(self, call: Call, status: int | None) -> None:
        self._world.requests.append(
            RecordedRequest(
                method=call.method,
                path=call.path,
                query={name: list(values) for name, values in call.query.items()},
                headers=call.headers,
                body=call.body,
                status=status,
                origin=self._origin,
                received=datetime.now(UTC),
            )
        )
