"""Settings from a file: ``iotscan.yaml``, or the table ``[tool.iotscan]`` of a ``pyproject.toml``.

Schema ``iotscan/config@1``. A setting says how to judge and where results go. It never says what may be
touched, with whose credentials, or which code runs: a file that was found may come from anybody, so every
such key is refused, whichever way the file was named.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Final, Literal

import msgspec

from iotscan.data.strict_yaml import BadYaml, Document, Where, read
from iotscan.data.typed_yaml import Typed, shown, typed

SCHEMA = "iotscan/config@1"
Threshold = Literal["none", "info", "low", "medium", "high", "critical"]
TOML_LIMIT = 1 << 20
"""Bytes of a ``pyproject.toml``: other tools keep their settings there, too."""

AUTHORITY: Final = frozenset(
    (
        *("active", "authority", "authorization", "grants", "permissions", "public", "in_scope", "scope", "yes"),
        *("target", "targets", "lab", "backend", "intrusive", "fetch_revocation", "credentials_test"),
        *("default_creds", "default_credentials", "credential", "credentials"),
        *("password", "passwords", "secret", "secrets", "token", "checks", "check_folders"),
    )
)
"""Keys that would say what may be touched, by which means, or which code runs."""


class Output(msgspec.Struct, frozen=True, kw_only=True):
    """Where results go. Paths are relative to the file that states them."""

    dir: str | None = None
    formats: tuple[str, ...] | None = None
    """``FMT:PATH``; standard output is for the command line to give away."""
    redact: Literal["strict", "standard", "off"] | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit report wears."""

    brand: str | None = None
    """A folder with ``brand.yaml``."""


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """How patient a scan is. Seconds."""

    timeout: Annotated[float, msgspec.Meta(ge=0.1, le=3600)] | None = None
    deadline: Annotated[float, msgspec.Meta(ge=0)] | None = None
    max_hosts: Annotated[int, msgspec.Meta(ge=1)] | None = None
    trust_stores: tuple[str, ...] | None = None
    """Files of roots that are trusted besides those of the system and of Mozilla."""
    crls: tuple[str, ...] | None = None
    """Files of certificate revocation lists."""
    ocsp_responses: tuple[str, ...] | None = None
    """Files of OCSP responses."""
    fingerprints: tuple[str, ...] | None = None
    """Folders of further rules that tell products, in the format of recog."""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The file as it is written. None: not said here."""

    profile: str | None = None
    waivers: str | None = None
    baseline: str | None = None
    fail_on: Threshold | None = None
    warn_on: Threshold | None = None
    fail_on_new: Threshold | None = None
    min_grade: Literal["A", "B", "C", "D", "E", "F"] | None = None
    incomplete: Literal["fail", "warn", "ignore"] | None = None
    output: Output | None = None
    report: Report | None = None
    network: Network | None = None
    exclude: tuple[str, ...] | None = None
    history: bool | None = None
    """Whether a run asks the history and goes into it."""
    progress: bool | None = None
    step_summary: bool | None = None
    color: Literal["auto", "always", "never"] | None = None
    width: Annotated[int, msgspec.Meta(ge=0)] | None = None
    ascii: bool | None = None


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a file sets: dotted key (``output.dir``) to value; its paths made absolute."""

    path: Path
    values: dict[str, Any]


def read_config(path: Path, *, confined: bool = False) -> Settings:
    """Read a file of settings. Raises :class:`BadYaml` with file, line and the nearest right word.

    ``confined``: the file was found, not named. What it wants written has to lie below its own folder, so
    that an untrusted checkout cannot have a file of the user's overwritten.
    """
    found = read_toml(path) if path.suffix == ".toml" else read(path)
    if found is None:
        raise BadYaml(path, 0, 0, "has no table [tool.iotscan]")
    return _settled(path, found, confined)


def read_toml(path: Path) -> Document | None:
    """The table ``[tool.iotscan]`` with the lines of its keys; None where there is none. Raises :class:`BadYaml`."""
    try:
        with path.open("rb") as file:
            raw = file.read(TOML_LIMIT + 1)
    except OSError as error:
        raise BadYaml(path, 0, 0, f"cannot be read: {error.strerror or type(error).__name__}") from error
    if b"iotscan" not in raw:
        return None
    if len(raw) > TOML_LIMIT:
        raise BadYaml(path, 0, 0, f"is larger than {TOML_LIMIT >> 20} MiB")
    try:
        text = raw.decode()
        top = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise BadYaml(path, raw[: error.start].count(b"\n") + 1, 0, "is not UTF-8") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r" \(at line (\d+)", str(error))
        raise BadYaml(path, int(place[1]) if place else 0, 0, "is no TOML") from error
    tool = top.get("tool")
    if not isinstance(tool, dict) or "iotscan" not in tool:
        return None
    lines = dict(_toml_lines(text))
    table = tool["iotscan"]
    # The table's name says whose it is: no schema has to stand there.
    value = {"schema": SCHEMA, **table} if isinstance(table, dict) else table
    return Document(value=value, lines={(): lines.get((), 1), **lines})


