from enum import StrEnum


class JobStatus(StrEnum):
    ACCEPTED = "accepted"
    CAPTURED = "captured"
    CREATED = "created"
    FAILED = "failed"
    INVALID = "invalid"
    LICENSED = "licensed"
    REJECTED = "rejected"
    RELEASED = "released"
    RUNNING = "running"
    SUCCESSFUL = "successful"
    UNLICENSED = "unlicensed"
    VALID = "valid"

    @classmethod
    def _missing_(cls, value: object) -> "JobStatus | None":
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = str.__repr__(value)[1:-1]
        unknown._value_ = value
        return unknown

    def __str__(self) -> str:
        return str(self.value)
