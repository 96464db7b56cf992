"""JSON of an artefact: bounded, and never an error but Malformed."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from iotscan.wire.ber import Malformed

LARGEST: Final = 4 << 20
"""Bytes of a document."""


def read_object(data: bytes, what: str) -> dict[str, Any]:
    """A JSON object. Raises Malformed for anything else, and for one nested deeper than the decoder goes."""
    if len(data) > LARGEST:
        raise Malformed(f"{what} is larger than {LARGEST >> 20} MiB")
    try:
        read = msgspec.json.decode(data)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:
        raise Malformed(f"{what} is no JSON") from error
    if not isinstance(read, dict):
        raise Malformed(f"{what} is no JSON object")
    return read


def text_of(values: Mapping[str, Any], key: str) -> str:
    """A member that is text; empty for anything else."""
    value = values.get(key)
    return value if isinstance(value, str) else ""


def object_of(values: Mapping[str, Any], key: str) -> dict[str, Any]:
    """A member that is an object; empty for anything else."""
    value = values.get(key)
    return value if isinstance(value, dict) else {}


def list_of(values: Mapping[str, Any], key: str) -> list[Any]:
    """A member that is an array; empty for anything else."""
    value = values.get(key)
    return value if isinstance(value, list) else []


def texts_of(values: Mapping[str, Any], key: str) -> list[str]:
    """A member that is one text or an array of texts; those of it that are."""
    value = values.get(key)
    return [value] if isinstance(value, str) else [v for v in list_of(values, key) if isinstance(v, str)]


def count_of(values: Mapping[str, Any], key: str) -> int | None:
    """A member that is a whole number from zero; None for anything else (True is none)."""
    value = values.get(key)
    return value if type(value) is int and value >= 0 else None