def _toml_lines(text: str) -> Iterator[tuple[Where, int]]:
    """Where keys of ``tool.iotscan`` stand, as far as headers and ``key =`` at the start of a line tell."""
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w.\"' -]{1,200}?)\s*\]", line):
            table = _dotted(header[1])
            key: tuple[str, ...] = ()
        elif pair := re.match(r"\s*([\w.\"'-]{1,200})\s*=", line):
            key = _dotted(pair[1])
        else:
            continue
        full = table + key
        if full[:2] == ("tool", "iotscan"):
            yield full[2:], number


def _dotted(words: str) -> tuple[str, ...]:
    return tuple(word.strip().strip("\"'") for word in words.split("."))


def _settled(path: Path, document: Document, confined: bool) -> Settings:
    if isinstance(document.value, dict):
        _refuse_authority(path, document, document.value, ())
    read_as = typed(path, document, Config, schema=SCHEMA)
    values = {".".join(where): value for where, value in _said(read_as.value, ())}
    for key in ("profile", "baseline"):
        if key in values and _is_path(values[key]):
            values[key] = str(_beside(path, values[key]))
    for key in ("network.trust_stores", "network.crls", "network.ocsp_responses", "network.fingerprints"):
        if key in values:
            values[key] = [str(_beside(path, word)) for word in values[key]]
    if "waivers" in values:
        values["waivers"] = str(_beside(path, values["waivers"]))
    if "report.brand" in values:
        values["report.brand"] = str(_brand(read_as, values["report.brand"], confined))
    if "output.dir" in values:
        values["output.dir"] = str(_place(read_as, values["output.dir"], confined, "output", "dir"))
    if "output.formats" in values:
        values["output.formats"] = [_format(read_as, i, f, confined) for i, f in enumerate(values["output.formats"])]
    if "exclude" in values:
        values["exclude"] = [_target(read_as, i, word) for i, word in enumerate(values["exclude"])]
    return Settings(path=path, values=values)


def _refuse_authority(path: Path, document: Document, said: dict[str, Any], where: Where) -> None:
    for key, value in said.items():
        if key.replace("-", "_").lower() in AUTHORITY:
            line = document.line(*where, key)
            raise BadYaml(path, line, 0, f"'{shown(key)}' is refused: {REFUSAL}")
        if isinstance(value, dict):
            _refuse_authority(path, document, value, (*where, key))


REFUSAL: Final = (
    "authority is never taken from a file of settings or from the environment; "
    "give the flag on the command line, and --scope FILE where it takes one"
)


def _said(part: msgspec.Struct, where: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name in part.__struct_fields__:
        value = getattr(part, name)
        if isinstance(value, msgspec.Struct):
            yield from _said(value, (*where, name))
        elif value is not None:
            yield (*where, name), value


def _is_path(word: str) -> bool:
    return "/" in word or word.endswith((".yaml", ".yml", ".json"))


def _beside(path: Path, word: str) -> Path:
    return path.absolute().parent.resolve() / word


def _place(file: Typed[Config], word: str, confined: bool, *where: str | int) -> Path:
    """A place to write to. Raises :class:`BadYaml`."""
    if not word or "\0" in word:
        raise file.bad("a path is expected here", *where)
    place, folder = _beside(file.path, word), file.path.absolute().parent.resolve()
    if confined and not place.resolve().is_relative_to(folder):
        raise file.bad(
            f"'{shown(word)}' lies outside {folder}: a file that was found writes below its own folder; "
            "name the place on the command line",
            *where,
        )
    return place


def _brand(file: Typed[Config], word: str, confined: bool) -> Path:
    """The folder of a brand. Raises :class:`BadYaml`."""
    if confined:
        # It may hold templates, and speaks in the assessor's name: that is nothing to find in a checkout.
        raise file.bad(
            "a brand is not taken from a file that was found: set it in your own file, or give --brand",
            "report",
            "brand",
        )
    return _beside(file.path, word)


def _format(file: Typed[Config], index: int, word: str, confined: bool) -> str:
    name, _, place = word.partition(":")
    if not place:
        raise file.bad(f"'{shown(word)}' names no file: write it as {shown(name)}:PATH", "output", "formats", index)
    return f"{name}:{_place(file, place, confined, 'output', 'formats', index)}"


def _target(file: Typed[Config], index: int, word: str) -> str:
    if word == "-":
        raise file.bad("standard input is not read for a setting: list the addresses", "exclude", index)
    kind, _, place = word.partition(":")
    return f"file:{_beside(file.path, place)}" if kind == "file" else word
