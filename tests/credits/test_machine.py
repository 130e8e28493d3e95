"""Executions as a state machine, against a server that knows the truth.

hypothesis chooses what is executed, by whom, and what goes wrong: requests and responses are lost,
gateways respond, listings lag and repeat themselves, the server changes inputs, processes die
while a request is under way, journals are copied, and two processes execute one journal. After
each step, what callers are told is compared with what the server did:

- there are never more jobs than intents that a caller can see;
- a job never has two owners;
- each intent ends with its job, refused, or reported as uncertain;
- nothing is spent on an intent that counts as refused or as not executed.

In the end the server behaves, and everything is executed.

A run of a few examples is part of the tests. Set UP42_MACHINE_EXAMPLES=1000 for a long one, and
UP42_MACHINE_SEED to the seed that a failed run has printed to see it fail again.
"""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)

import up42_facade as up42
from tests.batch.zygote import Zygote
from tests.credits.campaigns import execute_journal, open_batch, session_on, template
from tests.credits.server import REFUSALS, UNCLEAR, Fate, Made, ModelServer, World, key_of

EXAMPLES = int(os.environ.get("UP42_MACHINE_EXAMPLES", "12"))
SEED = int(os.environ.get("UP42_MACHINE_SEED", random.SystemRandom().randrange(2**32)))
STEPS = 6
# Seconds. Less than what a look-up waits.
LAG = 0.06
# Two batches: the left one has its templates to itself; those of the right one are also executed
# one by one, by two sessions.
LEFT, RIGHT = "left", "right"
NAMES = st.sampled_from([LEFT, RIGHT])
# What the titles of new templates end with: nothing, a space that the server may trim, or a plus
# for one whose inputs contain those of the first.
ENDINGS = ("", " ", "+")
# What is beside a journal, if anything is.
SIBLINGS = ("-wal", "-journal")
# Requests for listings that fail: none, or all of an execution and its look-ups.
BAD_LISTINGS = st.sampled_from([0, 0, 0, 15])

unclear = st.builds(Fate, acts=st.booleans(), response=st.sampled_from(UNCLEAR))
refused = st.builds(Fate, acts=st.just(False), response=st.sampled_from(REFUSALS))
fates = st.one_of(st.just(Fate()), refused, unclear, unclear)
# The fates of the first requests for each of some templates.
plans = st.lists(st.lists(fates, min_size=1, max_size=2), min_size=2, max_size=6)
Plan = list[list[Fate]]


