"""What a capture makes of the devices in it, without a process or a file: findings, and what each is the server of."""

import io
import time
from datetime import UTC, datetime
from typing import Final

import msgspec

from iotscan.assess.assessing import assess
from iotscan.assess.evidence import Evidence
from iotscan.assess.registry import load_checks
from iotscan.model.errors import BadInput
from iotscan.observe.traffic.following import Following
from iotscan.observe.traffic.ledger import Ledger
from iotscan.observe.traffic.readers import all_choosers

LONGEST: Final = 20.0
"""Seconds of the processor that no capture of a scene may take: each takes less than one on an idle machine."""
EXCUSED_LATER: Final = frozenset({("client-hello-strength", "old")})
"""What a device does is told, until it is seen to do better with the same server: a capture may end before that."""
_CHECKS: Final = load_checks().checks


class Judged(msgspec.Struct, frozen=True):
    """Findings as check, variant, MAC, and how severe they are; services as MAC and name.

    By MAC: nothing protects ARP, and a turned bit in it gives a device one more address, by which it may be called.
    """

    findings: frozenset[tuple[str, str, str, int]] = frozenset()
    services: frozenset[tuple[str, str]] = frozenset()

    def beyond(self, other: "Judged") -> set[tuple[str, ...]]:
        """What is found here and not in the other. Less is no more: a check may say something milder of a device."""
        known = {found[:3] for found in other.findings}
        worst = {(check, mac): rank for check, _, mac, rank in sorted(other.findings, key=lambda found: found[3])}
        told = {f for f in self.findings if f[:3] not in known and f[:2] not in EXCUSED_LATER}
        new = {f[:3] for f in told if f[3] >= worst.get((f[0], f[2]), 0)}
        return {*new, *(self.services - other.services)}


def judged(data: bytes) -> Judged:
    """What is found in a capture; nothing in what is none. No reader may have failed, or taken long."""
    ledger = Ledger()
    following = Following(ledger, all_choosers())
    began = time.process_time()
    try:
        following.read(io.BytesIO(data), "copy", lambda _: None)
    except BadInput:
        return Judged()
    following.close()
    ledger.settle()
    assert not following.failures
    devices = ledger.devices()
    evidence = Evidence(devices, (), ledger.observations(), (), datetime.now(UTC))
    results = assess(evidence, _CHECKS)
    assert time.process_time() - began < LONGEST
    macs = {device.id: device.mac for device in devices}
    return Judged(
        findings=frozenset(
            (r.check, r.variant, macs[r.subject.device], r.severity.rank) for r in results if r.is_finding
        ),
        services=frozenset((device.mac, service.name) for device in devices for service in device.services),
    )
