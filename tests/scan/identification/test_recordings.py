"""Recorded banners of real daemons: each is told right, or not at all; none is told wrong."""

from pathlib import Path

import msgspec
import pytest

from iotscan.data.fingerprints.library import load_library
from iotscan.model.answer import Answer
from iotscan.model.device import Device
from iotscan.model.facts import (
    Announcement,
    AnyFact,
    Challenge,
    Claim,
    HttpServer,
    OpenService,
    SnmpAgent,
    SshServer,
    TelnetServer,
)
from iotscan.model.identification import Identity
from iotscan.model.observation import observe
from iotscan.model.subject import Subject
from iotscan.model.text import safe_text
from iotscan.scan.identification.engine import identify

BANNERS = Path(__file__).parent / "banners"
LIBRARY = load_library()[0]
LEAST = 200
LEAST_TOLD = 110
"""How many have to be told at all: a title "404 Not Found" tells nothing, and may not."""
SYSTEMS = ("Debian GNU/Linux", "Linux", "Buildroot")
"""What daemons of Debian 12 may truly be said to run on; one was given the greeting of Buildroot."""


class Take(msgspec.Struct, frozen=True):
    """A recorded text and what it is: ``device`` is the kind of device that it makes itself out to be, if any."""

    kind: str
    text: str
    product: str
    version: str
    device: str
    how: str


def _takes() -> list[Take]:
    files = sorted(BANNERS.glob("*.tsv"))
    lines = [line for file in files for line in file.read_text().splitlines() if not line.startswith("#")]
    return [Take(*line.split("\t")) for line in lines]


TAKES = _takes()


def _claim(what: str, how: str, text: str) -> Announcement:
    return Announcement(claims=(Claim(what=what, value=text, how=how),))


def _fact(take: Take) -> AnyFact:
    """The fact that a probe makes of such a text."""
    text = safe_text(take.text)
    match take.kind.partition(".")[0], take.kind:
        case "ssh", _:
            return SshServer(protocol="2.0", software=text, host_keys=Answer.of(()))
        case "telnet_banners", _:
            return TelnetServer(banner=text, asks="unknown")
        case "ftp" | "smtp", _:
            return OpenService(protocol=take.kind.partition(".")[0], banner=f"220 {text}")
        case "imap4", _:
            return OpenService(protocol="imap", banner=f"* OK {text}")
        case "pop3", _:
            return OpenService(protocol="pop3", banner=f"+OK {text}")
        case "html_title", _:
            return HttpServer(tls=False, status=200, title=text)
        case _, "http_header.server":
            return HttpServer(tls=False, status=200, server=text)
        case _, "http_header.wwwauth":
            scheme, _, rest = text.partition(" ")
            realm = rest.partition('realm="')[2].partition('"')[0]
            return HttpServer(tls=False, status=401, challenges=(Challenge(scheme=scheme.lower(), realm=realm),))
        case _, "snmp.sys_description":
            return SnmpAgent(version="2c", description=text)
        case _, "snmp.sys_object_id":
            return SnmpAgent(version="2c", description="", object_id=text)
        case _, "ssdp.server":
            return _claim("software", "ssdp", text)
        case _, "mqtt.version":
            return _claim("software", "mqtt", text)
        case _, "device.type":
            return _claim("device-type", "ssdp description", text)
        case _, "stated.model":
            maker, _, model = text.partition(" | ")
            said = (("manufacturer", maker), ("model", model))
            return Announcement(claims=tuple(Claim(what=w, value=v, how="ssdp description") for w, v in said))
        case _, "dhcp_vendor_class":
            return _claim("vendor-class", "dhcp", text)
        case _, "mdns.service":
            return _claim("name", f"mdns {text}", "box")
    raise AssertionError(take.kind)


def _told(take: Take) -> Identity:
    fact = _fact(take)
    claims = fact.claims if isinstance(fact, Announcement) else ()
    device = Device(id="dev-1", addresses=("192.0.2.7",), claims=claims)
    return identify(device, [observe(fact, Subject(device="dev-1", service="tcp/1"), probe="test/1")], LIBRARY)


def test_there_are_enough() -> None:
    assert len(set(TAKES)) >= LEAST


@pytest.mark.parametrize("take", TAKES, ids=lambda t: f"{t.product}-{t.kind}-{t.text[:30]}")
def test_each_is_told_right_or_not_at_all(take: Take) -> None:
    told = _told(take)
    for program in told.software:
        assert program.product == take.product or take.device, (program, take)
        assert take.version.startswith(program.version) or take.device, (program.version, take.version)
    assert told.vendor is told.product is told.firmware is None or take.device, told
    if told.kind is not None:
        assert told.kind.value == take.device, (told.kind, take)
    if told.system is not None and not take.device:
        name, _, version = told.system.value.partition("Linux ")
        assert told.system.value.startswith(SYSTEMS), told.system
        assert not name or version in ("", "12"), told.system


def test_most_are_told() -> None:
    assert sum(1 for take in set(TAKES) if _told(take).is_known) >= LEAST_TOLD
