"""A profile as a file says it, schema ``iotscan/profile@1``, and the questions that types cannot ask of one file."""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from iotscan.assess.gate import GateSettings, Threshold
from iotscan.assess.profile.effective import Change, Fragile, PaceWish, PolicyName, Ports, Severities, Values, Where
from iotscan.data.typed_yaml import Typed, read_typed
from iotscan.model.scope import Pace

SCHEMA = "iotscan/profile@1"
USUAL = Pace()
At = tuple[str | int, ...]
_PACES: dict[str, tuple[float, float, float]] = {
    "attempts_per_second": (0.5, USUAL.attempts_per_second, USUAL.attempts_per_second),
    "accepted_per_second": (0.1, USUAL.accepted_per_second, USUAL.accepted_per_second),
    "connections": (1, USUAL.connections, 300),
    "tls_connections": (1, USUAL.tls_connections, 200),
    "device_timeout": (10, USUAL.device_timeout, 600),
}
"""Least, most, and most for ``thorough``: the rates of politeness are never passed, by nobody."""


class WrittenSelection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``select``: None where the file says nothing."""

    include: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()


class WrittenProfile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One file. What it leaves out comes from what it extends, else from the defaults of a profile."""

    id: str
    version: str
    title: str
    extends: tuple[str, ...] = ()
    changelog: tuple[Change, ...] = ()
    maps_to: tuple[str, ...] = ()
    policy: PolicyName | None = None
    select: WrittenSelection = WrittenSelection()
    required: tuple[str, ...] = ()
    values: Values = {}
    severities: Severities = {}
    ports: Ports | None = None
    pace: PaceWish = PaceWish()
    fragile: tuple[Fragile, ...] | None = None
    fail_on: Threshold | None = None
    """As in ``gate``: how the first profiles wrote it."""
    gate: GateSettings = GateSettings()

    @property
    def rules(self) -> GateSettings:
        """``gate``, with ``fail_on`` where the old key says it."""
        return msgspec.structs.replace(self.gate, fail_on=self.fail_on) if self.fail_on else self.gate


def read_written(path: Path) -> Typed[WrittenProfile]:
    """Read one file. Raises BadYaml with its line."""
    typed = read_typed(path, WrittenProfile, schema=SCHEMA)
    said = typed.value
    for key in ("id", "version", "title"):
        if not getattr(said, key).strip():
            raise typed.bad(f"'{key}' must not be empty", key)
    if said.changelog and said.changelog[0].version != said.version:
        raise typed.bad(f"the changelog must begin with version '{said.version}', which this file is", "changelog")
    if said.fail_on and said.gate.fail_on:
        raise typed.bad("fail_on is said twice: leave it out here, it stands under gate", "fail_on")
    coverage = said.gate.min_coverage
    if coverage is not None and not 0 <= coverage <= 1:
        raise typed.bad("min_coverage is a share from 0 to 1: write 0.9 for 90 %", "gate", "min_coverage")
    return typed


def check_pace(typed: Typed[WrittenProfile], *, is_thorough: bool) -> None:
    """Raise BadYaml for a pace that is harder than usual, or that never ends. Only ``thorough`` may ask for longer."""
    if typed.value.pace.complete_suites and not is_thorough:
        text = "complete_suites takes many connections: write it in a profile that extends thorough"
        raise typed.bad(text, "pace", "complete_suites")
    for name, value in msgspec.structs.asdict(typed.value.pace).items():
        if name not in _PACES:
            continue
        least, usual, longest = _PACES[name]
        most = longest if is_thorough else usual
        if value is None or least <= value <= most:
            continue
        hint = f", {longest:g} in a profile that extends thorough" if longest > most else ""
        raise typed.bad(
            f"{name} may be {least:g} to {most:g}{hint}: a profile is never harder on a device", "pace", name
        )


def statements(said: WrittenProfile) -> Iterator[tuple[Where, At]]:
    """Every statement of a file by what it is about, and where in the document it stands."""
    listed: dict[Where, tuple[str, ...]] = {
        ("select", "include"): said.select.include or (),
        ("select", "exclude"): said.select.exclude,
        ("required",): said.required,
        ("maps_to",): said.maps_to,
    }
    for key, words in listed.items():
        for index, word in enumerate(words):
            yield (*key, word), (*key, index)
    for where in _keyed(said):
        yield where, where
    if said.fail_on:
        yield ("gate", "fail_on"), ("fail_on",)


def _keyed(said: WrittenProfile) -> Iterator[Where]:
    """The statements that stand under their own key."""
    for check, values in said.values.items():
        yield ("values", check)
        yield from (("values", check, name) for name in values)
    for check, severities in said.severities.items():
        yield ("severities", check)
        yield from (("severities", check, variant) for variant in severities if isinstance(severities, dict))
    for key, settings in (("pace", said.pace), ("gate", said.gate)):
        given = msgspec.structs.asdict(settings)
        yield from ((key, name) for name, value in given.items() if value is not None)
    yield from ((name,) for name in ("policy", "ports", "fragile") if getattr(said, name) is not None)