class Machine(RuleBasedStateMachine):
    """Two batches and two sessions of one account."""

    server: ModelServer
    zygote: Zygote

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="up42-machine-"))
        self.files = 0
        self.keys: dict[str, list[str]] = {LEFT: [], RIGHT: []}
        self.paths: dict[str, Path] = {}
        self.sessions: dict[str, up42.Session] = {}
        self.batches: dict[str, up42.Batch] = {}
        # The jobs that were returned one by one.
        self.returned: list[str] = []
        # What callers were told, in whichever thread.
        self.told: list[str] = []
        self.is_sound = False

    @initialize(normalizes=st.booleans(), overlaps=st.booleans(), lags=st.booleans())
    def begin(self, normalizes: bool, overlaps: bool, lags: bool) -> None:
        lag = LAG if lags else 0.0
        self.server.world = World(normalizes=normalizes, overlaps=overlaps, lag=lag)
        for name in ("one", "two"):
            self.log_in(name)
        for name in self.keys:
            self.add_templates(name)
            self.open(name, self.new_path())
        self.is_sound = True

    # What is done

    @rule(name=NAMES, plan=plans, bad_listings=BAD_LISTINGS)
    def execute(self, name: str, plan: Plan, bad_listings: int) -> None:
        self.add_and_open(name)
        with self.step(self.planned(name, plan), bad_listings):
            self.attempt(self.batches[name].execute)

    @rule(name=NAMES, plan=plans, bad_listings=BAD_LISTINGS)
    def retry(self, name: str, plan: Plan, bad_listings: int) -> None:
        with self.step(self.planned(name, plan), bad_listings):
            self.attempt(self.batches[name].retry)

    @rule(
        name=st.sampled_from(["one", "two"]),
        number=st.integers(0, 5),
        fate=fates,
        bad_listings=BAD_LISTINGS,
    )
    def execute_one(self, name: str, number: int, fate: Fate, bad_listings: int) -> None:
        key = self.shared_key(number)
        with self.step({key: [fate]}, bad_listings):
            self.single(name, key)

    @rule(
        number=st.integers(0, 5),
        first=unclear,
        second=st.one_of(unclear, unclear, st.just(Fate())),
        is_batch=st.booleans(),
        bad_listings=st.sampled_from([0, 15]),
    )
    def race(
        self, number: int, first: Fate, second: Fate, is_batch: bool, bad_listings: int
    ) -> None:
        """Execute the same twice at the same time, the first one slowly."""
        slow, key = Fate(first.acts, first.response, is_slow=True), self.shared_key(number)
        with self.step({key: [slow, second]}, bad_listings):
            with ThreadPoolExecutor(1) as pool:
                other = pool.submit(self.single, "one", key)
                if is_batch:
                    self.attempt(self.batches[RIGHT].execute)
                else:
                    self.single("two", key)
            other.result()

    @rule(name=NAMES, copies=st.booleans(), with_siblings=st.booleans())
    def restart(self, name: str, copies: bool, with_siblings: bool) -> None:
        """Go on with the journal, or with a copy that is made while it is open."""
        path = self.new_path() if copies else self.paths[name]
        with self.step():
            if not copies or copy_journal(self.paths[name], path, with_siblings):
                self.open(name, path)

    @rule(
        name=NAMES,
        plan=plans,
        acts=st.booleans(),
        with_siblings=st.booleans(),
        number=st.integers(0),
    )
    def kill(self, name: str, plan: Plan, acts: bool, with_siblings: bool, number: int) -> None:
        """Let the program die while a request is under way, and go on with what is on disk."""
        self.add_and_open(name)
        target, deaths = self.new_path(), []

        def die() -> None:
            deaths.append(copy_journal(self.paths[name], target, with_siblings))

        self.server.world.on_death = die
        planned = self.planned(name, plan)
        planned[list(planned)[number % len(planned)]] = [Fate(acts, kills=True)]
        with self.step(planned):
            self.attempt(self.batches[name].execute)
            if deaths:
                assert deaths == [True]
                self.open(name, target)

    @rule(plan=plans, without_lock=st.booleans())
    def compete(self, plan: Plan, without_lock: bool) -> None:
        """Let another process execute the same journal at the same time."""
        self.add_and_open(LEFT)
        path = self.paths[LEFT]
        with self.step(self.planned(LEFT, plan)):
            if without_lock:
                for lock in path.parent.glob(f"{path.name}*lock*"):
                    lock.unlink()
            self.start_elsewhere(path)
            self.attempt(self.batches[LEFT].execute)
            assert self.zygote.wait() == 0, self.zygote.log.read_text()
            self.open(LEFT, path)

    @precondition(lambda self: not self.server.world.normalizes)
    @precondition(lambda self: any(entry.job for entry in self.batches[LEFT]))
    @rule(plan=plans)
    def execute_copy_elsewhere(self, plan: Plan) -> None:
        """Let another process execute a copy of the journal, then go on with the original.

        Only of a journal that has jobs, and of jobs whose inputs the server doesn't change: others
        can't be told from those of other programs.
        """
        self.add_and_open(LEFT)
        target = self.new_path()
        with self.step(self.planned(LEFT, plan)):
            if not copy_journal(self.paths[LEFT], target, with_siblings=True):
                return
            self.start_elsewhere(target)
            assert self.zygote.wait() == 0, self.zygote.log.read_text()
            self.server.world.fates.clear()
            # What isn't listed yet can't be known.
            time.sleep(LAG)
            self.attempt(self.batches[LEFT].execute)

    # How it is done

    @contextmanager
    def step(
        self, planned: dict[str, list[Fate]] | None = None, bad_listings: int = 0
    ) -> Iterator[None]:
        """Let things go wrong, then compare what callers were told with the truth."""
        self.is_sound = False
        world = self.server.world
        world.fates = {key: list(waiting) for key, waiting in (planned or {}).items()}
        world.bad_listings = bad_listings
        yield
        while self.told:
            note(self.told.pop(0))
        self.require_truth()
        self.is_sound = True

    def new_path(self) -> Path:
        self.files += 1
        return self.folder / f"{self.files}.db"

    def log_in(self, name: str) -> None:
        self.server.world.actor = name
        self.sessions[name] = session_on(self.server.url, self.server.world.username)

    def open(self, name: str, path: Path) -> None:
        """Go on with the journal at a path, like a program that is started again."""
        if name in self.batches:
            self.batches[name].close()
            self.sessions[name].close()
        self.log_in(name)
        self.paths[name] = path
        session, keys = self.sessions[name], self.keys[name]
        self.batches[name] = open_batch(self.server.url, session, str(path), keys)

    def add_templates(self, name: str) -> None:
        title = f"{name}{len(self.keys[name])}"
        self.keys[name] += [title + ending for ending in ENDINGS]

    def add_and_open(self, name: str) -> None:
        self.add_templates(name)
        self.open(name, self.paths[name])

    def shared_key(self, number: int) -> str:
        """Return the key of a template that the right batch has too, a new one first."""
        return self.keys[RIGHT][-1 - number % len(self.keys[RIGHT])]

    def planned(self, name: str, plan: Plan) -> dict[str, list[Fate]]:
        """Spread fates over the templates that have no job."""
        open_keys = [key_of(entry.inputs) for entry in self.batches[name] if entry.job is None]
        return {key: plan[number % len(plan)] for number, key in enumerate(open_keys)}

    def start_elsewhere(self, path: Path) -> None:
        """Start another process that executes a journal of the left batch."""
        world = self.server.world
        world.actor = LEFT
        self.zygote.start(
            execute_journal, self.server.url, world.username, str(path), self.keys[LEFT]
        )

    def attempt(self, call: Callable[..., object]) -> None:
        try:
            call(progress=False)
        except up42.Up42Error as error:
            self.told.append(f"{type(error).__name__}: {error}")

    def single(self, name: str, key: str) -> None:
        """Execute one template; a job that it doesn't tell of must not exist."""
        before, outcome = len(self.made_by(name, key)), None
        try:
            job = template(key, self.server.url, self.sessions[name]).execute()
        except up42.Up42Error as error:
            outcome = error
            self.told.append(f"{name}: {type(error).__name__}: {error}")
        else:
            self.returned.append(job.id)
        own = [made.id for made in self.made_by(name, key)[before:]]
        if isinstance(outcome, up42.ExecutionUncertainError):
            assert len(own) <= 1
            return
        told = [] if outcome else [job.id]
        assert own == told, f"{name} was told {outcome or told}, its own jobs are {own}"

    def made_by(self, name: str, key: str) -> list[Made]:
        made = self.server.world.made
        return [each for each in made if (each.actor, each.key) == (name, key)]

    def require_truth(self) -> None:
        known = {made.id: made for made in self.server.world.made}
        owners = Counter(self.returned)
        for name, batch in self.batches.items():
            assert len(batch) == len(self.keys[name]), (
                f"{batch} has other entries than its templates"
            )
            for entry in batch:
                jobs = self.made_by(name, key_of(entry.inputs))
                told = f"{name}: {entry!r} ({entry.reason}), at the server: {jobs}"
                assert len(jobs) <= 1, f"more jobs than intents: {told}"
                if entry.job is not None:
                    owners[entry.job.id] += 1
                    assert known[entry.job.id] in jobs, f"a job of somebody else: {told}"
                elif entry.status != "uncertain":
                    assert entry.status in ("pending", "refused"), told
                    assert not jobs, f"a job that nobody is told of: {told}"
        assert owners.total() == len(owners), f"jobs with several owners: {owners.most_common(1)}"

    def teardown(self) -> None:
        try:
            if self.is_sound:
                self.recover()
        finally:
            for batch in self.batches.values():
                batch.close()
            for session in self.sessions.values():
                session.close()
            shutil.rmtree(self.folder)

    def recover(self) -> None:
        """The server behaves: everything is executed, but for what can't be told."""
        self.server.world.heal()
        for batch in self.batches.values():
            for call in (batch.execute, batch.retry, batch.execute):
                self.attempt(call)
        self.require_truth()
        owned = {*self.returned, *(job.id for batch in self.batches.values() for job in batch.jobs)}
        is_clear = owned >= {made.id for made in self.server.world.made}
        for name, batch in self.batches.items():
            # What another program has executed, too, might be this entry's.
            shared = {made.key for made in self.server.world.made if made.actor != name}
            for entry in batch:
                assert entry.job or entry.status == "uncertain", f"{entry!r}: {entry.reason}"
                if is_clear and key_of(entry.inputs) not in shared:
                    assert entry.job, f"nothing is unclear, yet {entry!r}: {entry.reason}"


