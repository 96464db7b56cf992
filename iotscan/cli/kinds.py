"""The kinds of files that are ours: one line each, for ``iotscan schema`` and ``iotscan validate``."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from types import MappingProxyType
from typing import Any

import msgspec


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of file. ``written`` and ``reader`` name an attribute as ``module:name``, loaded when asked for."""

    schema: str
    about: str
    written: str
    """The struct that says what may stand in the file; empty where the file is no struct of ours."""
    reader: str
    """A function of a path that raises BadInput for a file that cannot be used."""
    is_open: bool = False
    """More fields than we know may stand there: a later version's."""

    def struct(self) -> type[msgspec.Struct]:
        """The type of the file as it is written."""
        kind: type[msgspec.Struct] = _load(self.written)
        return kind

    def check(self, path: Path) -> None:
        """Read a file of this kind. Raises BadInput."""
        _load(self.reader)(path)


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "run": Kind(
            schema="iotscan/run@1",
            about="a run: what was given, seen, judged",
            written="iotscan.model.run:Run",
            reader="iotscan.cli.kinds:read_run_file",
            is_open=True,
        ),
        "diff": Kind(
            schema="iotscan/diff@1",
            about="what changed from one run to another",
            written="iotscan.model.comparison:Comparison",
            reader="iotscan.cli.kinds:read_diff_file",
            is_open=True,
        ),
        "history": Kind(
            schema="iotscan/history@1",
            about="devices, keys and findings over all runs of a folder",
            written="iotscan.model.history:History",
            reader="iotscan.cli.kinds:read_history_file",
            is_open=True,
        ),
        "config": Kind(
            schema="iotscan/config@1",
            about="settings: iotscan.yaml",
            written="iotscan.data.config_file:Config",
            reader="iotscan.cli.kinds:read_config_file",
        ),
        "identity": Kind(
            schema="iotscan/identity@1",
            about="which addresses are one device and which are not",
            written="iotscan.data.identity_file:IdentityFile",
            reader="iotscan.data.identity_file:read_identity",
        ),
        "profile": Kind(
            schema="iotscan/profile@1",
            about="what to check and how to judge it",
            written="iotscan.assess.profile.written:WrittenProfile",
            reader="iotscan.cli.kinds:read_profile_file",
        ),
        "waivers": Kind(
            schema="iotscan/waivers@1",
            about="waivers of findings, and what a person attests",
            written="iotscan.data.waiver_file:WaiverFile",
            reader="iotscan.cli.waiving:read_file",
        ),
        "scope": Kind(
            schema="iotscan/scope@1",
            about="by whose authority a scan may touch what, when, how hard",
            written="iotscan.data.scope_file:ScopeFile",
            reader="iotscan.data.scope_file:read_scope",
        ),
        "brand": Kind(
            schema="iotscan/brand@1",
            about="whose report it is: names, logo, colours, texts",
            written="iotscan.data.brand:BrandFile",
            reader="iotscan.data.brand:read_brand",
        ),
        "credentials": Kind(
            schema="iotscan/credentials@1",
            about="documented default logins of products",
            written="iotscan.data.credential_records:WrittenRecords",
            reader="iotscan.data.credential_records:read_records",
        ),
        "backend-credentials": Kind(
            schema="iotscan/backend-credentials@1",
            about="what devices of yours log in with at back ends",
            written="iotscan.data.backend_credential_file:WrittenBackendCredentials",
            reader="iotscan.data.backend_credential_file:read_backend_credentials",
        ),
        "end-of-life": Kind(
            schema="iotscan/end-of-life@1",
            about="until when software gets security updates",
            written="iotscan.data.end_of_life:EndOfLife",
            reader="iotscan.data.end_of_life:read_end_of_life",
        ),
        "standards": Kind(
            schema="iotscan/standards@1",
            about="the clauses of a standard, in our words",
            written="iotscan.data.standards:Standard",
            reader="iotscan.data.standards:read_standard",
        ),
        "keys": Kind(
            schema="iotscan/keys@1",
            about="private keys that everybody can download",
            written="iotscan.data.known_keys:WrittenPublishedKeys",
            reader="iotscan.data.known_keys:known_keys",
        ),
        "psks": Kind(
            schema="iotscan/psks@1",
            about="documented pre-shared keys of examples",
            written="iotscan.data.known_psks:WrittenKnownKeys",
            reader="iotscan.data.known_psks:read_known_psks",
        ),
        "remedies": Kind(
            schema="iotscan/remedies@1",
            about="changes that were proved to repair findings of one program",
            written="iotscan.data.remedies:WrittenRemedies",
            reader="iotscan.data.remedies:read_program",
        ),
    }
)


