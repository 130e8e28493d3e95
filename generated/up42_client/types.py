"""What all models and operations share."""

from __future__ import annotations

import datetime
import logging
import uuid
from collections.abc import Callable, Mapping, MutableMapping
from enum import Enum
from http import HTTPStatus
from typing import IO, TYPE_CHECKING, Any, BinaryIO, ClassVar, Generic, Literal, NoReturn, TypeVar

from attrs import define, frozen

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
V = TypeVar("V")
logger = logging.getLogger(__name__)


class Unset:
    """The type of `UNSET`, the value of a field that isn't sent; `None` is sent as null."""

    def __bool__(self) -> Literal[False]:
        return False

    def __repr__(self) -> str:
        return "UNSET"

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Unset = Unset()


class Model(Generic[V]):
    """A JSON object.

    An attribute always has the type that it declares, whatever the server sent. A value that
    doesn't match reads as `None` (`UNSET` in a model that is sent) and is kept in
    `additional_properties`, together with fields that the OpenAPI document doesn't have, so that
    `to_dict` returns what was received.
    """

    __slots__ = ()
    # Attributes by the names of their fields in JSON.
    _fields: ClassVar[dict[str, str]]
    # The value of an attribute whose field is missing.
    _absent: ClassVar[object] = None
    additional_properties: dict[str, V]

    def to_dict(self) -> dict[str, Any]:
        """Return the JSON object that was received.

        Attributes that were set since then are included, except for a list from which entries
        were left out when it was read.
        """
        absent = self._absent
        content = {
            field: value if type(value) in JSON_TYPES else to_json(value)
            for field, name in self._fields.items()
            if (value := getattr(self, name)) is not absent
        }
        for field, kept in self.additional_properties.items():
            if field not in content or is_source(kept, getattr(self, self._fields[field])):
                content[field] = kept if type(kept) in JSON_TYPES else to_json(kept)
        return content

    @property
    def additional_keys(self) -> list[str]:
        """The names of the additional properties."""
        return list(self.additional_properties)

    def __getitem__(self, key: str) -> V:
        return self.additional_properties[key]

    def __setitem__(self, key: str, value: V) -> None:
        self.additional_properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.additional_properties[key]

    def __contains__(self, key: object) -> bool:
        return key in self.additional_properties


# Types whose values are JSON already.
JSON_TYPES = frozenset({str, int, float, bool, dict, type(None)})


def to_json(value: Any) -> Any:
    """Return the JSON of an attribute's value."""
    if isinstance(value, Model):
        return value.to_dict()
    if isinstance(value, list):
        return list_to_json(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime.datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, datetime.date):
        return value.isoformat()
    return str(value) if isinstance(value, uuid.UUID) else value


def list_to_json(values: list[Any]) -> list[Any]:
    """Return the JSON of a list, however deep lists are nested in it."""
    content: list[Any] = []
    waiting = [(values, content)]
    while waiting:
        entries, target = waiting.pop()
        for entry in entries:
            if isinstance(entry, list):
                inner: list[Any] = []
                waiting.append((entry, inner))
                target.append(inner)
            else:
                target.append(entry if type(entry) in JSON_TYPES else to_json(entry))
    return content


def is_source(kept: Any, value: Any) -> bool:
    """Return whether an attribute still has the value that was read from what was kept."""
    if isinstance(value, list):
        return isinstance(kept, list)
    read = READERS.get(type(value))
    return read is not None and read(kept) == value


def unknown_fields(content: Mapping[str, Any], fields: Mapping[str, str]) -> dict[str, Any]:
    """Return the fields that the OpenAPI document doesn't have."""
    if content.keys() <= fields.keys():
        return {}
    return {field: value for field, value in content.items() if field not in fields}


def keep(content: Mapping[str, Any], field: str, kept: dict[str, Any], absent: T) -> T:
    """Keep a value that doesn't match its schema, and return that of an absent field."""
    if field in content:
        kept[field] = content[field]
    return absent


