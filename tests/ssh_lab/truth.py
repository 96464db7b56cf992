"""What a server of the lab is configured to be: one YAML file each in ``truth/``. See README.md."""

from pathlib import Path

import msgspec

from iotscan.data import strict_yaml
from iotscan.model.vocabulary import Reason

FOLDER = Path(__file__).parent / "truth"


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client that has nothing of ours: the command, and a pattern that its output has (or ``lacks``)."""

    run: str
    shows: str = ""
    lacks: str = ""


class Facts(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is true of it: compared one by one with the fact; None where it cannot be told from outside."""

    protocol: str = "2.0"
    software: str
    """A pattern."""
    strict_kex: bool = True
    has: tuple[str, ...] = ()
    """Names that stand in one of its lists."""
    lacks: tuple[str, ...] = ()
    host_keys: tuple[str, ...] | None
    """``ssh-rsa 1024``, ``ssh-ed25519 0``."""
    unread: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    smallest_group: int | None = None
    """0 where it gives none, as it does not offer it."""
    login_methods: tuple[str, ...] | None
    admits_strangers: bool = False
    compression: tuple[str, ...] = ("none", "zlib@openssh.com")


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server: how it is started, what is true of it, how others see that, and what follows.

    ``run``, ``files`` and the proofs are templates: ``$port``, ``$host``, ``$folder``, ``$python`` and the names of
    :mod:`.workshop`. ``needs`` maps a program to the package that installs it.
    """

    title: str
    needs: dict[str, str]
    run: str
    files: dict[str, str] = {}
    facts: Facts
    findings: tuple[str, ...] = ()
    """``check/variant`` of every result that has to be a fail; nothing else may."""
    not_assessed: dict[str, Reason] = {}
    proof: tuple[Proof, ...]


def read_truth(path: Path) -> Truth:
    """Read one file. Raises BadYaml or msgspec.ValidationError."""
    return msgspec.convert(strict_yaml.load(path), Truth)


def truth_files() -> tuple[Path, ...]:
    """All of them, by name."""
    return tuple(sorted(FOLDER.glob("*.yaml")))
