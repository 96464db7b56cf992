"""Settings that no flag gives: found in the environment and in files, each value with its origin.

First wins, key by key: a flag, ``IOTSCAN_*``, ``--config FILE``, the project's file, the user's file, the
default. Authority comes from flags alone (:mod:`iotscan.data.config_file`).
"""

import os
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iotscan.cli.pipe import tell

if TYPE_CHECKING:
    from iotscan.data.config_file import Settings

PROJECT_FILES: Final = ("iotscan.yaml", ".iotscan.yaml", "pyproject.toml")
OPTIONS: Final[Mapping[str, str]] = {
    "profile": "profile",
    "waivers": "waivers",
    "baseline": "baseline",
    "fail_on": "fail_on",
    "warn_on": "warn_on",
    "fail_on_new": "fail_on_new",
    "min_grade": "min_grade",
    "incomplete": "incomplete",
    "output.dir": "output_dir",
    "output.formats": "format",
    "output.redact": "redact",
    "report.brand": "brand",
    "network.timeout": "timeout",
    "network.deadline": "deadline",
    "network.max_hosts": "max_hosts",
    "network.trust_stores": "trust_store",
    "network.crls": "crl",
    "network.ocsp_responses": "ocsp_response",
    "network.fingerprints": "fingerprints",
    "exclude": "exclude",
    "history": "no_history",
    "progress": "no_progress",
    "step_summary": "no_step_summary",
    "color": "color",
    "width": "width",
    "ascii": "ascii",
}
"""A setting's key to the name of the option that it stands for."""
LEFT_OUT: Final[Mapping[str, frozenset[str]]] = {
    "report": frozenset({"output.formats"}),  # asked to show a run, it would write files and show nothing
    "discover": frozenset({"output.formats"}),  # an inventory has no verdict to hand on
    "waivers": frozenset(OPTIONS) - {"waivers", "output.dir"},  # the same words mean other things there
}
"""Settings that a command does not take, though it has an option of that name."""
NEGATED: Final = frozenset({"history", "progress", "step_summary"})
FILES: Final = frozenset({"network.trust_stores", "network.crls", "network.ocsp_responses", "network.fingerprints"})
"""Lists of files and folders: a variable of the environment holds no list."""
VARIABLES: Final[Mapping[str, str]] = {
    f"IOTSCAN_{'NO_' * (key in NEGATED)}{key.rpartition('.')[2].upper()}": key
    for key in OPTIONS
    if key not in ("output.dir", "output.formats", "exclude") and key not in FILES
} | {"IOTSCAN_OUTPUT_DIR": "output.dir"}
OTHER_VARIABLES: Final = frozenset(
    {"IOTSCAN_CONFIG", "IOTSCAN_STATE_DIR", "IOTSCAN_DEBUG", "IOTSCAN_ACCEPT", "IOTSCAN_REQUIRE_LAN"}
)


class Layer:
    """Settings of one origin: dotted key to value."""

    def __init__(self, origin: str, values: Mapping[str, Any], path: Path | None = None) -> None:
        self.origin = origin
        self.values = values
        self.path = path


def layers(named: Path | None, *, look: bool = True) -> list[Layer]:
    """Every origin that sets something, the strongest first. Raises BadInput for what cannot be used.

    ``named`` is ``--config FILE``; without ``look`` no file is looked for.
    """
    found = [*_from_environment()]
    if named is None and (word := os.environ.get("IOTSCAN_CONFIG")):
        named = Path(word)
    if named is not None:
        found.append(_read(named, confined=False))
    if look:
        project, user = project_file(_here()), user_file()
        if project is not None and not _same(project, named):
            found += [_read(project, confined=True), *_waivers_beside(project)]
        if user is not None and not _same(user, named):
            found.append(_read(user, confined=False))
    return found


def _waivers_beside(project: Path) -> list[Layer]:
    """Waivers lie beside the project's settings unless these say otherwise."""
    from iotscan.data.waiver_file import NAME

    path = project.absolute().parent / NAME
    return [Layer(shown_path(path), {"waivers": str(path)})] if os.path.lexists(path) else []


def merged(found: list[Layer]) -> dict[str, tuple[Any, str]]:
    """Key to value and origin, the first origin wins."""
    settled: dict[str, tuple[Any, str]] = {}
    for layer in found:
        for key, value in layer.values.items():
            settled.setdefault(key, (value, layer.origin))
    return settled


def as_options(settled: Mapping[str, tuple[Any, str]], command: str) -> dict[str, Any]:
    """The values that ``iotscan COMMAND`` takes, under the names of their options."""
    return {
        option: not value if key in NEGATED else value
        for key, (value, _) in settled.items()
        if key not in LEFT_OUT.get(command, ())
        for option in options_of(key)
    }


def options_of(key: str) -> tuple[str, ...]:
    """The options that a setting stands for: ``iotscan waivers`` calls the waiver file ``--file``."""
    return (OPTIONS[key], "file") if key == "waivers" else (OPTIONS[key],)


