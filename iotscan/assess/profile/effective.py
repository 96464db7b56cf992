"""A profile as it holds: its own file and all that it extends, in one."""

import hashlib
from typing import Literal

import msgspec

from iotscan.assess.check import Policy
from iotscan.assess.gate import GateSettings
from iotscan.model.errors import BadInput
from iotscan.model.parameter import Value
from iotscan.model.run import ProfileInfo
from iotscan.model.scope import Pace
from iotscan.model.vocabulary import Severity

PolicyName = Literal["gateway", "constrained", "server"]
Fragile = Literal["industrial"]
"""Kinds of equipment that are asked nothing unless a profile allows it, and then in their own protocol alone."""
Ports = Literal["usual", "likely"]
"""Which ports a scan sweeps where the command line names none: the whole list of ours, or the few likeliest."""
Values = dict[str, dict[str, Value]]
"""Check id or alias -> parameter -> value."""
Severities = dict[str, Severity | dict[str, Severity]]
"""Check id or alias -> the severity of each of its variants, or of those that are named."""
Where = tuple[str, ...]
"""Which statement of a profile: ``("required", "tls-versions")``, ``("gate", "fail_on")``."""


class BadProfile(BadInput):
    """A profile that cannot be used: the message names file and line, and the nearest right word."""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """The file and line that say something."""

    path: str
    line: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}"


class Change(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a version of a profile brought."""

    version: str
    says: str


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """Which checks, in the words of :mod:`.selecting`. Out wins over in."""

    include: tuple[str, ...] = ("*",)
    exclude: tuple[str, ...] = ()


class PaceWish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How much gentler than usual devices are asked; None leaves it as it is. See :class:`iotscan.model.scope.Pace`."""

    attempts_per_second: float | None = None
    accepted_per_second: float | None = None
    connections: int | None = None
    tls_connections: int | None = None
    complete_suites: bool | None = None
    ssh_login_methods: bool | None = None
    device_timeout: float | None = None

    def over(self, pace: Pace) -> Pace:
        """A pace with these wishes."""
        return msgspec.structs.replace(pace, **{k: v for k, v in msgspec.structs.asdict(self).items() if v is not None})


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """What to run and how to judge it.

    ``required`` checks must be assessed: an involuntary gap makes the run incomplete (exit code 3). ``values``
    and ``severities`` are layers, one for each file, of which a later one wins; see :mod:`.selecting`.
    """

    id: str
    version: str
    title: str
    extends: tuple[str, ...] = ()
    """Id and version of every profile it builds on, in the order in which they were read."""
    changelog: tuple[Change, ...] = ()
    """Its own, newest first."""
    maps_to: tuple[str, ...] = ()
    """Standards to which its results are evidence relevant; it proves no conformity."""
    policy: PolicyName = "gateway"
    select: Selection = Selection()
    required: tuple[str, ...] = ()
    values: tuple[Values, ...] = ()
    severities: tuple[Severities, ...] = ()
    ports: Ports = "usual"
    pace: PaceWish = PaceWish()
    fragile: tuple[Fragile, ...] | msgspec.UnsetType = msgspec.UNSET
    """Unset where no file says anything: so the hash of what it says stays as it was."""
    gate: GateSettings = GateSettings()
    """What it says of the gate; the command line goes before it."""
    moment: Selection = Selection()
    """What the command line narrows it to."""
    places: dict[Where, Place] = {}
    """Where each statement stands, for messages; no part of what it says."""

    @property
    def may_be_asked(self) -> tuple[str, ...]:
        """The kinds of fragile equipment that it allows to be asked."""
        return () if self.fragile is msgspec.UNSET else self.fragile

    @property
    def sha256(self) -> str:
        """The hash of what it says, all that it extends included, wherever it was read from."""
        said = msgspec.structs.replace(self, places={})
        return hashlib.sha256(msgspec.json.encode(said, order="deterministic")).hexdigest()

    def place(self, *where: str) -> str:
        """``file:line: `` of a statement, to begin a message with; empty where no file says it."""
        return f"{self.places[where]}: " if where in self.places else ""

    def as_policy(self) -> Policy:
        """What every check is told; :attr:`values` come on top for single ones."""
        return Policy(kind=self.policy)

    def as_info(self, required: tuple[str, ...] = ()) -> ProfileInfo:
        """How the run file names it; ``required`` are the ids that its words come down to."""
        return ProfileInfo(id=self.id, version=self.version, sha256=self.sha256, required=required or self.required)
