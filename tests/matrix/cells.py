"""One cell: an operation meets a fault; what comes of it, and what is wrong with that."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import logging
import pickle
import re
import shutil
import signal
import time
import traceback
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import tblib.pickling_support
from attrs import define, field, frozen

import up42_facade as up42
from tests import inside
from tests.matrix.recipes import LOCAL, RECIPES, Reported
from tests.matrix.samples import ALL, SECRET, Endpoint, Kind, Sample, samples
from tests.matrix.world import SPEED, World, with_small_files
from up42_sandbox import Fault, Sandbox

SECONDS = 20
"""A cell that takes longer hangs; on an idle machine, most take a twentieth of a second."""

SHARE = 16
"""A normal test run tries one cell of so many."""

LONGEST_PAUSE = 0.01
"""Seconds."""

CREDITS = 10**9
"""More than all executions cost."""

TOKEN_ROWS = ("authenticate", "Session.workspace_id")
"""Operations whose token requests meet faults."""

IDS = re.compile(r"[0-9a-fA-F]{8}-[0-9a-fA-F-]{20,}")
NAMES = re.compile(r"(?<=/quicklooks/).+")
OURS = ("up42_sandbox", "uvicorn", "asyncio", "matplotlib")
"""Loggers of the tests' own side."""

LEFT_BEHIND = re.compile(r"\.part(\.json)?$|(^|/)\.up42/")
"""Documented names: a download continues with them, or finds that it was complete."""


class Hang(BaseException):
    """A cell doesn't end. No `Exception`, so that nothing catches it."""


@frozen
class Cell:
    """What came of a cell: an outcome, and what is wrong."""

    operation: str
    endpoint: Endpoint
    sample: Sample
    outcome: str
    seconds: float
    faults: tuple[str, ...]

    def describe(self) -> str:
        """Return what went wrong in one line."""
        where = f"{self.endpoint.method} {self.endpoint.path}"
        said = "; ".join(self.faults)
        return f"{self.operation}, {where}, {self.sample.name}: {self.outcome}: {said}"


@define
class Secrets:
    """Tokens and signatures that the sandbox made, by value."""

    sandbox: Sandbox
    constant: list[str]
    found: list[str] = field(factory=list)

    @classmethod
    def of(cls, sandbox: Sandbox) -> Secrets:
        secrets = cls(sandbox, [sandbox.password, sandbox.project_api_key, SECRET])
        office, signer = sandbox._world.tokens, sandbox._world.storage
        sign_token, sign_path = office._token, signer._signature

        def token(claims: dict[str, Any]) -> str:
            secrets.found.append(sign_token(claims))
            return secrets.found[-1]

        def signature(*arguments: Any) -> str:
            made = sign_path(*arguments)
            secrets.found += [made, quote(made, safe="")]
            return made

        office._token = token  # type: ignore[method-assign]
        signer._signature = signature  # type: ignore[method-assign]
        return secrets

    def within(self, text: str) -> str | None:
        """Return where in a text the first secret is, with what is around it."""
        # Sessions last for a row, so tokens from before this cell count too.
        for one in (*self.constant, *self.found[-200:]):
            if (place := text.find(one)) >= 0:
                return ascii(text[max(0, place - 60) : place + 20])
        return None


@frozen
class Matrix:
    """The sandboxes and secrets that all rows share, and how many cells each row has."""

    sandbox: Sandbox
    elsewhere: Sandbox
    secrets: Secrets
    sizes: dict[str, int] = field(factory=dict)

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator[Matrix]:
        """Start a sandbox, and a second one as another host."""
        sandboxes = Sandbox(speed=SPEED, credits=CREDITS), Sandbox()
        with sandboxes[0] as sandbox, sandboxes[1] as elsewhere, hasty():
            sandbox.analytics.max_concurrent_jobs = CREDITS
            yield cls(with_small_files(sandbox), elsewhere, Secrets.of(sandbox))

    def row(self, operation: str, folder: Path, *, everything: bool) -> Iterator[Cell]:
        """Run the cells of an operation, all of them or some."""
        # Deep enough for names that climb to end up in the row's folder still.
        first = folder.joinpath("a", "b", "c", "first")
        with contextlib.closing(World(self.sandbox, first)) as world:
            row = Row(world, self.elsewhere, self.secrets, operation, folder)
            pairs = itertools.product(row.endpoints(), samples())
            fitting = [(endpoint, sample) for endpoint, sample in pairs if sample.fits(endpoint)]
            self.sizes[operation] = len(fitting)
            for endpoint, sample in fitting:
                if everything or is_chosen(operation, endpoint, sample):
                    yield row.cell(endpoint, sample)

    def requests_of_local(self, folder: Path) -> dict[str, list[str]]:
        """Run what should send no requests; return those that it sends, by operation."""
        found = {}
        (folder / "journal").mkdir(parents=True)
        with contextlib.closing(World(self.sandbox, folder)) as world:
            _ = world.downloaded_job, world.known_process
            for operation, recipe in LOCAL.items():
                act = recipe(world)
                self.sandbox.clear_requests()
                act()
                if sent := [f"{one.method} {one.path}" for one in self.sandbox.requests]:
                    found[operation] = sent
        return found


