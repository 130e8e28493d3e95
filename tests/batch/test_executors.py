"""Downloads of a batch on any executor, also on one that dies."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
from tqdm import tqdm

import up42_facade as up42
from tests.batch import workers
from tests.batch.chaos import Chaos, Heard, Kill
from tests.batch.conftest import Make, delivered, result_content
from tests.batch.zygote import Zygote
from up42_sandbox import Sandbox

COUNT = 8
FILES = 2
# Seconds after which what should have happened long ago is given up.
FOREVER = 60

if sys.platform == "win32":
    pytest.skip("processes are forked and killed here", allow_module_level=True)

pytestmark = [
    pytest.mark.usefixtures("small_results"),
    # Python warns of what may happen where a process with threads is forked: that is the point.
    pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning"),
]


@pytest.fixture
def login(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """What workers find in their environment."""
    monkeypatch.setenv("UP42_USERNAME", sandbox.username)
    monkeypatch.setenv("UP42_PASSWORD", sandbox.password)


@pytest.fixture
def ended(sandbox: Sandbox, make: Make) -> Iterator[up42.Batch]:
    """A batch whose jobs have all succeeded."""
    with up42.Batch(make(COUNT)) as batch:
        batch.execute().track(wait=0.05)
        sandbox.clear_requests()
        yield batch


def fetched(sandbox: Sandbox) -> Counter[str]:
    """How often each result was asked for at the storage."""
    return Counter(entry.path for entry in sandbox.requests if entry.origin == "storage")


def require_complete(batch: up42.Batch, paths: dict[str, list[str]], folder: Path) -> None:
    assert sorted(paths) == sorted(job.id for job in batch.jobs)
    for entry in batch:
        assert entry.job is not None
        assert entry.files == paths[entry.job.id]
        assert entry.job.results == entry.files
        for path in map(Path, entry.files):
            assert path.parent == folder / f"job_{entry.job.id}"
            assert path.read_bytes() == result_content(str(entry.title), path.name)
    assert len(delivered(folder)) == FILES * COUNT


def threads() -> Executor:
    return ThreadPoolExecutor(3)


def forked() -> Executor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork"))


def spawned() -> Executor:
    return ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("spawn"))


@pytest.mark.parametrize("executor", [threads, forked, spawned])
@pytest.mark.usefixtures("login")
def test_all_of_it_and_nothing_twice(
    ended: up42.Batch, sandbox: Sandbox, tmp_path: Path, executor: Callable[[], Executor]
) -> None:
    folder = tmp_path / "out"
    with executor() as pool:
        paths = ended.download(folder, executor=pool)
        require_complete(ended, paths, folder)
        assert set(fetched(sandbox).values()) == {1}
        assert fetched(sandbox).total() == FILES * COUNT
        sandbox.clear_requests()
        assert ended.download(folder, executor=pool) == paths
        assert sandbox.requests == []
        Path(paths[ended.jobs[0].id][0]).unlink()
        assert ended.download(folder, executor=pool) == paths
        require_complete(ended, paths, folder)


@pytest.mark.parametrize("executor", [None, threads, forked])
@pytest.mark.usefixtures("login")
def test_the_bar_counts_bytes_and_jobs(
    ended: up42.Batch,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    executor: Callable[[], Executor] | None,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    with executor() if executor else nullcontext() as pool:
        ended.download(tmp_path, executor=pool)
    last = capsys.readouterr().err.rpartition("\r")[2]
    size = sum(path.stat().st_size for path in delivered(tmp_path))
    assert last.startswith(f"download: {tqdm.format_sizeof(size)}B ")
    assert last.rstrip().endswith(f", {COUNT} of {COUNT} jobs]")


def children_of(pool: ProcessPoolExecutor) -> list[int]:
    return list(pool._processes)


@pytest.mark.parametrize("executor", [forked, spawned])
@pytest.mark.usefixtures("login")
def test_a_process_that_is_killed(
    ended: up42.Batch, sandbox: Sandbox, tmp_path: Path, executor: Callable[[], Any]
) -> None:
    folder = tmp_path / "out"
    chaos = Chaos(sandbox)
    with executor() as pool:
        # All of its processes are there once each of them has waited for the other.
        list(pool.map(os.getenv, ["HOME"] * 20))
        chaos.arm(Kill("download", 18, "before"))
        chaos.target(children_of(pool)[0])
        with pytest.raises(up42.PartialBatchError, match=r"Call download\(\) again") as caught:
            ended.download(folder, executor=pool)
    assert chaos.killed
    assert {type(error) for error in caught.value.failures.values()} == {BrokenProcessPool}
    done = [entry for entry in ended if entry.files]
    assert len(done) + len(caught.value.failures) == COUNT
    # With the broken pool nothing is possible any more, and that is all that it says.
    with pytest.raises(up42.PartialBatchError) as caught:
        ended.download(folder, executor=pool)
    assert len(caught.value.failures) == COUNT - len(done)
    sandbox.clear_requests()
    require_complete(ended, ended.download(folder), folder)
    again = {entry.path for entry in sandbox.requests}
    for entry in done:
        assert entry.job is not None
        collection = str(entry.job.collection_url).rpartition("/")[2]
        assert not any(collection in path for path in again), "it was there already"


@pytest.mark.usefixtures("login")
def test_an_executor_that_is_shut_down(ended: up42.Batch, sandbox: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    pool = ThreadPoolExecutor(1)
    pool.shutdown()
    with pytest.raises(up42.PartialBatchError, match="after shutdown") as caught:
        ended.download(folder, executor=pool)
    assert len(caught.value.failures) == COUNT
    assert sandbox.requests == []

    pool = ThreadPoolExecutor(1)
    counted: list[str] = []

    def shut_down_midway(entry: Any) -> None:
        counted.append(entry.path)
        if len(counted) == 10:
            threading.Thread(target=pool.shutdown, kwargs={"cancel_futures": True}).start()

    sandbox._world.requests = Heard(shut_down_midway)
    with pytest.raises(up42.PartialBatchError) as caught:
        ended.download(folder, executor=pool)
    assert 1 <= len(caught.value.failures) < COUNT
    require_complete(ended, ended.download(folder), folder)


def test_workers_without_credentials(ended: up42.Batch, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    with spawned() as pool:
        with pytest.raises(up42.PartialBatchError, match="UP42_USERNAME") as caught:
            ended.download(folder, executor=pool)
        assert len(caught.value.failures) == COUNT, "none of them takes the pool down with it"
        for error in caught.value.failures.values():
            assert isinstance(error, up42.ConfigurationError)
            assert "UP42_PASSWORD" in str(error)
    assert not folder.exists()
    require_complete(ended, ended.download(folder), folder)


def test_no_secret_goes_to_the_workers(ended: up42.Batch, sandbox: Sandbox, tmp_path: Path) -> None:
    sent: list[bytes] = []

    class Listening(ThreadPoolExecutor.__base__):  # type: ignore[misc,name-defined]  # any executor
        def submit(self, function: Any, *arguments: Any) -> Any:
            import pickle

            sent.append(pickle.dumps((function, arguments)))
            raise RuntimeError("enough")

    with pytest.raises(up42.PartialBatchError, match="enough"):
        ended.download(tmp_path / "out", executor=Listening())
    assert len(sent) == COUNT
    for payload in sent:
        assert sandbox.password.encode() not in payload
        assert sandbox.username.encode() not in payload
        assert b"Bearer" not in payload


@pytest.mark.parametrize("executor", [42, "threads", ThreadPoolExecutor])
def test_what_is_no_executor(ended: up42.Batch, tmp_path: Path, executor: Any) -> None:
    with pytest.raises(up42.InvalidInputError, match="executor="):
        ended.download(tmp_path, executor=executor)


def test_orphans_do_not_keep_the_journal(
    sandbox: Sandbox, session: up42.Session, tmp_path: Path
) -> None:
    """Processes that were forked live on for a while where their parent was killed."""
    journal, folder = tmp_path / "a.db", tmp_path / "out"
    sandbox.storage.rate = 1000
    chaos = Chaos(sandbox)
    chaos.arm(Kill("download", 10, "after"))
    account = [sandbox.url, sandbox.username, sandbox.password]
    item = sandbox.item_url("pneo-berlin")
    with Zygote(tmp_path / "log.txt") as zygote:
        arguments = (account, item, COUNT, str(journal), str(folder))
        pid = zygote.start(workers.download_with_forks, *arguments)
        try:
            chaos.target(pid)
            assert zygote.wait() == -signal.SIGKILL, zygote.log.read_text()[-3000:]
            # The group has its first process's number; the others are still there.
            os.killpg(pid, 0)
            with up42.Batch.resume(journal, session=session) as batch:
                assert len(batch.jobs) == COUNT
        finally:
            os.killpg(pid, signal.SIGKILL)
    sandbox.storage.rate = None
    with up42.Batch.resume(journal, session=session) as batch:
        require_complete(batch, batch.download(folder), folder)


@pytest.fixture
def cluster(sandbox: Sandbox, login: None) -> Iterator[Any]:
    """A client of two worker processes on this machine, restarted by their nannies if they die."""
    distributed = pytest.importorskip("distributed", reason="needs the extra dask")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


def test_dask(ended: up42.Batch, sandbox: Sandbox, tmp_path: Path, cluster: Any) -> None:
    folder = tmp_path / "out"
    executor = cluster.get_executor()
    paths = ended.download(folder, executor=executor)
    require_complete(ended, paths, folder)
    assert set(fetched(sandbox).values()) == {1}
    sandbox.clear_requests()
    assert ended.download(folder, executor=executor) == paths
    executor.shutdown()
    with pytest.raises(up42.PartialBatchError, match="after shutdown") as caught:
        ended.download(tmp_path / "other", executor=executor)
    assert len(caught.value.failures) == COUNT
    assert sandbox.requests == []


def test_dask_tries_again_what_failed(ended: up42.Batch, tmp_path: Path, cluster: Any) -> None:
    """Dask gives the same answer to the same task, also a bad one, while somebody holds it."""
    folder = tmp_path / "out"
    executor = cluster.get_executor()
    login = {name: os.environ[name] for name in ("UP42_USERNAME", "UP42_PASSWORD")}
    cluster.run(forget, list(login))
    with pytest.raises(up42.PartialBatchError, match="UP42_USERNAME") as caught:
        ended.download(folder, executor=executor)
    assert len(caught.value.failures) == COUNT
    cluster.run(remember, login)
    # The error is still held, and all that led to it.
    assert caught.tb is not None
    require_complete(ended, ended.download(folder, executor=executor), folder)


def remember(variables: dict[str, str]) -> None:
    os.environ.update(variables)


def forget(names: list[str]) -> None:
    for name in names:
        os.environ.pop(name, None)


def test_a_dask_worker_that_is_killed(
    ended: up42.Batch, sandbox: Sandbox, tmp_path: Path, cluster: Any
) -> None:
    """Its tasks go to the other one."""
    folder = tmp_path / "out"
    chaos = Chaos(sandbox)
    chaos.arm(Kill("download", 12, "before"))
    chaos.target(next(iter(cluster.run(os.getpid).values())))
    executor = cluster.get_executor()
    try:
        paths = ended.download(folder, executor=executor)
    except up42.PartialBatchError:
        # Dask can lose the answer of a task together with the worker that had it already.
        paths = ended.download(folder, executor=executor)
    assert chaos.killed
    require_complete(ended, paths, folder)