def read_run_file(path: Path) -> None:
    """Read a run file. Raises BadInput."""
    from iotscan.store.runs import read_run

    read_run(str(path), path.parent)


def read_diff_file(path: Path) -> None:
    """Read what ``iotscan diff -f json`` wrote. Raises BadInput."""
    from iotscan.model.comparison import Comparison
    from iotscan.model.errors import BadInput

    try:
        msgspec.json.decode(path.read_bytes(), type=Comparison)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path} does not hold what iotscan/diff@1 promises: {error}") from error


def read_history_file(path: Path) -> None:
    """Read what ``iotscan history export`` wrote. Raises BadInput."""
    from iotscan.model.errors import BadInput
    from iotscan.model.history import History

    try:
        msgspec.json.decode(path.read_bytes(), type=History)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{path} does not hold what iotscan/history@1 promises: {error}") from error


def read_config_file(path: Path) -> None:
    """Read a file of settings as it would be where it was found. Raises BadInput."""
    from iotscan.cli.config import PROJECT_FILES
    from iotscan.data.config_file import read_config

    read_config(path, confined=path.name in PROJECT_FILES)


def read_profile_file(path: Path) -> None:
    """Read a profile and look up the checks that it names. Raises BadInput."""
    from iotscan.assess.profile import load_profile, select
    from iotscan.assess.registry import load_checks

    select(load_profile(str(path.absolute())), load_checks())


def kind_of(schema: str) -> Kind | None:
    """The kind whose files say ``schema``."""
    return next((kind for kind in KINDS.values() if kind.schema == schema), None)


def kind_at(path: Path) -> Kind:
    """The kind of a file by what its key ``schema`` says. Raises BadInput where it says none of ours."""
    from iotscan.data.strict_yaml import BadYaml
    from iotscan.data.typed_yaml import nearest, shown

    if path.suffix == ".toml":
        return KINDS["config"]
    if path.suffix == ".json":
        return _json_kind(path)
    said, line = _said_schema(path)
    if (kind := kind_of(said)) is None:
        known = [k.schema for k in KINDS.values()]
        raise BadYaml(path, line, 0, f"schema '{shown(said)}' is none of ours{nearest(said, known)}")
    return kind


def _json_kind(path: Path) -> Kind:
    """A run unless the file says otherwise: the reader of runs says best what is wrong with anything else."""
    try:
        said = msgspec.json.decode(path.read_bytes(), type=dict[str, msgspec.Raw])
        schema = msgspec.json.decode(said["schema"], type=str)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError, KeyError):
        return KINDS["run"]
    kind = kind_of(schema)
    return kind if kind and kind.is_open else KINDS["run"]


def _said_schema(path: Path) -> tuple[str, int]:
    from iotscan.data.strict_yaml import BadYaml, read

    if path.exists() and not path.is_file():
        raise BadYaml(path, 0, 0, "is no file")
    document = read(path)
    said = document.value.get("schema") if isinstance(document.value, dict) else None
    if not isinstance(said, str):
        raise BadYaml(path, 1, 0, "begin the file with its kind, as 'schema: iotscan/config@1'")
    return said, document.line("schema")


def _load(name: str) -> Any:
    module, _, attribute = name.partition(":")
    return getattr(import_module(module), attribute)
