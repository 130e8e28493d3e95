"""Every exception that the facade raises, under one base class."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, Protocol

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

    They come whole out of other processes, whatever their constructors take. An attribute that
    can't be pickled is None there.
    """

    def __str__(self) -> str:
        return escape_for_terminal(super().__str__())

    def __reduce__(self) -> tuple[Any, ...]:
        state = {name: value if travels(value) else None for name, value in vars(self).items()}
        return restored, (type(self), self.args, state)


def restored(kind: type[Up42Error], args: tuple[Any, ...], state: dict[str, Any]) -> Up42Error:
    """Make an error of what was pickled of it, without the constructor of its class."""
    error = kind.__new__(kind)
    # That of the built-in base, which some of them have: it keeps the message.
    super(Up42Error, error).__init__(*args)
    error.__dict__.update(state)
    return error


def travels(value: Any) -> bool:
    """Tell whether a value can be pickled."""
    try:
        pickle.dumps(value)
    except Exception:  # whatever the objects in it raise
        return False
    return True


class Reason(Protocol):
    """Why an input isn't valid."""

    @property
    def name(self) -> str: ...
    @property
    def message(self) -> str: ...


class Price(Protocol):
    """What something costs."""

    @property
    def credits(self) -> int: ...


class ConfigurationError(Up42Error, ValueError):
    """Credentials, region, base URL or configuration file are missing, doubled or wrong."""


class NotAuthenticatedError(Up42Error):
    """Something needs a session and none is set: call `authenticate()` first."""


class InvalidInputError(Up42Error, ValueError):
    """An argument has a value that can't work. Nothing was sent."""


class MissingExtraError(Up42Error, ImportError):
    """A function needs a package that comes with an extra that isn't installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs the extra '{extra}': pip install 'up42-facade[{extra}]'")
        self.extra = extra


class MissingDriverError(Up42Error, ImportError):
    """A store was named whose driver for fsspec isn't installed. `scheme` names it."""

    def __init__(self, scheme: str, remedy: str) -> None:
        super().__init__(f"'{scheme}://' can't be reached: {remedy}")
        self.scheme = scheme


class ConnectionFailedError(Up42Error, ConnectionError):
    """The server could not be reached or the connection broke, also after retries.

    `sent` is False when the request certainly never reached the server.
    """

    def __init__(self, message: str, *, sent: bool = True) -> None:
        super().__init__(message)
        self.sent = sent


class ForeignHostError(Up42Error):
    """A link leads to a host that isn't the session's. It was not followed, no token was sent."""


class AuthenticationError(Up42Error):
    """The credentials or the token were refused."""


class AuthServerError(Up42Error):
    """The server that issues tokens is down or answers nonsense: the credentials may be fine."""


class ApiError(Up42Error):
    """The API answered with an error status.

    Attributes:
        status_code: HTTP status.
        title: Short text of the server's error body, or the HTTP reason.
        detail: Longer text of the server's error body, if any.
        body: The decoded JSON error body, else None.
        method, url: Of the request; signed queries are cut off.
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
    """400: the request doesn't have the form that the endpoint expects."""


class InsufficientCreditsError(ApiError):
    """402: the account's balance doesn't cover the request."""


class ForbiddenError(ApiError):
    """403: the account may not do this."""


class NotFoundError(ApiError):
    """404 or 410: there is no such thing, or this account can't see it."""


class UnprocessableError(ApiError):
    """422: the request is well-formed, its content is refused."""


