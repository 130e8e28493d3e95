"""Compare what the API sends with the OpenAPI document, with requests that only read."""

from __future__ import annotations

from collections import Counter
from enum import StrEnum
from itertools import islice

from attrs import frozen

from up42_facade._common.progress import bar
from up42_facade._version import __version__
from up42_facade.checking._document import HIDDEN_NAME, Names, Operation, document
from up42_facade.checking._requests import (
    ACCOUNT_STEPS,
    ANALYTICS_STEPS,
    QUESTIONS,
    Account,
    Step,
    findings,
)
from up42_facade.checking._sending import TOKEN_OPERATIONS, Exchange, Sender, is_reading
from up42_facade.errors import ConfigurationError
from up42_facade.session import Session, has_account, resolve_session

__all__ = ["ApiReport", "CheckResult", "CheckedOperation", "check_api"]

# Differences of one operation that a report lists.
MOST_DIFFERENCES = 50
ANALYTICS_PATHS = ("/projects/", "/oauth/")
INTRODUCTION = (
    f"Responses of the API, compared with `openapi/up42.yaml` by up42-facade {__version__}. No "
    f"values are shown; `{HIDDEN_NAME}` replaces the name of a field that could be one."
)


class CheckResult(StrEnum):
    """The result of the requests of one operation."""

    AS_DOCUMENTED = "as documented"
    DIFFERS = "differs"
    FAILED = "failed"
    NOT_SENT = "not sent"


@frozen
class CheckedOperation:
    """One operation of the API, compared with the OpenAPI document.

    No attribute contains a value of a response, so all can be published.

    Attributes:
        id: ID of the operation, for example `getBalance`.
        request: Method and path.
        responses: Number of responses by status, for example `3 × 200`.
        result: Whether they are as documented.
        differences: How responses differ, and which requests failed.
        findings: What was found out about open questions of `openapi/README.md`, by their IDs.
    """

    id: str
    request: str
    responses: str
    result: CheckResult
    differences: tuple[str, ...]
    findings: dict[str, str]


@frozen
class ApiReport:
    """The result of `check_api`.

    Attributes:
        operations: The operations that were checked, in the order of the OpenAPI document.
    """

    operations: tuple[CheckedOperation, ...]

    @property
    def is_as_documented(self) -> bool:
        """Whether no response differs and no request failed."""
        good = (CheckResult.AS_DOCUMENTED, CheckResult.NOT_SENT)
        return all(operation.result in good for operation in self.operations)

    def _repr_markdown_(self) -> str:
        return self.to_markdown()

    def to_markdown(self) -> str:
        """Return the report as Markdown, without values of responses."""
        found = {id: text for each in self.operations for id, text in each.findings.items()}
        lines = ["# API check", "", INTRODUCTION, ""]
        lines += ["| Operation | Responses | Result |", "|---|---|---|"]
        lines += [f"| `{e.id}` | {e.responses} | {e.result} |" for e in self.operations]
        lines += ["", "## Differences", ""]
        lines += [f"- `{e.request}`: {text}" for e in self.operations for text in e.differences]
        lines += ["", "## Open questions", "", "| ID | Finding |", "|---|---|"]
        lines += [f"| `{id}` | {found.get(id, 'not settled')} |" for id in QUESTIONS]
        return "\n".join([*lines, ""])


def check_api(
    session: Session | None = None, *, analytics: bool | Session = False, progress: bool = True
) -> ApiReport:
    """Compare what the API sends with the OpenAPI document, with requests that only read.

    Nothing is executed, written, or deleted, and no credit is spent: one template is validated
    and its cost estimated, which is free. Each request is sent once, without retries.

    Args:
        session: Session to use. Defaults to the one set by `authenticate()`.
        analytics: Check the legacy analytics API, too: with this session, or with another one,
            for example one with a project's credentials.
        progress: Show a progress bar.

    Returns:
        A report. A failed request doesn't raise an error; it's part of the report.

    Raises:
        ConfigurationError: If these credentials can't be used for any of the requests.

    Example:
        >>> report = up42.check_api()
        >>> [operation.id for operation in report.operations if operation.differences]
        []

    Endpoints: All that only read, see `CheckedOperation.request`.
    """
    session = resolve_session(session)
    project = session if analytics is True else analytics or None
    account = session if has_account(session) else None
    if project and not project.project_id:
        raise ConfigurationError(
            "The analytics API needs a project: pass project_id to the session, or set "
            "UP42_PROJECT_ID. Nothing was sent."
        )
    if not account and not project:
        raise ConfigurationError(
            "A project's credentials are for the analytics API only: pass analytics=True, or "
            "authenticate with username and password. Nothing was sent."
        )
    contract = document()
    names = Names(contract.words)
    exchanges = [
        *(run(Sender(account, contract, names), ACCOUNT_STEPS, progress) if account else ()),
        *(run(Sender(project, contract, names), ANALYTICS_STEPS, progress) if project else ()),
    ]
    listed = [
        operation
        for operation in contract.operations.values()
        if (is_reading(operation) or operation.id in TOKEN_OPERATIONS.values())
        and (project or not operation.path.startswith(ANALYTICS_PATHS))
    ]
    return ApiReport(
        tuple(
            checked(each, [e for e in exchanges if e.operation == each.id], names)
            for each in listed
        )
    )


def run(sender: Sender, steps: tuple[Step, ...], progress: bool) -> list[Exchange]:
    """Run the steps, unless there is no token, and return all exchanges."""
    account = Account()
    if sender.ask_token():
        for step in bar(iterable=steps, desc="Checking", unit="step", progress=progress):
            step(sender, account)
    return sender.exchanges


def checked(operation: Operation, exchanges: list[Exchange], names: Names) -> CheckedOperation:
    """Sum up the exchanges of an operation."""
    differences = [names.describe(each) for exchange in exchanges for each in exchange.differences]
    failures = [
        f"{exchange.outcome} for {exchange.label or 'the request'}"
        for exchange in exchanges
        if not exchange.is_expected
    ]
    result = CheckResult.AS_DOCUMENTED if exchanges else CheckResult.NOT_SENT
    if failures or differences:
        result = CheckResult.DIFFERS if differences else CheckResult.FAILED
    responses = Counter(exchange.outcome for exchange in exchanges)
    return CheckedOperation(
        id=operation.id,
        request=f"{operation.method} {operation.path}",
        responses=", ".join(f"{count} × {outcome}" for outcome, count in responses.items()),
        result=result,
        differences=tuple(islice(dict.fromkeys([*differences, *failures]), MOST_DIFFERENCES)),
        findings=dict(findings(operation.id, exchanges, names)),
    )