def copy_journal(source: Path, target: Path, with_siblings: bool) -> bool:
    """Copy a journal as it is on disk between two transactions.

    With another process, as reading a database's file in this one drops the locks of SQLite.

    Returns:
        False if a transaction lasted so long that nothing was copied.
    """
    with closing(sqlite3.connect(source, timeout=2, isolation_level=None)) as guard:
        with suppress(sqlite3.OperationalError):
            guard.execute("BEGIN IMMEDIATE")
        if not guard.in_transaction:
            return False
        subprocess.run(["cp", source, target], check=True)
        for suffix in SIBLINGS if with_siblings else ():
            if (sibling := Path(f"{source}{suffix}")).exists():
                subprocess.run(["cp", sibling, f"{target}{suffix}"], check=True)
        guard.execute("ROLLBACK")
    return True


def test_executions_are_certain_or_uncertain(tmp_path: Path) -> None:
    print(f"UP42_MACHINE_SEED={SEED}")

    with ModelServer() as server, Zygote(tmp_path / "log.txt") as zygote:

        class Running(Machine):
            pass

        Running.server, Running.zygote = server, zygote
        run_state_machine_as_test(
            hypothesis.seed(SEED)(Running), settings=machine_settings(EXAMPLES)
        )


def machine_settings(examples: int) -> Any:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        print_blob=True,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
