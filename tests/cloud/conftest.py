"""Three stores: fsspec's own in memory, one with folders, and an S3 server with s3fs."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fsspec
import pystac
import pytest
import s3fs
from attrs import frozen
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem
from moto.server import ThreadedMotoServer

import up42_facade as up42
from tests import inside
from up42_sandbox import Sandbox


@frozen(eq=False)
class Place:
    """A folder in a store, and a look at it that shares nothing with the code that is tested."""

    url: str
    root: str
    options: dict[str, Any]
    fs: Any

    def names(self) -> list[str]:
        """Names of all files below the folder, also of temporary ones, but not of records."""
        return [name for name in self.everything() if not name.startswith(".up42/")]

    def everything(self) -> list[str]:
        self.fs.invalidate_cache()
        if not self.fs.exists(self.root):
            return []
        return sorted(path.partition(f"{self.root}/")[2] for path in self.fs.find(self.root))

    def folders(self) -> bool:
        """Tell whether anything of the folder itself is left."""
        self.fs.invalidate_cache()
        return bool(self.fs.exists(self.root))

    def read(self, name: str) -> bytes:
        return bytes(self.fs.cat_file(f"{self.root}/{name}"))

    def write(self, name: str, content: bytes) -> None:
        self.fs.makedirs(self.root, exist_ok=True)
        self.fs.pipe_file(f"{self.root}/{name}", content)

    def unfinished(self) -> list[Any]:
        """Uploads that were begun and neither completed nor given up: they cost money on S3."""
        if not isinstance(self.fs, s3fs.S3FileSystem):
            return []
        return list(self.fs.list_multipart_uploads(self.root.partition("/")[0]))

    def url_of(self, name: str) -> str:
        return f"{self.url}/{name}"


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Origin of a server that speaks S3."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="session")
def s3_look(s3_server: str) -> s3fs.S3FileSystem:
    options = {"key": "testing", "secret": "s3-secret", "endpoint_url": s3_server}
    return s3fs.S3FileSystem(**options, use_listings_cache=False, skip_instance_cache=True)


@pytest.fixture
def s3(s3_server: str, s3_look: s3fs.S3FileSystem) -> Iterator[Place]:
    options = {"key": "testing", "secret": "s3-secret", "endpoint_url": s3_server}
    fs = s3_look
    bucket = f"results-{uuid.uuid4()}"
    fs.mkdir(bucket)
    place = Place(f"s3://{bucket}/pre fix", f"{bucket}/pre fix", options, fs)
    yield place
    assert place.unfinished() == []


@pytest.fixture
def memory() -> Iterator[Place]:
    fs = fsspec.filesystem("memory")
    name = f"results-{uuid.uuid4()}"
    yield Place(f"memory://{name}/pre fix", f"/{name}/pre fix", {}, fs)
    if fs.exists(f"/{name}"):
        fs.rm(f"/{name}", recursive=True)


class DiskFileSystem(LocalFileSystem):
    """A store with folders that renames, as those behind SFTP or SMB do."""

    protocol = "disk"

    @classmethod
    def _strip_protocol(cls, path: str) -> str:
        return str(super()._strip_protocol(path.removeprefix("disk://")))


@pytest.fixture
def disk(tmp_path: Path) -> Place:
    fsspec.register_implementation("disk", DiskFileSystem, clobber=True)
    root = (tmp_path / "disk" / "pre fix").as_posix()
    return Place(f"disk://{root}", root, {}, LocalFileSystem())


@pytest.fixture(params=["memory", "disk", "s3"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each of the stores in turn: some that rename, one that shows a file when it is closed."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def refuse(place: Place, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Return what makes the store fail in the middle of a file."""

    def is_met(path: str, name: str) -> bool:
        return path.endswith(name) and ".up42/" not in path

    def fail_in_s3(error: BaseException, name: str) -> None:
        call = s3fs.S3FileSystem._call_s3

        async def failing(fs: Any, method: str, *args: Any, **options: Any) -> Any:
            is_last = method == "put_object" or options.get("PartNumber") == 2
            if is_last and is_met(options["Key"], name):
                raise error
            return await call(fs, method, *args, **options)

        monkeypatch.setattr(s3fs.S3FileSystem, "_call_s3", failing)

    def fail(error: BaseException, name: str = "") -> None:
        if isinstance(place.fs, s3fs.S3FileSystem):
            fail_in_s3(error, name)
            return
        kind = MemoryFileSystem if isinstance(place.fs, MemoryFileSystem) else LocalFileSystem
        put = kind.put_file

        def failing(fs: Any, source: str, target: str, **options: Any) -> None:
            if not is_met(source, name):
                put(fs, source, target, **options)
                return
            fs.pipe_file(target, Path(source).read_bytes()[:-1])
            raise error

        monkeypatch.setattr(kind, "put_file", failing)

    return fail


@pytest.fixture
def item(session: up42.Session) -> pystac.Item:
    return next(up42.search_items(session=session))


@pytest.fixture
def finished(sandbox: Sandbox, session: up42.Session, item: pystac.Item) -> up42.Job:
    template = up42.processing_templates.DetectionShipsAirbus("Ships", item, session=session)
    job = template.execute()
    sandbox.clock.advance(100_000)
    return job.track(progress=False)


Serve = Callable[..., list[pystac.Item]]


@pytest.fixture
def serve(sandbox: Sandbox, item: pystac.Item) -> Serve:
    """Return what makes an item of one file, or of several, with this content."""

    def make(
        content: bytes, *keys: str, media_type: str | None = None, **fields: Any
    ) -> list[pystac.Item]:
        extra = {f"file:{name}": value for name, value in fields.items()}
        item.assets = {}
        for key in keys or ("a.bin",):
            url = sandbox.storage.put(f"{uuid.uuid4()}.bin", content)()
            item.add_asset(key, pystac.Asset(url, media_type=media_type, extra_fields={**extra}))
        return [item]

    return make


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the pauses between attempts short, for tests that use up all attempts."""
    inside.without_pauses(monkeypatch)


def bodies(sandbox: Sandbox) -> int:
    """Number of times that more than the first byte of a file was requested."""
    return sum(
        request.origin == "storage"
        and request.method == "GET"
        and request.headers.get("range") != "bytes=0-0"
        for request in sandbox.requests
    )