def rows() -> list[str]:
    """Return an operation for each recipe; several that do the same share one."""
    return list({id(recipe): name for name, recipe in reversed(RECIPES.items())}.values())[::-1]


def is_chosen(operation: str, endpoint: Endpoint, sample: Sample) -> bool:
    """Return whether a cell is one of those that every test run tries."""
    if endpoint.is_execution and operation == "JobTemplate.execute":
        return True
    name = f"{operation} {endpoint.method} {endpoint.path} {sample.name}"
    return zlib.crc32(name.encode()) % SHARE == 0


@define
class Row:
    """An operation, and all cells of it."""

    world: World
    elsewhere: Sandbox
    secrets: Secrets
    operation: str
    root: Path
    files: dict[str, str] = field(factory=dict)
    serial: Iterator[int] = field(factory=itertools.count)

    def endpoints(self) -> list[Endpoint]:
        """Run the operation without a fault; return what it asks for with a warm session."""
        for _ in range(2):
            outcome, error, _, files, wrong, requests, _ = self._run(None)
            assert not wrong, f"{self.operation} without a fault: {wrong}"
            assert outcome == "success", f"{self.operation} fails without a fault: {error!r}"
        self.files = files
        found = {
            Endpoint(one.origin, one.method, glob(one.path, one.origin)): None for one in requests
        }
        # All operations get their token in one way, so two rows try its faults.
        tries_token = self.operation in TOKEN_ROWS
        return [one for one in found if tries_token or not one.is_token]

    def cell(self, endpoint: Endpoint, sample: Sample) -> Cell:
        outcome, error, seconds, files, wrong, _, made = self._run((endpoint, sample))
        wrong += self._judge(outcome, error, files, endpoint, sample)
        if outcome == "success" and made < self.world.intents and sample.kind is not Kind.DAMAGED:
            wrong.append(f"success with {made} jobs for {self.world.intents} intents")
        return Cell(self.operation, endpoint, sample, outcome, seconds, tuple(wrong))

    def _run(self, what: tuple[Endpoint, Sample] | None) -> Any:
        world, sandbox = self.world, self.world.sandbox
        world.folder = world.folder.parent / f"cell{next(self.serial)}"
        for name in ("target", "journal", "cwd"):
            (world.folder / name).mkdir(parents=True)
        world.intents = 0
        act = RECIPES[self.operation](world)
        jobs, wrong = set(sandbox.jobs), []
        sandbox.clear_requests()
        self.elsewhere.clear_requests()
        if what is not None:
            sandbox.inject(self._fault(*what))
        began = time.perf_counter()
        with recorded() as log, contextlib.chdir(world.folder / "cwd"):
            outcome, value, error = run(act)
        seconds = time.perf_counter() - began
        sandbox.clear_faults()
        made = len(set(sandbox.jobs) - jobs)
        if made > world.intents:
            wrong.append(f"{made} jobs for {world.intents} intents")
        wrong += self._leaks(log, value, error)
        for one in world.opened:
            one.close()
        world.opened.clear()
        files, strays = self._files()
        wrong += strays
        requests = sandbox.requests
        shutil.rmtree(world.folder)
        return outcome, error, seconds, files, wrong, requests, made

    def _fault(self, endpoint: Endpoint, sample: Sample) -> Fault:
        arguments = dict(sample.arguments)
        if "Location" in (headers := dict(arguments.get("headers", {}))):
            own = self.world.sandbox.url if endpoint.is_api else self.world.sandbox.storage_url
            places = {"self": f"{own}{endpoint.path}", "elsewhere": self.elsewhere.url}
            headers["Location"] = headers["Location"].format_map(places)
            arguments["headers"] = headers
        return Fault(
            origin=endpoint.origin,  # type: ignore[arg-type]
            method=endpoint.method,
            path=endpoint.path,
            times=sample.times,
            **arguments,
        )

    def _leaks(self, log: list[str], value: Any, error: BaseException | None) -> list[str]:
        shown = {
            "log": "\n".join(log),
            "repr of the result": repr(value),
            "repr of the session": repr(self.world.session),
            "pickle of the session": pickled(self.world.session),
            "pickle of the result": pickled(value),
        }
        if error is not None:
            shown["error"] = "".join(traceback.format_exception(error))
            shown["repr of the error"] = repr(error) + repr(vars(error))
            shown["pickle of the error"] = pickled(error)
        for name in ("journal", "cwd", "target"):
            for path in (self.world.folder / name).rglob("*"):
                if path.is_file():
                    shown[f"file {path.name}"] = path.read_bytes().decode("latin-1")
        leaks = [
            f"a secret in: {name} ({where})"
            for name, text in shown.items()
            if (where := self.secrets.within(text))
        ]
        return leaks + self._misdirected()

    def _misdirected(self) -> list[str]:
        foreign = list(self.elsewhere.requests)
        foreign += [one for one in self.world.sandbox.requests if one.origin == "storage"]
        return [
            f"credentials sent to {one.origin} {one.path}"
            for one in foreign
            if self.secrets.within(one.headers.get("authorization", ""))
            or self.secrets.within(one.body.decode("latin-1"))
        ]

    def _files(self) -> tuple[dict[str, str], list[str]]:
        folder = self.world.folder
        files = {
            IDS.sub("*", path.relative_to(folder / "target").as_posix()): hashlib.md5(
                path.read_bytes()
            ).hexdigest()
            for path in (folder / "target").rglob("*")
            if path.is_file() and not LEFT_BEHIND.search(path.as_posix())
        }
        allowed = {"target", "journal", "cwd", "given.csv", "known"}
        strays = [path.name for path in folder.iterdir() if path.name not in allowed]
        strays += [path.name for path in (folder / "cwd").rglob("*") if path.is_file()]
        everything = (path for path in self.root.rglob("*") if path.is_file())
        strays += [path.name for path in everything if not path.is_relative_to(folder)]
        return files, [f"a file outside of the target: {name}" for name in strays]

    def _judge(
        self,
        outcome: str,
        error: BaseException | None,
        files: dict[str, str],
        endpoint: Endpoint,
        sample: Sample,
    ) -> list[str]:
        wrong = []
        if isinstance(error, Hang):
            wrong.append(f"no end within {SECONDS} s")
        elif error is not None and not isinstance(error, up42.Up42Error):
            wrong.append(f"not an Up42Error: {error!r}"[:300])
        elif not is_allowed(self.operation, outcome, error, endpoint, sample):
            wrong.append(f"unexpected outcome {outcome}: {error!r}"[:300])
        if sample.kind is not Kind.DAMAGED:
            wrong += [
                f"a partial file: {name}"
                for name, content in files.items()
                if self.files.get(name) != content
            ]
            missing = [name for name in self.files if name not in files]
            if outcome == "success" and missing and sample.kind in (Kind.HARMLESS, Kind.PASSING):
                wrong.append(f"missing: {missing}")
        return wrong


