from enum import StrEnum


class JobMode(StrEnum):
    DEFAULT = "DEFAULT"
    DRY_RUN = "DRY_RUN"

    @classmethod
    def _missing_(cls, value: object) -> "JobMode | None":
        if not isinstance(value, str):
            return None
        unknown = str.__new__(cls, value)
        unknown._name_ = str.__repr__(value)[1:-1]
        unknown._value_ = value
        return unknown

    def __str__(self) -> str:
        return str(self.value)
