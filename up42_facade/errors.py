"""Every exception that the facade raises, under one base class."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any

# What moves a terminal's cursor, changes its state, breaks its lines, or turns the direction of
# writing around, and halves of surrogate pairs, which can't be written at all.
CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def escape_for_terminal(text: str) -> str:
    """Return a string whose control characters are shown as escapes; newlines and tabs stay."""
    return CONTROLS.sub(lambda found: found[0].encode("unicode_escape").decode("ascii"), text)


class Up42Error(Exception):
    """Base of all errors of this package: catch it to catch them all.

    Messages quote servers and files, so they are escaped for terminals when they are printed.

    They survive pickling to other Python processes, whatever arguments their constructors take.
    An attribute that can't be pickled is None there.
    """

    def __str__(self) -> str:
        return escape_for_terminal(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value if travels(value) else None for name, value in vars(self).items()}
        return restored, (type(self), self.args, state)


def restored(kind: type[Up42Error], args: tuple[Any, ...], state: dict[str, Any]) -> Up42Error:
    """Restore an error from its pickle, without the constructor of its class."""
    error = kind.__new__(kind)
    # The constructor of the built-in base, if there is one, keeps the message.
    super(Up42Error, error).__init__(*args)
    error.__dict__.update(state)
    return error


def is_error(name: str) -> bool:
    """Return whether a name of this module is that of an error."""
    value = globals().get(name)
    return isinstance(value, type) and issubclass(value, Up42Error)


def travels(value: Any) -> bool:
    """Return whether a value can be pickled."""
    import pickle

    try:
        pickle.dumps(value)
    except Exception:  # whatever the objects in it raise
        return False
    return True


class ConfigurationError(Up42Error, ValueError):
    """Credentials, region, base URL, or configuration file are missing, ambiguous, or wrong."""


class NotAuthenticatedError(Up42Error):
    """A call needs a session, and none is set: call `authenticate()` first."""


class InvalidInputError(Up42Error, ValueError):
    """An argument has a value that can't be used. Nothing was sent."""


class MissingExtraError(Up42Error, ImportError):
    """A function needs a package that isn't installed.

    Attributes:
        extra: The extra of this package that installs it, if there is one.
    """

    def __init__(
        self, feature: str, extra: str | None = None, *, remedy: str | None = None
    ) -> None:
        what = f"the extra '{extra}'" if extra else "a package that isn't installed"
        how = remedy or f"pip install 'up42-facade[{extra}]'"
        super().__init__(f"{feature} needs {what}: {how}")
        self.extra = extra


class ConnectionFailedError(Up42Error, ConnectionError):
    """The server can't be reached, the connection broke, or no token was issued, despite retries.

    Attributes:
        sent: False if the request certainly never reached the server.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class UntrustedHostError(Up42Error):
    """A link leads to a host that isn't the session's. It wasn't followed, no token was sent."""


class AuthenticationError(Up42Error):
    """The server rejected the credentials or the token."""


class ApiError(Up42Error):
    """The API returned an error status.

    Attributes:
        status_code: HTTP status.
        title: Short description in the error body, or None.
        detail: Longer description in the error body, or None.
        body: The error body, decoded from JSON, or None.
        method, url: Method and URL of the request, without signed queries.
    """

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        title: str | None = None,
        detail: str | None = None,
        body: Any = None,
        method: str = "",
        url: str = "",
    ) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.title = title
        self.detail = detail
        self.body = body
        self.method = method
        self.url = url


class BadRequestError(ApiError):
    """400 or 422: the server rejected the form or the content of the request."""


class InsufficientCreditsError(ApiError):
    """402: the account's balance doesn't cover the request."""


class NotFoundError(ApiError):
    """404 or 410: the resource doesn't exist, or this account can't see it."""


class RateLimitError(ApiError):
    """429: too many requests, despite retries.

    Attributes:
        retry_after: Seconds that the server asks to wait, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class ServerError(ApiError):
    """5xx: the server failed, despite retries if those are safe."""


class UnexpectedResponseError(ApiError):
    """A response doesn't match the OpenAPI document, for example HTML instead of JSON."""


class InvalidTemplateError(Up42Error):
    """The cost or execution of an invalid template was requested. Nothing was executed.

    Attributes:
        process_id: ID of the process.
        errors: The validation errors, each with `name` and `message`.
    """

    def __init__(self, process_id: str, errors: Iterable[Any]) -> None:
        self.process_id = process_id
        self.errors = frozenset(errors)
        listed = "; ".join(sorted(map(str, self.errors)))
        super().__init__(
            f"The inputs for process '{process_id}' aren't valid: {listed.rstrip('.')}. "
            "Correct them and create a new template. Nothing was executed."
        )


class CostLimitError(Up42Error):
    """A template or batch costs more than the caller's limit. Nothing more was executed.

    Attributes:
        cost: The cost of the template, or the total cost of the batch, with `credits`.
        limit: Credits that may be spent.
        spent: Credits that jobs of the batch cost before. They count toward the limit.
    """

    def __init__(self, cost: Any, limit: float | Decimal, spent: int | None = None) -> None:
        self.cost = cost
        self.limit = limit
        self.spent = spent or 0
        executed = "Nothing more was executed" if spent else "Nothing was executed"
        above = f"above the limit max_credits={limit}. {executed}"
        super().__init__(
            f"The job costs {cost.credits} credits, {above}; raise the limit or choose a smaller "
            "item."
            if spent is None
            else f"The batch costs {cost.credits} credits in all ({spent} of them for jobs that "
            f"were executed before), {above}: raise the limit, choose with filter(…), or pass "
            "cheapest_first=True to take what fits."
        )


