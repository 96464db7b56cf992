"""A value that must never be written down."""

from typing import Final, NoReturn

REDACTED: Final = "***"


class Secret:
    """A password, key or token on its way from a record to a wire.

    It shows as ``***`` in every string form, cannot be pickled and is refused by msgspec, so that no
    writer, log line or traceback can hold it by accident. :meth:`reveal` is the only way in; only
    probes that speak the secret to its own device may call it.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the wire and nothing else."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({REDACTED})"

    def __str__(self) -> str:
        return REDACTED

    def __format__(self, spec: str) -> str:
        return format(REDACTED, spec)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._value == other._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is never serialised")