class RateLimitError(ApiError):
    """429: too many requests, also after waiting.

    `retry_after` is the server's wish in seconds, or None.
    """

    def __init__(self, message: str, *, retry_after: float | None = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.retry_after = retry_after


class ServerError(ApiError):
    """5xx: the server failed, also after retries where those are safe."""


class UnexpectedResponseError(ApiError):
    """The answer isn't what the contract promises, for instance an HTML page instead of JSON."""


class InvalidTemplateError(Up42Error):
    """A template that failed validation was to be priced or executed.

    `errors` holds the validation errors.
    """

    def __init__(self, process_id: str, errors: Iterable[Reason]) -> None:
        self.process_id = process_id
        self.errors = frozenset(errors)
        listed = "; ".join(sorted(f"{error.name}: {error.message}" for error in self.errors))
        super().__init__(
            f"The inputs for process '{process_id}' are not valid: {listed.rstrip('.')}. "
            "Correct them and make a new template. Nothing was executed."
        )


class CostLimitError(Up42Error):
    """A template costs more than the caller's limit. Nothing was executed."""

    def __init__(self, cost: Price, limit: float | Decimal) -> None:
        self.cost = cost
        self.limit = limit
        super().__init__(
            f"The job costs {cost.credits} credits, above the limit max_credits={limit}. "
            "Nothing was executed; raise the limit or choose a smaller item."
        )


class UncertainError(Up42Error):
    """The response to a request that starts a job was lost; which job is its own isn't certain.

    Look before you send the request again: a second job may cost a second time.

    Attributes:
        candidates: Jobs that might be the right one, created since.
    """

    def __init__(
        self, message: str, *, find_jobs: Callable[[], list[Any]], candidates: Iterable[Any] = ()
    ) -> None:
        super().__init__(message)
        self._find_jobs: Callable[[], list[Any]] | None = find_jobs
        self.candidates = list(candidates)

    def find_jobs(self) -> list[Any]:
        """Look again for the job, and return the candidates: jobs that were created since.

        Raises:
            JobSearchUnavailableError: If the error comes from another Python process.
        """
        if self._find_jobs is None:
            raise JobSearchUnavailableError(
                "This error was raised in another Python process, so it can't search for its job "
                "here. Look at `candidates` and at the newest jobs, for example "
                "Job.all(sort_by=JobSorting.created.desc), before you send the request again."
            )
        self.candidates = self._find_jobs()
        return self.candidates


class ExecutionUncertainError(UncertainError):
    """The response to the execution of a process was lost; see `UncertainError`.

    The facade adopts a job only if it has the same inputs, was created since, and no other
    request of this Python process could have created it. Otherwise this error lists the jobs.

    Attributes:
        process_id, inputs: What was requested.
        candidates: Jobs that might be the right one: those with the same inputs. If there are
            none, new jobs of the same process and workspace whose inputs the server might have
            changed. Empty if no unexplained job has appeared.

    Example:
        >>> try:
        ...     job = template.execute()
        ... except up42.ExecutionUncertainError as error:
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
        super().__init__(message, find_jobs=find_jobs, candidates=candidates)
        self.process_id = process_id
        self.inputs = dict(inputs)


class JobSearchUnavailableError(Up42Error):
    """`find_jobs()` was called on an error that comes from another process. Nothing was sent."""


class UnfinishedJob(Up42Error):  # noqa: N818 - the documented name
    """A job has not finished within the attempts that `track()` was given. `job` carries it."""

    def __init__(self, message: str = "The job has not finished yet.", job: Any = None) -> None:
        super().__init__(message)
        self.job = job


class NoResultsError(Up42Error):
    """A job has ended without results. `job` carries it."""

    def __init__(self, message: str, job: Any = None) -> None:
        super().__init__(message)
        self.job = job


class DownloadError(Up42Error):
    """A file could not be brought to disk. Nothing stands under its final name."""


class ChecksumError(DownloadError):
    """A downloaded file doesn't have the length or checksum that the server announced."""


class UploadError(Up42Error):
    """Results could not be brought to a bucket. The bucket holds nothing new under their name."""


class ArchiveError(DownloadError):
    """An archive could not be unpacked. Nothing of it stands under its final name."""


class UnsupportedArchiveError(ArchiveError):
    """The content is no tar, tgz or zip archive."""


class CorruptArchiveError(ArchiveError):
    """The archive is cut off or damaged."""


class UnsafeArchiveError(ArchiveError):
    """A member would land outside the target, is a link or device, or passes a limit.

    `member` is its name in the archive, `reason` says what is wrong with it.
    """

    def __init__(self, member: str, reason: str) -> None:
        super().__init__(f"Archive member {member!r} was refused: {reason}. Nothing was unpacked.")
        self.member = member
        self.reason = reason


class TemplateFileError(InvalidInputError):
    """A file of templates can't be used, or rows of it can't. Nothing was executed.

    Attributes:
        path: The file.
        problems: All that were found, each with `message`, `line` and `column`.
    """

    # Problems that the message lists; `problems` holds all.
    LISTED = 50

    def __init__(self, path: Any, problems: Iterable[Any]) -> None:
        self.path = path
        self.problems = list(problems)
        listed = [f"{path}: {problem}" for problem in self.problems[: self.LISTED]]
        rest = len(self.problems) - len(listed)
        super().__init__("\n".join([*listed, *([f"… and {rest} more."] if rest else [])]))


class BatchCostLimitError(CostLimitError):
    """What a batch would cost in all passes the caller's limit. Nothing was executed."""

    def __init__(self, cost: Price, limit: float | Decimal, spent: int) -> None:
        Up42Error.__init__(
            self,
            f"The batch costs {cost.credits} credits in all ({spent} of them for jobs that were "
            f"executed before), above the limit max_credits={limit}. Nothing was executed: raise "
            "the limit, choose with filter(…), or pass cheapest_first=True to take what fits.",
        )
        self.cost = cost
        self.limit = limit
        self.spent = spent


class NewTemplatesError(InvalidInputError):
    """A journal with entries was opened with templates that it doesn't contain. Nothing was added.

    Attributes:
        templates: Those that the journal doesn't contain.
        own_results: Those of them whose items are results of the same batch.
    """

    def __init__(
        self, message: str, templates: Iterable[Any] = (), own_results: Iterable[Any] = ()
    ) -> None:
        super().__init__(message)
        self.templates = list(templates)
        self.own_results = list(own_results)


class PartialBatchError(Up42Error):
    """Something could not be done for some entries of a batch; for the others it is done.

    Call the same method again: nothing runs or is fetched twice.

    Attributes:
        failures: What was raised, by index of the entry.
    """

    def __init__(self, message: str, failures: Mapping[int, Exception] | None = None) -> None:
        super().__init__(message)
        self.failures = dict(failures or {})


class UnfinishedBatch(UnfinishedJob):
    """Jobs of a batch have not ended before the deadline. They go on at the server.

    Attributes:
        batch: The entries whose jobs have not ended.
    """

    def __init__(self, message: str, batch: Any = None) -> None:
        super().__init__(message)
        self.batch = batch


class JournalError(Up42Error):
    """The journal of a batch can't be opened, read or written."""


class JournalLockedError(JournalError):
    """The journal is in use by another program, or another one has taken it over."""


class JournalMismatchError(JournalError):
    """The journal belongs to another account or another UP42."""