class ExecutionUncertainError(Up42Error):
    """The response to an execution was lost, and it is unknown which job is its own.

    The facade adopts a job only if it has the same inputs, was created since, and no other
    request of this Python process could have created it. Otherwise this error lists the jobs.
    Check them before you execute again: a second job might cost a second time.

    Attributes:
        process_id, inputs: The process that was requested, and its inputs.
        candidates: Jobs that might be the right one: those with the same inputs. If there are
            none, new jobs of the same process and workspace whose inputs the server might have
            changed. Empty if no unexplained job has appeared.

    Example:
        >>> try:
        ...     job = template.execute()
        ... except up42.errors.ExecutionUncertainError as error:
        ...     job = next(iter(error.find_jobs()), None)
    """

    def __init__(
        self,
        message: str,
        *,
        process_id: str,
        inputs: Mapping[str, Any],
        find_jobs: Callable[[], list[Any]],
        candidates: Iterable[Any] = (),
    ) -> None:
        super().__init__(message)
        self.process_id = process_id
        self.inputs = dict(inputs)
        self._find_jobs: Callable[[], list[Any]] | None = find_jobs
        self.candidates = list(candidates)

    def find_jobs(self) -> list[Any]:
        """Search for the job again, and return the candidates.

        Raises:
            Up42Error: If the search fails, or the error comes from another Python process.
        """
        if self._find_jobs is None:
            raise Up42Error(
                "This error was raised in another Python process, so it can't search for its job "
                "here. Check `candidates` and the newest jobs, for example "
                "Job.all(sort_by=JobSorting.created.desc), before you send the request again."
            )
        self.candidates = self._find_jobs()
        return self.candidates


class UnfinishedJob(Up42Error):  # noqa: N818 - the documented name
    """A job hasn't finished, or jobs of a batch haven't. They continue on the server.

    Attributes:
        job: The job, or None.
        batch: The entries of a batch whose jobs haven't finished, or None.
    """

    def __init__(
        self, message: str = "The job hasn't finished.", job: Any = None, batch: Any = None
    ) -> None:
        super().__init__(message)
        self.job = job
        self.batch = batch


class NoResultsError(Up42Error):
    """A job ended without results.

    Attributes:
        job: The job, or None.
    """

    def __init__(self, message: str, job: Any = None) -> None:
        super().__init__(message)
        self.job = job


class DownloadError(Up42Error):
    """A file can't be downloaded. Nothing is left under its final name."""


class ChecksumError(DownloadError):
    """A downloaded file doesn't have the expected length or checksum."""


class UploadError(Up42Error):
    """Results can't be written to cloud storage. Nothing new is left there under their names."""


class ArchiveError(DownloadError):
    """An archive is damaged or can't be unpacked. Nothing is left under its final name."""


class UnsupportedArchiveError(ArchiveError):
    """The content isn't a tar, tgz, or zip archive."""


class UnsafeArchiveError(ArchiveError):
    """A member would be written outside the target, is a link or device, or exceeds a limit.

    Attributes:
        member: Name of the member in the archive.
        reason: What is wrong with it.
    """

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(f"Archive member {member!r} was refused: {reason}. Nothing was unpacked.")
        self.member = member
        self.reason = reason


class TemplateFileError(InvalidInputError):
    """A file of templates, or some of its rows, can't be used. Nothing was executed.

    Attributes:
        path: The file.
        row_errors: All errors, each with `message`, `line`, and `column`.
    """

    # Errors that the message lists; `row_errors` has all.
    LISTED = 50

    def __init__(self, path: Any, row_errors: Iterable[Any]) -> None:
        self.path = path
        self.row_errors = list(row_errors)
        listed = [f"{path}: {error}" for error in self.row_errors[: self.LISTED]]
        rest = len(self.row_errors) - len(listed)
        super().__init__("\n".join([*listed, *([f"… and {rest} more."] if rest else [])]))


class NewTemplatesError(InvalidInputError):
    """A journal with entries was opened with templates that it doesn't contain. Nothing was added.

    Attributes:
        templates: The templates that the journal doesn't contain.
        own_results: The templates among them whose items are results of the same batch.
    """

    def __init__(
        self, message: str, templates: Iterable[Any] = (), own_results: Iterable[Any] = ()
    ) -> None:
        super().__init__(message)
        self.templates = list(templates)
        self.own_results = list(own_results)


class PartialBatchError(Up42Error):
    """Some entries of a batch failed; the others are done.

    Call the same method again: completed work isn't repeated.

    Attributes:
        failures: The errors, by index of the entry.
    """

    def __init__(self, message: str, failures: Mapping[int, Exception] | None = None) -> None:
        super().__init__(message)
        self.failures = dict(failures or {})


class JournalError(Up42Error):
    """The journal of a batch can't be opened, read, or written, or is another account's."""


class JournalLockedError(JournalError):
    """Another program uses the journal, or has taken it from this one."""