def glob(path: str, origin: str) -> str:
    """Return a pattern for the requests of an endpoint, whatever IDs they name."""
    if origin == "storage":
        return "/up42-sandbox-storage/*"
    return NAMES.sub("*", IDS.sub("*", path))


def run(act: Any) -> tuple[str, Any, BaseException | None]:
    def stop(*_: Any) -> None:
        raise Hang

    previous = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    try:
        value = act()
        return "reported" if isinstance(value, Reported) else "success", value, None
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return type(error).__name__, None, error
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, previous)


@contextlib.contextmanager
def hasty() -> Iterator[None]:
    """Shorten the pauses between attempts."""
    sleep, patched = time.sleep, pytest.MonkeyPatch()
    patched.setattr(time, "sleep", lambda seconds: sleep(min(seconds, LONGEST_PAUSE)))
    inside.without_pauses(patched, LONGEST_PAUSE)
    try:
        yield
    finally:
        patched.undo()


@contextlib.contextmanager
def recorded() -> Iterator[list[str]]:
    """Collect what is logged at DEBUG."""
    lines: list[str] = []

    class Collecting(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if not record.name.startswith(OURS):
                lines.append(formatter.format(record))

    formatter, handler, root = logging.Formatter(), Collecting(), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


def pickled(value: Any) -> str:
    # As dask.distributed does: with causes and tracebacks.
    if isinstance(value, BaseException):
        tblib.pickling_support.install(value)
    try:
        return pickle.dumps(value).decode("latin-1")
    except Exception:
        return ""


# What may come of it ---------------------------------------------------------------------------

OUTAGES = (
    "ConnectionFailedError",
    "ServerError",
    "RateLimitError",
    "DownloadError",
    "ExecutionUncertainError",
    "UnfinishedJob",
    "PartialBatchError",
)
REFUSALS = {
    400: ("BadRequestError", "InvalidTemplateError"),
    401: ("AuthenticationError",),
    402: ("InsufficientCreditsError",),
    403: ("ApiError",),
    404: ("NotFoundError", "InvalidTemplateError"),
    422: ("BadRequestError", "InvalidTemplateError"),
}
WRAPPED = (
    "DownloadError",
    "PartialBatchError",
    "UnfinishedJob",
    "NoResultsError",
)
ALLOWED: dict[Kind, str] = {
    Kind.HARMLESS: "success",
    Kind.PASSING: "success if it passes and the request may be sent again; otherwise an error "
    "for outages (`ConnectionFailedError`, `ServerError`, `RateLimitError`, `DownloadError`, "
    "`ExecutionUncertainError`, …)",
    Kind.REFUSED: "the error of that status, or the one of the operation as a whole "
    "(`DownloadError`, `PartialBatchError`, …)",
    Kind.ELSEWHERE: "success or an `Up42Error`",
    Kind.UNCERTAIN: "success or an `Up42Error`; of an execution, its job or an "
    "`ExecutionUncertainError`",
    Kind.DAMAGED: "success or an `Up42Error`",
}
"""What must come of each kind of fault, as docs/trust.md shows it."""


def is_allowed(
    operation: str,
    outcome: str,
    error: BaseException | None,
    endpoint: Endpoint,
    sample: Sample,
) -> bool:
    names = {one.__name__ for one in type(error).__mro__} if error else {outcome}
    expected = allowed(operation, endpoint, sample)
    return bool(names.intersection(expected)) or (outcome == "reported" and expected != SUCCESS)


TOLERANT = {
    ("Batch.assign", "/v2/processing/jobs"),
    ("Batch.estimate", "/items/*"),
    ("analytics.Job.download_quicklooks", "/outputs/quicklooks"),
    ("analytics.JobTask.download_quicklooks", "/outputs/quicklooks"),
    ("analytics.Job.get_logs", "/logs"),
    ("analytics.JobTask.get_logs", "/logs"),
}
"""Requests whose failure the operation tolerates: known jobs, geometries, logs (404), and lists of
quicklooks, where a refusal means that the task has none."""

SUCCESS = ("success",)


def allowed(operation: str, endpoint: Endpoint, sample: Sample) -> tuple[str, ...]:
    """Return the names of classes of which the outcome must be one."""
    if any(operation == name and endpoint.path.endswith(path) for name, path in TOLERANT):
        return (*SUCCESS, "Up42Error")
    if endpoint.is_token and sample.kind is Kind.REFUSED:
        return ("AuthenticationError", "ConnectionFailedError")
    if sample.kind is Kind.HARMLESS:
        return SUCCESS
    if sample.kind is Kind.PASSING:
        if not endpoint.is_safe:
            return (*SUCCESS, *OUTAGES)
        return SUCCESS if sample.times is not ALL else OUTAGES
    if sample.kind is Kind.REFUSED:
        return (*REFUSALS[sample.status or 0], *WRAPPED)
    if sample.kind is Kind.UNCERTAIN and endpoint.is_execution:
        return ("success", "ExecutionUncertainError", "PartialBatchError")
    return ("success", "Up42Error")
