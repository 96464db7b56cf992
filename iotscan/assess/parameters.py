"""Whether a value fits a parameter, and which values a check is told."""

from collections.abc import Callable, Mapping

from iotscan.model.parameter import ParameterInfo, ParameterKind, Value
from iotscan.model.result import CheckInfo

LARGEST = 1_000_000
"""No number a profile gives is larger: days beyond it are no dates any more."""


def misfit(kind: ParameterKind, value: object) -> str:
    """What is expected instead of ``value``; empty where it fits."""
    fits, expected = _KINDS[kind]
    return "" if fits(value) else expected


def told(info: CheckInfo, *given: Mapping[str, Value | None]) -> dict[str, Value | None]:
    """The value of every parameter of a check: its default, unless ``given`` (the last one wins) says another."""
    values: dict[str, Value | None] = {name: parameter.default for name, parameter in info.parameters.items()}
    for more in given:
        values.update(more)
    return values


def fits_default(parameter: ParameterInfo) -> bool:
    """True where a parameter's own default is of its kind, or nothing."""
    return parameter.default is None or not misfit(parameter.kind, parameter.default)


def _is_integer(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LARGEST


def _is_list_of_text(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) and item for item in value)


def _is_list_of_ports(value: object) -> bool:
    return isinstance(value, list) and all(_is_integer(item) and 0 < item < 65536 for item in value)


def _is_ports_by_name(value: object) -> bool:
    return isinstance(value, dict) and all(name and _is_list_of_ports(ports) for name, ports in value.items())


def _is_texts_by_name(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(n, str) and n and _is_list_of_text(v) for n, v in value.items())


def _is_integers_by_name(value: object) -> bool:
    return isinstance(value, dict) and all(isinstance(n, str) and n and _is_integer(v) for n, v in value.items())


_KINDS: dict[ParameterKind, tuple[Callable[[object], bool], str]] = {
    "integer": (_is_integer, f"a whole number from 0 to {LARGEST} is expected"),
    "number": (_is_number, f"a number from 0 to {LARGEST} is expected"),
    "text": (lambda value: isinstance(value, str), "a text is expected"),
    "boolean": (lambda value: isinstance(value, bool), "true or false is expected"),
    "texts": (_is_list_of_text, "a list of texts is expected: [a, b]"),
    "ports": (_is_list_of_ports, "a list of ports from 1 to 65535 is expected: [80, 443]"),
    "ports by name": (_is_ports_by_name, "lists of ports under names are expected: {'cam*': [80, 554]}"),
    "texts by name": (_is_texts_by_name, "lists of texts under names are expected: {'cam*': [CN=Acme CA]}"),
    "integers by name": (_is_integers_by_name, "whole numbers under names are expected: {ssh-rsa: 3072}"),
}
