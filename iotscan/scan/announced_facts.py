"""What a device's announcements show besides its names: who may update, debug or take it over."""

from collections.abc import Collection, Iterator
from typing import Final

from iotscan.model.answer import Answer
from iotscan.model.facts import AdbServer, AnyFact, Claim, Commissioning, CommissioningWindow, OtaInterface
from iotscan.wire.dns_sd import HOMEKIT_CLAIM, MATTER_CLAIM, OTA_CLAIM, WIRELESS_DEBUGGING

_MDNS: Final = "mdns"
_NOT_PAIRED: Final = 1
"""The first of the status flags of HomeKit."""


def facts_of(claims: Collection[Claim]) -> Iterator[AnyFact]:
    """The facts that the claims of one device hold."""
    for claim in claims:
        if claim.what == OTA_CLAIM:
            said = f"auth_upload={claim.value} in {claim.how}"
            yield OtaInterface(system="arduino", needs_password=Answer.of(claim.value == "yes"), said=said)
    if any(claim.what == "name" and claim.how == f"{_MDNS} {WIRELESS_DEBUGGING}" for claim in claims):
        yield AdbServer(needs_key=True, tls=True, announced=True)
    if any(claim.how.partition(" ")[0] == _MDNS for claim in claims):
        yield Commissioning(windows=tuple(_windows(claims)))


def _windows(claims: Collection[Claim]) -> Iterator[CommissioningWindow]:
    for claim in claims:
        name, _, value = claim.value.partition("=")
        if claim.what == MATTER_CLAIM:
            yield CommissioningWindow(system="matter", is_open=value != "0", said=f"{name.upper()}={value}")
        if claim.what == HOMEKIT_CLAIM:
            yield CommissioningWindow(system="homekit", is_open=bool(int(value) & _NOT_PAIRED), said=claim.value)