def keep_spelling(content: Mapping[str, Any], field: str, kept: dict[str, Any], value: T) -> T:
    """Return a value, and keep what it was read from if `to_dict` would spell it differently."""
    if to_json(value) != content[field]:
        kept[field] = content[field]
    return value


def keep_list(
    content: Mapping[str, Any], field: str, kept: dict[str, Any], entries: list[T]
) -> list[T]:
    """Return the entries of a list that match, and keep the list if others were left out."""
    left_out = len(content[field]) - len(entries)
    if left_out:
        kept[field] = content[field]
        logger.warning("Left out %d entries of %r that don't match their schema", left_out, field)
    return entries


def reject(model: str, field: str) -> NoReturn:
    """Raise ValueError for a required field that is missing or doesn't match its schema."""
    raise ValueError(f"{model}: {field!r} is required, with a value that matches its schema")


def read_integer(
    content: Mapping[str, Any], field: str, kept: dict[str, Any], absent: T
) -> int | T:
    """Read an integer that was sent as a number like 12.0, or keep the value."""
    value = content.get(field)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return keep(content, field, kept, absent)


def read_time(
    content: Mapping[str, Any], field: str, kept: dict[str, Any], absent: T
) -> datetime.datetime | T:
    """Read a time in UTC, and keep it if it isn't one or was spelled differently."""
    value = content.get(field)
    if value is None or (time := to_utc(value)) is None:
        return keep(content, field, kept, absent)
    if not is_usual(value, time):
        kept[field] = value
    return time


def is_usual(value: str, time: datetime.datetime) -> bool:
    """Return whether `to_dict` spells a time as it was received, like 2024-06-01T12:00:00Z."""
    end = 26 if time.microsecond else 19
    return (
        len(value) == end + 1
        and value[10] == "T"
        and value[13] == ":"
        and value[5] != "W"
        and value[end] == "Z"
        and (end == 19 or value[19] == ".")
    )


def to_utc(value: Any) -> datetime.datetime | None:
    """Return a time in UTC, which is also assumed if it has no zone; None if it isn't one."""
    try:
        time = datetime.datetime.fromisoformat(value)
        if time.tzinfo is datetime.UTC:
            return time
        if time.tzinfo is None:
            return time.replace(tzinfo=datetime.UTC)
        return time.astimezone(datetime.UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def to_date(value: Any) -> datetime.date | None:
    """Return a date, or None if it isn't one."""
    try:
        return datetime.date.fromisoformat(value)
    except (ValueError, TypeError):
        return None


def to_uuid(value: Any) -> uuid.UUID | None:
    """Return a UUID, or None if it isn't one."""
    try:
        return uuid.UUID(value)
    except (ValueError, TypeError, AttributeError):
        return None


READERS: dict[type, Callable[[Any], object]] = {
    datetime.datetime: to_utc,
    datetime.date: to_date,
    uuid.UUID: to_uuid,
}


@frozen
class Request(Generic[T_co]):
    """A request of one operation, which any httpx client can send.

    Attributes:
        arguments: Arguments of `httpx.Client.request` and `httpx.Client.build_request`.
        read: Reads the body of a successful response.
    """

    arguments: dict[str, Any]
    read: Callable[[httpx.Response], T_co]


# The types that `httpx.Client(files=)` can accept, copied from that library.
FileContent = IO[bytes] | bytes | str
FileTypes = (
    # (filename, file (or bytes), content_type)
    tuple[str | None, FileContent, str | None]
    # (filename, file (or bytes), content_type, headers)
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
RequestFiles = list[tuple[str, FileTypes]]


@define
class File:
    """Contains information for file uploads"""

    payload: BinaryIO
    file_name: str | None = None
    mime_type: str | None = None

    def to_tuple(self) -> FileTypes:
        """Return a tuple representation that httpx will accept for multipart/form-data"""
        return self.file_name, self.payload, self.mime_type


@define
class Response(Generic[T]):
    """A response from an endpoint"""

    status_code: HTTPStatus
    content: bytes
    headers: MutableMapping[str, str]
    parsed: T | None


__all__ = ["UNSET", "File", "FileTypes", "Model", "Request", "RequestFiles", "Response", "Unset"]
