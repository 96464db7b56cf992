"""What would assess what was not assessed, in one line a person can act on."""

from iotscan.model.facts import (
    BootEnvironments,
    BootKeys,
    BootStages,
    DefaultLogin,
    Exposures,
    FitImages,
    FtpServer,
    KernelCommandLines,
    KnownVulnerabilities,
    MqttTenant,
    ProtocolUse,
    RevocationStatus,
    RootIntegrity,
    TlsUse,
    TrafficProfile,
    UpdateUse,
    kind_of,
)
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Reason

GIVE_IMAGE = "give the image: iotscan image PATH"
WHICH_IMAGE = "give its image, or say which image of this run it runs: iotscan join RUN RUN --runs DEVICE=IMAGE"
"""Where the run holds images, and none is known to be what the device runs."""
_REMEDIES = {
    Reason.TIMEOUT: "scan again from nearer, or raise --timeout",
    Reason.UNREACHABLE: "check that the device is on and reachable from here, then scan again",
    Reason.UNREADABLE: "look at the service by hand: it answered what iotscan could not read",
    Reason.PROBE_ERROR: "report this as a bug of iotscan, with the run file",
    Reason.MISSING_PRIVILEGE: "run iotscan with the privilege that the detail names",
    Reason.MISSING_TOOL: "install what the detail names",
    Reason.BUDGET: "scan this device again alone, or allow it more connections",
    Reason.DEADLINE: "scan this device again alone, or allow it more time",
    Reason.INTERRUPTED: "resume the scan",
    Reason.LOCKED_OUT: "wait until the account is open again, then scan again",
    Reason.NOT_ASKED: "scan again with the checks that are asked now",
    Reason.NOT_OBSERVABLE: "look at it by hand: what was seen does not settle it",
    Reason.OUT_OF_SCOPE: "add the address to the scope, if you may",
    Reason.EXCLUDED: "select it in the profile",
    Reason.NOT_ALLOWED: (
        "if you may: --profile controllers, or fragile: [industrial] in a profile of yours; of a back end, --backend "
        "HOST without a port"
    ),
    Reason.NEEDS_IMAGE: GIVE_IMAGE,
    Reason.NEEDS_NETWORK: "scan a device that runs this image: iotscan scan ADDRESS",
    Reason.NEEDS_TRAFFIC: "give a capture of the device's traffic",
    Reason.NEEDS_HISTORY: "scan again later: the history of this machine remembers the keys of each run",
    Reason.NEEDS_ATTESTATION: "let the person who knows attest it in iotscan.waivers.yaml",
}
_BOOT = tuple(
    kind_of(fact) for fact in (BootEnvironments, BootKeys, BootStages, FitImages, KernelCommandLines, RootIntegrity)
)
"""What a root file system alone does not show."""
_SEEN = tuple(kind_of(fact) for fact in (Exposures, ProtocolUse, TlsUse, TrafficProfile, UpdateUse))
"""What a device does when nobody asks."""
_LOGINS = (kind_of(DefaultLogin), kind_of(FtpServer))
"""What needs ``--default-creds``."""
_GRANTS = {
    kind_of(RevocationStatus): "--fetch-revocation",
    kind_of(MqttTenant): "--intrusive --backend-credential FILE",
}
"""What needs a grant of its own; whatever else needs one, needs ``--intrusive``."""


def remedy(reason: Reason, kind: str, subject: Subject) -> str:
    """What would answer a question about a kind of fact that ``subject`` is missing for ``reason``."""
    if reason is Reason.CONSENT:
        grant = "--default-creds" if kind in _LOGINS else _GRANTS.get(kind, "--intrusive")
        return f"grant it: --scope FILE {grant} (iotscan scope init makes the file; on this machine none is needed)"
    # Services have facts in images, too: as configured.
    if reason is Reason.UNREADABLE and subject.image:
        return "give that part in a form that iotscan reads, or mended: iotscan image PATH"
    if reason is Reason.NEEDS_NETWORK and subject.device:
        return "scan the device, too: iotscan scan ADDRESS"
    if reason is Reason.NOT_OBSERVABLE and kind == kind_of(DefaultLogin):
        return "try by hand what its manual documents, or give that as a record: --credentials FILE"
    if reason is Reason.NOT_OBSERVABLE and kind == kind_of(KnownVulnerabilities):
        return "give OSV data on the image's system: iotscan image PATH --advisories all.zip"
    if reason is Reason.NOT_OBSERVABLE and kind in _SEEN:
        return "capture for longer, while the device starts and does its work: iotscan traffic FILE"
    if reason is Reason.NOT_OBSERVABLE and kind in _BOOT:
        return "give the whole disk or bundle, with its boot stages: iotscan image PATH"
    return _REMEDIES[reason]
