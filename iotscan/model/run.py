"""A run: everything that was given, seen, judged and decided. Schema ``iotscan/run@1``."""

from datetime import UTC, datetime
from typing import Literal

import msgspec

from iotscan.model.capture import Capture
from iotscan.model.device import Device, Image
from iotscan.model.earlier import EarlierCertificate
from iotscan.model.errors import BadInput
from iotscan.model.facts.signing import TrustedKey
from iotscan.model.grade import Grades
from iotscan.model.identity_rule import IdentityRule
from iotscan.model.known_key import KnownKey
from iotscan.model.observation import Attempt, Observation
from iotscan.model.result import CheckInfo, Result
from iotscan.model.scope import Scope
from iotscan.model.sighting import Memory
from iotscan.model.text import safe_text
from iotscan.model.waiver import AttestationUse, WaiverUse

SCHEMA = "iotscan/run@1"
Status = Literal["running", "complete", "interrupted"]
Incomplete = Literal["fail", "warn", "ignore"]
"""What an incomplete run does to the exit code: 3, a warning, nothing."""
Redaction = Literal["strict", "standard", "off"]


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """Who judged the run; what was seen names its probe."""

    name: str = "iotscan"
    version: str


class ProfileInfo(msgspec.Struct, frozen=True, kw_only=True):
    """Which profile judged, and the hash of what it said."""

    id: str
    version: str
    sha256: str = ""
    required: tuple[str, ...] = ()


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a pipeline needs: is it complete, does the gate hold, which exit code, one line why.

    ``reasons`` are those of a gate that fails and of a run that is incomplete; ``warnings`` change no exit
    code. The rules that were applied stand beside them; ``none`` and the empty text are no rule.
    """

    complete: bool
    gate: Literal["pass", "fail", "none"]
    fail_on: str
    exit_code: int
    summary: str
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    warn_on: str = "none"
    fail_on_new: str = "none"
    min_grade: str = ""
    min_coverage: float = 0.0
    incomplete: Incomplete = "fail"
    exit_zero: bool = False


class BaselineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """The earlier run that findings were compared with: how many are new, still there, and gone."""

    run: str
    finished: str = ""
    new: int = 0
    known: int = 0
    fixed: int = 0
    no_longer_assessed: int = 0


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """Something the reader must know of the run itself: a gap, a limit, a refused request."""

    about: str
    text: str


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a device was asked: sweep attempts, connections, UDP exchanges and their datagrams, bytes, seconds."""

    attempts: int = 0
    connections: int = 0
    exchanges: int = 0
    datagrams: int = 0
    packets: int = 0
    """All that it was sent beyond the port sweep: datagrams, and of connections what the kernel says to have sent."""
    bytes_sent: int = 0
    bytes_received: int = 0
    frames: int = 0
    """Raw frames of the sweeps that found it: ARP, neighbour solicitations."""
    seconds: float = 0.0

    @property
    def conversations(self) -> int:
        """TCP connections and UDP exchanges beyond the port sweep: what the device's budget counts."""
        return self.connections + self.exchanges

    def __add__(self, other: "Cost") -> "Cost":
        """Both together: what a device was asked at two of its addresses."""
        more = msgspec.structs.asdict(other)
        return Cost(**{name: round(value + more[name], 3) for name, value in msgspec.structs.asdict(self).items()})


