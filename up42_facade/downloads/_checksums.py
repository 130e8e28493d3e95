"""Checksums in the forms that STAC items, storage servers, and people use."""

from __future__ import annotations

import base64
import hashlib
import importlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from attrs import frozen

from up42_facade._common.logs import get_logger
from up42_facade.errors import ChecksumError, InvalidInputError

logger = get_logger(__name__)

# Multihash codes of the algorithms that hashlib knows, from the table that STAC's
# `file:checksum` refers to.
_MULTIHASH_NAMES = {
    0x11: "sha1",
    0x12: "sha256",
    0x13: "sha512",
    0x14: "sha3_512",
    0x15: "sha3_384",
    0x16: "sha3_256",
    0x17: "sha3_224",
    0x20: "sha384",
    0xD5: "md5",
    0x1013: "sha224",
    0xB240: "blake2b",
    0xB260: "blake2s",
}
# Algorithms of digests that come without a name, by their length in bytes.
_PLAIN_NAMES = {16: "md5", 20: "sha1", 32: "sha256", 64: "sha512"}
# Multihash codes here are below 2**21: three groups of seven bits.
_VARINT_BYTES = 3
# Large enough that the interpreter's share of hashing a file vanishes.
_FILE_BLOCK = 1 << 20


@frozen
class Checksum:
    """An expected digest."""

    algorithm: str
    digest: bytes
    announced_by: str = "the checksum given"


class Verifier:
    """Computes several checksums while the bytes arrive, and compares them at the end.

    Example:
        >>> verifier = Verifier([parse_checksum("md5:900150983cd24fb0d6963f7d28e17f72")])
        >>> verifier.update(b"abc")
        >>> verifier.verify("file")
    """

    def __init__(self, checksums: Iterable[Checksum]) -> None:
        unique = {(checksum.algorithm, checksum.digest): checksum for checksum in checksums}
        self._running = [
            (
                checksum,
                importlib.import_module("google_crc32c").Checksum()
                if checksum.algorithm == "crc32c"
                else hashlib.new(checksum.algorithm, usedforsecurity=False),
            )
            for checksum in unique.values()
        ]

    def update(self, block: bytes) -> None:
        for _, digest in self._running:
            digest.update(block)

    def passed(self, blocks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield blocks unchanged, after adding them."""
        for block in blocks:
            self.update(block)
            yield block

    def verify(self, label: str) -> None:
        """Raise `ChecksumError`, with a name for the content, if a digest differs."""
        for expected, digest in self._running:
            found = digest.digest()
            if found != expected.digest:
                raise ChecksumError(
                    f"{label}: the {expected.algorithm} is {found.hex()}, "
                    f"{expected.announced_by} says {expected.digest.hex()}."
                )


def parse_checksum(text: str) -> Checksum:
    """Read a checksum as a multihash, a digest, or `algorithm:digest`.

    It may be a hexadecimal multihash (STAC `file:checksum`), a hexadecimal MD5, SHA-1, SHA-256, or
    SHA-512 digest, or for instance `md5:9001…`.

    Raises:
        InvalidInputError: If the string is none of these, or the algorithm isn't supported.

    Example:
        >>> parse_checksum("sha256:" + 64 * "0").algorithm
        'sha256'
    """
    name, colon, digits = text.strip().rpartition(":")
    try:
        data = bytes.fromhex(digits.strip())
    except ValueError:
        raise InvalidInputError(
            f"The checksum {text!r} isn't hexadecimal: expected a multihash or 'algorithm:digest'."
        ) from None
    if not colon and len(data) in _PLAIN_NAMES:
        return Checksum(_PLAIN_NAMES[len(data)], data)
    length: int | None = None
    if colon:
        algorithm: str | None = name.strip().lower()
    else:
        code, data = _varint(data, text)
        length, data = _varint(data, text)
        algorithm, name = _MULTIHASH_NAMES.get(code), f"multihash code {code:#x}"
    if algorithm is None or algorithm not in _MULTIHASH_NAMES.values():
        raise InvalidInputError(f"The algorithm of the checksum {text!r} isn't supported: {name}.")
    expected = hashlib.new(algorithm, usedforsecurity=False).digest_size
    if len(data) != expected or length not in (None, expected):
        raise InvalidInputError(
            f"The checksum {text!r} has {len(data)} bytes: expected {expected} for {algorithm}."
        )
    return Checksum(algorithm, data)


def usable_checksum(text: object, label: str) -> str | None:
    """Return an announced checksum; None, with a warning in the log, if it can't be verified."""
    if text is None:
        return None
    try:
        parse_checksum(str(text))
    except InvalidInputError as error:
        logger.warning("%s is downloaded without verifying its checksum: %s", label, error)
        return None
    return str(text)


def header_checksums(headers: Mapping[str, str], *, partial: bool) -> list[Checksum]:
    """Return the checksums of the complete object that a storage server announces.

    `Content-MD5` covers only the range of a partial response. crc32c is left out if no compiled
    implementation is installed: in Python it would be slower than the network.
    """
    stored = headers.get("x-goog-stored-content-encoding", "identity")
    if stored != "identity" and headers.get("content-encoding", "identity") != stored:
        # The store holds gzip and unpacked it on the way: its hashes are those of the gzip.
        return []
    announced = [
        ("x-goog-hash", *part.strip().partition("=")[::2])
        for part in headers.get("x-goog-hash", "").split(",")
    ]
    if not partial:
        announced.append(("Content-MD5", "md5", headers.get("content-md5", "")))
    found = []
    for header, name, value in announced:
        if value and (name == "md5" or (name == "crc32c" and _has_fast_crc32c())):
            # A header that can't be read proves nothing: it isn't held against the file.
            with suppress(ValueError):
                digest = base64.b64decode(value, validate=True)
                found.append(Checksum(name, digest, f"the header {header}"))
    return found


def verify_file(path: Path, checksums: Sequence[Checksum], label: str = "") -> None:
    """Read a file, if there are checksums; raise `ChecksumError` if its digests differ."""
    if not checksums:
        return
    verifier = Verifier(checksums)
    with path.open("rb", buffering=0) as file:
        while block := file.read(_FILE_BLOCK):
            verifier.update(block)
    verifier.verify(label or path.name)


def matches_file(path: Path, size: int | None, checksums: Sequence[Checksum]) -> bool:
    """Return whether a file exists and has a size and checksums, as far as they're known."""
    if not path.is_file() or (size is not None and path.stat().st_size != size):
        return False
    try:
        verify_file(path, checksums)
    except (ChecksumError, OSError):
        return False
    return True


def _has_fast_crc32c() -> bool:
    try:
        module = importlib.import_module("google_crc32c")
    except ImportError:
        return False
    return bool(getattr(module, "implementation", "") == "c")


def _varint(data: bytes, text: str) -> tuple[int, bytes]:
    value = 0
    for index, byte in enumerate(data[:_VARINT_BYTES]):
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, data[index + 1 :]
    raise InvalidInputError(f"The checksum {text!r} is neither a multihash nor 'algorithm:digest'.")
