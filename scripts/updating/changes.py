"""What a change of the document is, before anybody says whom it hurts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What happened to one thing of the document."""

    OPERATION_ADDED = "operation added"
    OPERATION_REMOVED = "operation removed"
    OPERATION_RENAMED = "operation renamed"
    TAG_MOVED = "tag moved"
    PARAMETER_ADDED = "parameter added"
    PARAMETER_REQUIRED_ADDED = "required parameter added"
    PARAMETER_REMOVED = "parameter removed"
    PARAMETER_CHANGED = "parameter changed"
    NOW_REQUIRED = "now required"
    NOW_OPTIONAL = "now optional"
    BODY_ADDED = "request body added"
    BODY_REMOVED = "request body removed"
    STATUS_ADDED = "status code added"
    STATUS_REMOVED = "status code removed"
    CONTENT_ADDED = "content type added"
    CONTENT_REMOVED = "content type removed"
    SECURITY_CHANGED = "security changed"
    SERVER_CHANGED = "server changed"
    MODEL_ADDED = "model added"
    MODEL_REMOVED = "model removed"
    FIELD_ADDED = "field added"
    FIELD_REQUIRED_ADDED = "required field added"
    FIELD_REMOVED = "field removed"
    RETYPED = "retyped"
    WIDENED = "type widened"
    NARROWED = "type narrowed"
    NULLABLE = "now nullable"
    NOT_NULLABLE = "no longer nullable"
    ENUM_ADDED = "enum value added"
    ENUM_REMOVED = "enum value removed"
    CONSTRAINED = "constraint changed"
    RELEASED = "constraint lifted"
    TEXT = "text only"
    GENERATED = "generated API changed"


class Way(StrEnum):
    """Which way something travels."""

    SENT = "sent"
    RECEIVED = "received"
    BOTH = "sent and received"
    NEITHER = ""


@dataclass(frozen=True)
class Owner:
    """What a schema belongs to: a model, a parameter, or the body of a request or an answer.

    Attributes:
        pointer: Where its schema stands in a document: the same in both.
        model: Its name, if it is a model.
        operation: Method and path, unless it is a model.
        parameter: Name of the parameter, if it is one.
        answer: Status and media type, if it is an answer.
    """

    pointer: str
    model: str | None = None
    operation: str | None = None
    parameter: str | None = None
    answer: tuple[str, str] | None = None


@dataclass(frozen=True)
class Change:
    """One change.

    Attributes:
        kind: What happened.
        subject: What it happened to, for people.
        detail: How, for people.
        way: Which way the thing travels.
        owner: What it belongs to.
        steps: Keys from the owner's schema to the schema that changed.
        name: The parameter, field, status, enum value or operation id concerned.
        old, new: The part before and after.
    """

    kind: Kind
    subject: str
    detail: str = ""
    way: Way = Way.NEITHER
    owner: Owner = Owner("")
    steps: tuple[str, ...] = ()
    name: str = ""
    old: Any = None
    new: Any = None

    def __hash__(self) -> int:
        return hash((self.kind, self.subject, self.detail, self.steps, self.name))
