"""Send requests that only read, refuse all others, and keep what comes back."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol, TypeVar

import httpx
from attrs import define, evolve, field

from up42_client.models import Link
from up42_client.types import Request
from up42_facade.checking._document import Difference, Document, Names, Operation
from up42_facade.errors import InvalidInputError, UntrustedHostError, Up42Error
from up42_facade.session import (
    UNREADABLE,
    UNSENDABLE,
    Session,
    has_account,
    json_or_none,
    request_token,
)

T = TypeVar("T")
# The POSTs that a check sends: they have no effect. A GET never has.
READING_POSTS = frozenset(
    {"searchStac", "createAssetDownloadUrl", "validateProcess", "estimateProcessCost"}
)
# The operations for a token, by whether the session has an account.
TOKEN_OPERATIONS = {True: "getAccountToken", False: "getProjectToken"}
SUCCESS = frozenset(range(200, 300))
# Seconds to wait for each response, if the session doesn't wait for less.
LONGEST_WAIT = 20.0
# Requests of one operation without a response, after which no more of it are sent.
MOST_SILENT = 2
ONCE = {"retries": 0}
# Paths with empty or quoted IDs: a server could decode `p%2Fexecution%3F` to another operation.
UNUSUAL = re.compile("%|//|/$")
FIRST_BYTES = "the first bytes of the file"
RANGE = {"Range": "bytes=0-63"}


class Page(Protocol):
    """A page with links."""

    @property
    def links(self) -> list[Link] | None: ...


@define
class Exchange:
    """A request and what came back.

    Attributes:
        operation: ID of the operation.
        label: Distinguishes the request from others of the operation.
        status: Status of the response; None if there is none.
        failure: Why there is no response.
        body: JSON of the response, or None.
        is_expected: Whether the status is one of those that the request is for.
        differences: Differences between the response and the OpenAPI document.
    """

    operation: str
    label: str = ""
    status: int | None = None
    failure: str = "no response"
    body: Any = None
    is_expected: bool = False
    differences: list[Difference] = field(factory=list)

    @property
    def outcome(self) -> str:
        """The status, or why there is none."""
        return str(self.status or self.failure)


class Sender:
    """Sends the requests of a check.

    Args:
        session: Session with the credentials to use.
        document: The OpenAPI document.
        names: Records the values in responses.
    """

    def __init__(self, session: Session, document: Document, names: Names) -> None:
        self.session = session
        self.exchanges: list[Exchange] = []
        self._document = document
        self._names = names
        self._clients: dict[str, httpx.Client] = {}
        self._response: httpx.Response | None = None
        self._timeout = httpx.Timeout(min(LONGEST_WAIT, session.options.read_timeout))

    def ask(
        self,
        request: Request[T],
        label: str = "",
        *,
        expected: frozenset[int] = SUCCESS,
        origin: str | None = None,
    ) -> T | None:
        """Send a request and return its response, or None if it failed."""
        operation = self._operation(request.arguments["method"].upper(), request.arguments["url"])
        client = self._client(origin or self.session.hosts.api)
        exchange = Exchange(operation.id, label)
        response = self._send(exchange, lambda: client.request(**request.arguments), expected)
        try:
            return request.read(response) if response and response.is_success else None
        except UNREADABLE:
            return None

    def follow_next(self, page: Page | None) -> None:
        """Request the next page of the operation that was asked last, if there is one."""
        links = (page and page.links) or ()
        link = next((each for each in links if each.rel == "next" and each.href), None)
        if link is None:
            return
        href, hosts = link.href or "", self.session.hosts
        method, body = ("POST", link.body) if link.method == "POST" else ("GET", None)
        client = self._client(hosts.api)
        exchange = Exchange(self.exchanges[-1].operation, "the next page")
        self._send(exchange, lambda: client.request(method, hosts.resolve(href), json=body))

    def ask_token(self) -> bool:
        """Request a token, as those of the session aren't visible; return whether there is one."""
        exchange = Exchange(TOKEN_OPERATIONS[has_account(self.session)])
        extensions = {**ONCE, "timeout": self._timeout.as_dict()}
        self._send(exchange, lambda: self._keep(request_token(self.session, extensions)))
        return exchange.is_expected

    def ask_file(self, url: str) -> None:
        """Request the first bytes behind a URL that was signed last, without credentials."""
        exchange = Exchange(self.exchanges[-1].operation, FIRST_BYTES)
        self.exchanges.append(exchange)
        storage = self.session.storage
        try:
            request = storage.build_request("GET", url, headers=RANGE, timeout=self._timeout)
            response = storage.send(request, stream=True)
            response.close()
        except (Up42Error, httpx.RequestError, *UNSENDABLE) as error:
            exchange.failure = reason(error)
        else:
            exchange.status = response.status_code
            exchange.is_expected = response.is_success

    def _send(
        self,
        exchange: Exchange,
        send: Callable[[], object],
        expected: frozenset[int] = SUCCESS,
    ) -> httpx.Response | None:
        """Send a request, and compare its response with the document, whatever the status."""
        earlier = [each for each in self.exchanges if each.operation == exchange.operation]
        self.exchanges.append(exchange)
        if [each.status for each in earlier[-MOST_SILENT:]] == [None] * MOST_SILENT:
            exchange.failure = "not sent (no response to earlier requests)"
            return None
        self._response = None
        try:
            send()
        except Up42Error as error:
            # Raised for error statuses, too: their response was kept before.
            exchange.failure = reason(error)
        response = self._response
        try:
            body = response.content if response else None
        except httpx.ResponseNotRead:
            body = None
        if response is None or body is None:
            return None
        exchange.status = response.status_code
        exchange.is_expected = response.status_code in expected
        exchange.body = json_or_none(response.text)
        self._names.receive(exchange.body)
        media_type = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        operation = self._document.operations[exchange.operation]
        differences = self._document.differences
        exchange.differences = list(differences(operation, exchange.status, media_type, body))
        return response

    def _client(self, origin: str) -> httpx.Client:
        """Return the only client that sends to a host. It refuses all that doesn't only read."""
        if origin not in self._clients:
            client = evolve(self.session.client, base_url=origin, timeout=self._timeout)
            allow = partial(self._allow, httpx.URL(origin).path.rstrip("/"))
            self._clients[origin] = client.get_httpx_client()
            self._clients[origin].event_hooks = {"request": [allow], "response": [self._keep]}
        return self._clients[origin]

    def _allow(self, base_path: str, request: httpx.Request) -> None:
        path = request.url.raw_path.decode("ascii").partition("?")[0]
        if UNUSUAL.search(path):
            raise InvalidInputError(f"{path} has an ID that isn't usual. Nothing was sent.")
        self._operation(request.method, path.removeprefix(base_path))
        request.extensions.update(ONCE)

    def _keep(self, response: httpx.Response) -> None:
        self._response = response

    def _operation(self, method: str, path: str) -> Operation:
        """Return the operation of a request.

        Raises:
            InvalidInputError: If it isn't one that only reads.
        """
        known = self._document.operations.values()
        found = next((each for each in known if each.matches(method, path)), None)
        if found is None or not is_reading(found):
            raise InvalidInputError(
                f"{method} {path} isn't a request that only reads. Nothing was sent."
            )
        return found


def is_reading(operation: Operation) -> bool:
    """Return whether an operation only reads, so that a check may use it."""
    return operation.method == "GET" or operation.id in READING_POSTS


def reason(error: Exception) -> str:
    """Return why there is no response, in words that quote nothing of the server."""
    if isinstance(error, UntrustedHostError):
        return "not sent (a link to another host)"
    if isinstance(error, (InvalidInputError, *UNSENDABLE)):
        return "not sent (a link or ID that can't be used)"
    cause = error if isinstance(error, httpx.RequestError) else error.__cause__
    is_late = isinstance(cause, httpx.TimeoutException)
    return f"no response ({'timeout' if is_late else type(cause or error).__name__})"
