"""What a server of the lab is configured to be: one YAML file each in ``truth/``. See README.md."""

from pathlib import Path
from typing import Literal, get_origin, get_type_hints

import msgspec

from iotscan.data import strict_yaml
from iotscan.model.answer import Answer
from iotscan.model.facts.tls import DTLS_VERSIONS, EVERY_VERSION, TlsEndpoint
from iotscan.model.vocabulary import Reason

FOLDER = Path(__file__).parent / "truth"
STREAM_VERSIONS = tuple(v for v in EVERY_VERSION if v not in DTLS_VERSIONS)
QUESTIONS = tuple(
    name for name, hint in get_type_hints(TlsEndpoint).items() if hint is Answer or get_origin(hint) is Answer
)
"""Fields of the fact that a question answers: each stands in every truth."""


class Open(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A question that cannot be answered here, and why."""

    reason: Reason


Told = bool | int | str | Open


class Proof(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A client that has nothing of ours: the command, and a pattern that its output has (or ``lacks``)."""

    run: str
    shows: str = ""
    lacks: str = ""


class Findings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``check/variant`` of every result that has to be a fail: under both policies, or under one only."""

    both: tuple[str, ...] = ()
    gateway: tuple[str, ...] = ()
    constrained: tuple[str, ...] = ()

    def under(self, policy: Literal["gateway", "constrained"]) -> frozenset[str]:
        """All that must follow under a policy; nothing else may."""
        return frozenset((*self.both, *(self.gateway if policy == "gateway" else self.constrained)))


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One server: how it is started, what is true of it, how others see that, and what follows.

    ``run``, ``files`` and the proofs are templates: ``$port``, ``$host``, ``$folder``, ``$python`` and the names of
    :mod:`.workshop`. ``needs`` maps a program, ``lib:NAME`` or ``module:NAME`` to what installs it.
    """

    title: str
    needs: dict[str, str]
    run: str
    files: dict[str, str] = {}
    transport: Literal["tcp", "udp"] = "tcp"
    protocol: str = "tls"
    opening: str = ""
    versions: tuple[str, ...]
    """Those that are accepted: every other one that its transport could speak is refused."""
    unknown_versions: dict[str, Reason] = {}
    """Those of which nothing can be said, and why."""
    yes: tuple[str, ...] = ()
    no: tuple[str, ...] = ()
    values: dict[str, int | str] = {}
    unanswered: dict[str, Reason] = {}
    """What cannot be told from outside, and why; beside a true value: what the default ceiling may leave open."""
    psk_hint: str = ""
    signatures: tuple[str, ...] = ()
    suites: dict[str, tuple[str, ...]] = {}
    """Every suite by version, by IANA name, in any order; asked only where this is given."""
    groups: tuple[str, ...] = ()
    """Every key exchange group that is seen when everything is asked."""
    intolerances: tuple[str, ...] = ()
    dtls: dict[str, Told] = {}
    """Fields of the DtlsServer fact."""
    findings: Findings = Findings()
    not_assessed: dict[str, Reason] = {}
    """Check -> why its result has to stay open; ``constrained/CHECK`` under that policy only."""
    proof: tuple[Proof, ...]
    wrong: dict[str, str] = {}
    """What the engine is known to get wrong (``answers.dh_bits``), and why. Strict: once it is right, it has to go."""

    @property
    def values_told(self) -> dict[str, Told]:
        """Every question that has an answer, with the true one."""
        return dict.fromkeys(self.yes, True) | dict.fromkeys(self.no, False) | self.values

    @property
    def answers(self) -> dict[str, tuple[Told, ...]]:
        """Every question with what may be said of it."""
        opened = {name: Open(reason=reason) for name, reason in self.unanswered.items()}
        told = self.values_told
        return {n: tuple(said[n] for said in (told, opened) if n in said) for n in (*told, *opened)}

    @property
    def versions_told(self) -> dict[str, tuple[Told, ...]]:
        """Every version that the transport could speak, with what may be said of it."""
        possible = DTLS_VERSIONS if self.transport == "udp" else STREAM_VERSIONS
        told: dict[str, Told] = {v: v in self.versions for v in possible}
        told |= {v: Open(reason=reason) for v, reason in self.unknown_versions.items()}
        return {version: (said,) for version, said in told.items()}


class BadTruth(Exception):
    """A truth file that leaves something open or says it twice."""


def read_truth(path: Path) -> Truth:
    """Read one file. Raises BadYaml, msgspec.ValidationError or BadTruth."""
    truth = msgspec.convert(strict_yaml.load(path), Truth)
    told = [*truth.yes, *truth.no, *truth.values]
    twice = sorted({name for name in told if told.count(name) > 1})
    left = sorted(set(QUESTIONS) - {*told, *truth.unanswered})
    strange = sorted({*told, *truth.unanswered} - set(QUESTIONS)) + sorted(
        set(truth.versions) - set(truth.versions_told)
    )
    for what, names in (("said twice", twice), ("left open", left), ("no question", strange)):
        if names:
            raise BadTruth(f"{path.name}: {what}: {', '.join(names)}")
    return truth


def truth_files() -> tuple[Path, ...]:
    """All of them, by name."""
    return tuple(sorted(FOLDER.glob("*.yaml")))