class Part(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run of which another one was joined: when, by whose word and how it was made. What it saw is in the other."""

    id: str
    command: Literal["scan", "discover", "image", "traffic"]
    tool: Tool
    status: Status
    started: str
    finished: str = ""
    targets: tuple[str, ...] = ()
    scope: Scope
    scope_sha256: str = ""
    profile: ProfileInfo
    devices: int = 0
    """How many it saw."""
    images: tuple[str, ...] = ()
    """The names of the images that it read."""
    captures: tuple[Capture, ...] = ()
    probes: tuple[str, ...] = ()
    """What looked, by name and version: ``tls/3``."""
    ways: dict[str, str] = {}
    """As :attr:`Run.ways`."""
    own: tuple[str, ...] = ()
    """As :attr:`Run.own`."""
    audit_root: str = ""
    """As :attr:`Run.audit_root`: the log lies in the folder of this run."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """The run file. Additive changes only."""

    schema: str = SCHEMA
    id: str
    tool: Tool
    status: Status
    command: Literal["scan", "discover", "image", "traffic", "join"]
    """``join``: put together from stored runs of the others."""
    started: str
    finished: str = ""
    as_of: str
    """The UTC date-time that age and expiry checks use."""
    targets: tuple[str, ...]
    scope: Scope
    scope_sha256: str
    profile: ProfileInfo
    checks: tuple[CheckInfo, ...] = ()
    devices: tuple[Device, ...] = ()
    images: tuple[Image, ...] = ()
    captures: tuple[Capture, ...] = ()
    """What traffic was read from."""
    attempts: tuple[Attempt, ...] = ()
    observations: tuple[Observation, ...] = ()
    results: tuple[Result, ...] = ()
    grades: Grades = Grades()
    verdict: Verdict | None = None
    notices: tuple[Notice, ...] = ()
    costs: dict[str, Cost] = {}
    """By device id."""
    ways: dict[str, str] = {}
    """How it was looked for devices: each way that was used, and why it fell short; empty where it did not."""
    own: tuple[str, ...] = ()
    """Addresses of the machine that looked, in scope and left out: that none of them is listed says nothing."""
    looked_from: tuple[str, ...] = ()
    """MAC and IP addresses, in scope or not, of its interfaces on the networks that it looked at: who bears one in
    a capture made meanwhile is the machine that looked."""
    address_costs: dict[str, Cost] = {}
    """By address, for the devices that have several."""
    identity_rules: tuple[IdentityRule, ...] = ()
    """What a person knew better of which addresses are one device (``--identity``)."""
    runs: dict[str, str] = {}
    """Which image a device runs, by the user's word (``iotscan join --runs``): device id -> image id."""
    parts: tuple[Part, ...] = ()
    """The runs of which a joined run was made; of any other none."""
    waivers: tuple[WaiverUse, ...] = ()
    """Every waiver that was given, used or not."""
    attestations: tuple[AttestationUse, ...] = ()
    baseline: BaselineInfo | None = None
    trusted: tuple[TrustedKey, ...] = ()
    """The keys that the user gave to verify updates with (``--trust``), beside those that images hold."""
    earlier: tuple[EarlierCertificate, ...] = ()
    """What the run whose certificates count as seen first (``--first-seen``) saw at the services of this one."""
    known_keys: tuple[KnownKey, ...] = ()
    """Keys that the user says others have, too (``--known-keys``), beside those that iotscan knows."""
    memory: Memory | None = None
    """What the history of runs knew of these devices and their keys; None where there was none, or nobody asked it."""
    redaction: Redaction = "standard"
    """How much of it a writer has hidden. Secrets are never in a run, whatever this says."""
    audit_root: str = ""
    """The hash of the last line of ``audit.jsonl``: what a scan sent, in order. Empty where nothing was sent."""

    @property
    def moment(self) -> datetime:
        """:attr:`as_of`, in UTC. Raises BadInput where a file says something else."""
        return read_moment(self.as_of, f"'as_of' of run {self.id[:60]}")

    @property
    def asked(self) -> Part | None:
        """The part of a joined run that asked devices over the network; None without one, and in any other run."""
        return next((part for part in self.parts if part.command in ("scan", "discover")), None)

    @property
    def is_asking(self) -> bool:
        """Whether devices were asked over the network: no image and no capture alone was read."""
        return self.command in ("scan", "discover") or self.asked is not None

    def check(self, check_id: str) -> CheckInfo | None:
        """The metadata of a check of this run."""
        return next((c for c in self.checks if c.id == check_id), None)

    def device(self, device_id: str) -> Device | None:
        """A device of this run by its id."""
        return next((d for d in self.devices if d.id == device_id), None)

    def result(self, fingerprint: str) -> Result | None:
        """A result of this run by its fingerprint."""
        return next((r for r in self.results if r.fingerprint == fingerprint), None)


def read_moment(text: str, what: str) -> datetime:
    """A date or a date-time, UTC where it has no zone, in UTC; ``what`` says in the BadInput whose it is."""
    try:
        moment = datetime.fromisoformat(text)
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise BadInput(f"{what} is '{safe_text(text, 40)}', and no date: write it like 2026-12-31") from error