def project_file(start: Path) -> Path | None:
    """The nearest file of settings at or above ``start``, up to the repository's root or the home folder.

    Raises BadInput where a folder holds two, or where the file belongs to somebody else.
    """
    from iotscan.model.errors import BadInput

    for folder in (start, *start.parents):
        here = [folder / name for name in PROJECT_FILES if os.path.lexists(folder / name)]
        here = [path for path in here if path.suffix != ".toml" or _has_table(path)]
        if len(here) > 1:
            names = " and ".join(p.name for p in here)
            raise BadInput(f"{folder} holds settings twice, {names}: remove one of them")
        if here:
            _require_ours(here[0], start)
            return here[0]
        if (folder / ".git").exists() or folder == _home():
            return None
    return None


def user_file() -> Path | None:
    """``$XDG_CONFIG_HOME/iotscan/config.yaml``, where it is."""
    root = os.environ.get("XDG_CONFIG_HOME", "")
    home = _home()
    if not os.path.isabs(root) and home is None:
        return None
    path = (Path(root) if os.path.isabs(root) else (home or Path()) / ".config") / "iotscan" / "config.yaml"
    return path if os.path.lexists(path) else None


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError:  # somebody removed it under us
        return Path("/")


def _home() -> Path | None:
    try:
        return Path.home()
    except RuntimeError:
        return None


def _same(path: Path, other: Path | None) -> bool:
    return other is not None and path.resolve() == other.resolve()


def _has_table(path: Path) -> bool:
    from iotscan.data.config_file import read_toml

    return path.is_file() and read_toml(path) is not None


def _require_ours(path: Path, start: Path) -> None:
    """A folder that everybody may write to (``/tmp``) must not let others set our gate."""
    from iotscan.model.errors import BadInput

    if not hasattr(os, "geteuid") or not path.exists():
        return
    if path.stat().st_uid not in (0, os.geteuid(), start.stat().st_uid):
        raise BadInput(
            f"{path} belongs to another user and would set how to judge: name it with --config, or use --no-config"
        )


def _read(path: Path, *, confined: bool) -> Layer:
    from iotscan.data.config_file import read_config
    from iotscan.model.errors import BadInput

    if os.path.lexists(path) and not path.is_file():
        raise BadInput(f"{path} is no file of settings: remove it, or name another with --config")
    settings: Settings = read_config(path, confined=confined)
    return Layer(shown_path(path), settings.values, path)


def shown_path(path: Path) -> str:
    """A path as a message shows it: short where it lies below the working directory."""
    try:
        return f"./{path.absolute().relative_to(_here())}"
    except ValueError:
        return str(path)


def _from_environment() -> Iterator[Layer]:
    for name in sorted(os.environ):
        if not name.startswith("IOTSCAN_") or not os.environ[name] or name in OTHER_VARIABLES:
            continue
        if name in VARIABLES:
            yield Layer(name, {VARIABLES[name]: _from_variable(name, os.environ[name])})
        else:
            _refuse_variable(name)


def _refuse_variable(name: str) -> None:
    from iotscan.data.config_file import AUTHORITY, REFUSAL
    from iotscan.data.typed_yaml import shown
    from iotscan.model.errors import BadInput

    if name.removeprefix("IOTSCAN_").lower() in AUTHORITY:
        raise BadInput(f"{name} is set, and refused: {REFUSAL}")
    near = get_close_matches(name, [*VARIABLES, *OTHER_VARIABLES], n=1)
    hint = f": did you mean {near[0]}?" if near else ""
    tell(f"iotscan: the variable {shown(name)} is unknown and has no effect{hint}")


def _from_variable(name: str, text: str) -> Any:
    """The value of a variable, checked as the file's would be. Raises BadInput."""
    import msgspec

    from iotscan.data.config_file import Config
    from iotscan.data.typed_yaml import shown
    from iotscan.model.errors import BadInput

    key = VARIABLES[name]
    if key in NEGATED:
        return text.lower() in ("0", "false")
    tree: Any = text
    for word in reversed(key.split(".")):
        tree = {word: tree}
    try:
        value: Any = msgspec.convert(tree, Config, strict=False)
    except msgspec.ValidationError as error:
        problem = str(error).partition(" - at")[0]
        raise BadInput(f"{name}={shown(text)} cannot be used: {problem}{_allowed(key)}") from error
    for word in key.split("."):
        value = getattr(value, word)
    return value


def _allowed(key: str) -> str:
    """The words that a key knows, as the end of a message."""
    import typing

    from iotscan.data.config_file import Config

    kind: Any = Config
    for word in key.split("."):
        kinds = (kind, *typing.get_args(kind))
        owner = next(k for k in kinds if hasattr(k, "__struct_fields__"))
        kind = typing.get_type_hints(owner)[word]
    words = [w for k in typing.get_args(kind) for w in typing.get_args(k) if isinstance(w, str)]
    return f": {', '.join(words)}" if words else ""
