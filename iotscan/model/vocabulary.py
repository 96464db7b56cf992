"""The words every stage shares: elements, severities, outcomes, reasons.

Source: ``design.md`` (nouns, outcomes) and the status vocabulary of the interface notes.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Element(StrEnum):
    """The five elements of IoT security (J. Vermillard)."""

    HARDWARE = "hardware"
    UPDATES = "updates"
    COMMUNICATION = "communication"
    KEYS = "keys"
    CLOUD = "cloud"


class Severity(StrEnum):
    """How bad a failed result is. Order: ``rank`` 4 (critical) down to 0 (info)."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"

    @property
    def rank(self) -> int:
        """4 for critical down to 0 for info, so that severities compare."""
        return _RANKS[self]


_RANKS = MappingProxyType({severity: 4 - place for place, severity in enumerate(Severity)})
"""Asked for with every result: looked up, not counted."""


class Confidence(StrEnum):
    """How sure a result is: proved, well supported, or only hinted at."""

    CERTAIN = "certain"
    FIRM = "firm"
    TENTATIVE = "tentative"


class Outcome(StrEnum):
    """What became of one question about one subject."""

    PASS = "pass"  # noqa: S105  # an outcome, no password
    FAIL = "fail"
    NOT_APPLICABLE = "not_applicable"
    NOT_ASSESSED = "not_assessed"
    ERROR = "error"

    @property
    def weight(self) -> int:
        """Which outcome counts where one subject has several: fail > error > not_assessed > pass > n/a."""
        return _WEIGHTS[self]


_WEIGHTS = MappingProxyType(
    {
        Outcome.NOT_APPLICABLE: 0,
        Outcome.PASS: 1,
        Outcome.NOT_ASSESSED: 2,
        Outcome.ERROR: 3,
        Outcome.FAIL: 4,
    }
)


class Vantage(StrEnum):
    """Where a fact was seen from, the strongest first."""

    OBSERVED = "observed"
    IN_USE = "in_use"
    CONFIGURED = "configured"
    ATTESTED = "attested"
    """A person's statement, not seen by us."""


class AttemptStatus(StrEnum):
    """How the try to learn one kind of fact ended."""

    OBSERVED = "observed"
    ABSENT = "absent"
    TIMED_OUT = "timed_out"
    UNREADABLE = "unreadable"
    REFUSED_BY_SCOPE = "refused_by_scope"
    NOT_TRIED = "not_tried"
    BROKEN = "broken"


class Reason(StrEnum):
    """Why something was not assessed. ``involuntary`` ones make a run incomplete (exit code 3)."""

    TIMEOUT = "timeout"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    PROBE_ERROR = "probe_error"
    MISSING_PRIVILEGE = "missing_privilege"
    MISSING_TOOL = "missing_tool"
    BUDGET = "rate_budget"
    DEADLINE = "deadline"
    INTERRUPTED = "interrupted"
    LOCKED_OUT = "locked_out"
    NOT_ASKED = "not_asked"
    NOT_OBSERVABLE = "not_observable"
    CONSENT = "consent_withheld"
    OUT_OF_SCOPE = "out_of_scope"
    EXCLUDED = "profile_excluded"
    NOT_ALLOWED = "not_allowed"
    NEEDS_IMAGE = "needs_image"
    NEEDS_NETWORK = "needs_network"
    NEEDS_TRAFFIC = "needs_traffic"
    NEEDS_ATTESTATION = "needs_attestation"
    NEEDS_HISTORY = "needs_history"
    """Only a second look, some time later, can tell."""

    @property
    def is_involuntary(self) -> bool:
        """True where nobody chose the gap: something failed, timed out or was missing."""
        return self in _INVOLUNTARY

    @property
    def is_decided(self) -> bool:
        """True where a person decided not to ask: consent withheld, out of scope, or the profile said no."""
        return self in (Reason.CONSENT, Reason.OUT_OF_SCOPE, Reason.EXCLUDED, Reason.NOT_ALLOWED)

    @property
    def is_of_the_profile(self) -> bool:
        """True where the profile asks for no answer: such a gap is no part of a grade."""
        return self in (Reason.EXCLUDED, Reason.NOT_ALLOWED)


_INVOLUNTARY = frozenset(
    {
        Reason.TIMEOUT,
        Reason.UNREACHABLE,
        Reason.UNREADABLE,
        Reason.PROBE_ERROR,
        Reason.MISSING_PRIVILEGE,
        Reason.MISSING_TOOL,
        Reason.BUDGET,
        Reason.DEADLINE,
        Reason.INTERRUPTED,
        Reason.LOCKED_OUT,
        Reason.NOT_ASKED,
    }
)


TAGS: Mapping[str, str] = MappingProxyType(
    {
        "attestation": "only a person can answer it, with a reference",
        "boot": "bootloader, kernel, and what they verify",
        "certificates": "X.509 certificates and who vouches for them",
        "cleartext": "what crosses the network unencrypted",
        "coap": "CoAP servers",
        "configuration": "answered by a service's configuration in an image",
        "credentials": "passwords and other ways to log in",
        "crypto": "algorithms, key sizes, protocol versions",
        "disclosure": "where flaws are reported, how long support lasts",
        "exposure": "what is reachable that need not be",
        "hardening": "what makes a flaw harder to use",
        "image": "answered by an image",
        "industrial": "controllers and other equipment of plants and buildings",
        "key-rotation": "whether keys are renewed and can be withdrawn",
        "mqtt": "MQTT brokers",
        "network": "answered over the network",
        "packages": "package feeds and what is installed from them",
        "private-keys": "private keys and who can read them",
        "root-filesystem": "answered by any root file system that ships",
        "shared-keys": "one key on several devices",
        "snmp": "SNMP agents",
        "ssh": "SSH servers",
        "storage": "partitions, file systems, what encrypts them",
        "telnet": "telnet services",
        "tls": "TLS servers",
        "traffic": "answered by captured traffic",
        "trust": "who vouches for a certificate: grades are told without it, too",
        "updates": "firmware and its way onto the device",
        "web": "web interfaces and APIs",
    }
)
"""What a check may be tagged with, and what each tag means. Profiles select by it (``tag:tls``)."""
