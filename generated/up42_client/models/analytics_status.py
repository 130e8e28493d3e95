from enum import StrEnum


class AnalyticsStatus(StrEnum):
    CANCELLED = "CANCELLED"
    CANCELLING = "CANCELLING"
    ERROR = "ERROR"
    FAILED = "FAILED"
    NOT_STARTED = "NOT_STARTED"
    PENDING = "PENDING"
    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"

    @classmethod
    def _missing_(cls, value: object) -> "AnalyticsStatus | None":
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = str.__repr__(value)[1:-1]
        unknown._value_ = value
        return unknown

    def __str__(self) -> str:
        return str(self.value)
