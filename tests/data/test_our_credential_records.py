"""What holds for every record of ours: told apart, sourced, narrow, sorted; and what the guide counts of them."""

import re
from collections import Counter
from pathlib import Path

import pytest

from iotscan.data.credential_records import FOLDER, CredentialRecord, fits, read_records

GUIDE = Path(__file__).parents[2] / "docs/guide/credentials.md"
FILES = {file.stem: read_records(file) for file in sorted(FOLDER.glob("*.yaml"))}
RECORDS = tuple(record for records in FILES.values() for record in records)

# What devices of many makers show: no record may take any of it for its product.
ANYBODYS = (
    "",
    "/",
    ".",
    "404 Not Found",
    "401 Unauthorized",
    "ADSL Modem",
    "ADSL Router",
    "Access Point",
    "Administration",
    "Apache/2.4.57 (Debian)",
    "Apache-Coyote/1.1",
    "Authentication required",
    "Authorization required",
    "Basic",
    "Boa/0.94.14rc21",
    "Broadband Router",
    "BusyBox v1.36.1 login:",
    "CPE",
    "Camera",
    "Control Panel",
    "Controller",
    "DSL Modem",
    "DVR",
    "Dashboard",
    "Debian GNU/Linux 12 gateway login:",
    "Default Web Site Page",
    "Device Manager",
    "Embedded Web Server",
    "Ethernet Switch",
    "Firmware Upgrade",
    "Gateway",
    "GoAhead",
    "GoAhead-Webs",
    "Home",
    "Home Gateway",
    "IIS Windows Server",
    "IP Camera",
    "IP Phone",
    "IPCamera Login",
    "Index of /",
    "Industrial Ethernet Switch",
    "Inverter",
    "Linux 5.10.168 armv7l",
    "Linux gateway 6.1.0-18-amd64 x86_64",
    "Linux, HTTP/1.1, DIR",
    "Log in",
    "Login",
    "Login Page",
    "Login:",
    "Management Console",
    "Microsoft-IIS/10.0",
    "Microsoft-HTTPAPI/2.0",
    "NAS",
    "NVR",
    "Network Camera",
    "Network Management Card",
    "Network Video Recorder",
    "Node-RED",
    "OpenSSH_9.2p1 Debian-2+deb12u3",
    "OpenSSH_8.9p1 Ubuntu-3ubuntu0.6",
    "PLC",
    "Password:",
    "Print Server",
    "Printer",
    "Private",
    "Protected",
    "Restricted",
    "Router",
    "SNMP Web Card",
    "SSH-2.0-Go",
    "Secure Area",
    "Setup",
    "Sign in",
    "Switch",
    "System Setup",
    "UPS",
    "User Login",
    "User:",
    "Username:",
    "Video Server",
    "Web Admin",
    "Web Client",
    "Web Configurator",
    "Web Interface",
    "Web Management",
    "Web Manager",
    "Web Server",
    "Web Server Authentication",
    "Web UI",
    "Web User Login",
    "Web-based Management",
    "WebServer",
    "Welcome",
    "Welcome to nginx!",
    "Welcome to the device",
    "Wireless Access Point",
    "Wireless Router",
    "admin",
    "camera",
    "config",
    "configuration",
    "device",
    "dropbear_2022.83",
    "index.html",
    "iPXE",
    "jetty(9.4.z)",
    "lighttpd/1.4.69",
    "localhost",
    "localhost login:",
    "login",
    "mini_httpd/1.30 26Oct2018",
    "nginx/1.22.1",
    "null",
    "router",
    "root",
    "server",
    "thttpd/2.29 23May2018",
    "uc-httpd 1.0.0",
    "uhttpd/1.0.0",
    "user",
    "web",
    "192.168.0.1",
)

# A mark of one maker that also fits another's record, and why both stand. The engine then asks who the maker is.
SHARED: frozenset[frozenset[str]] = frozenset()


def plain(pattern: str) -> str:
    return pattern.replace("*", "")


def test_there_are_as_many_as_were_promised() -> None:
    assert len(RECORDS) >= 150


def test_ids_are_used_once_and_each_file_is_in_their_order() -> None:
    assert [i for i, n in Counter(r.id for r in RECORDS).items() if n > 1] == []
    for name, records in FILES.items():
        ids = [r.id for r in records]
        assert ids == sorted(ids), name


@pytest.mark.parametrize("record", RECORDS, ids=lambda r: r.id)
def test_a_record_names_the_document_that_publishes_its_pair(record: CredentialRecord) -> None:
    address, _, where = record.source.partition(" ")
    if address.startswith(("https://", "http://")):
        assert re.fullmatch(r"https?://[^\s/]+/\S+", address)
        assert not where or re.fullmatch(r"\(.{8,}\)", where)
    else:
        title, comma, section = record.source.partition(", '")
        assert comma
        assert len(title) > 8
        assert section.endswith("'")
    assert not record.verified or address.startswith("http")


@pytest.mark.parametrize("text", ANYBODYS)
def test_no_record_claims_what_devices_of_many_makers_show(text: str) -> None:
    assert [(r.id, mark) for r in RECORDS for mark in r.match if r.recognises(mark, text)] == []


def test_a_mark_says_more_than_three_letters_unless_digits_make_it_a_model() -> None:
    short = [
        (r.id, pattern)
        for r in RECORDS
        for patterns in r.match.values()
        for pattern in patterns
        if len(plain(pattern).strip()) < 4
    ]
    assert short == []


def test_no_mark_of_one_maker_fits_the_record_of_another() -> None:
    clashes = {
        frozenset((r.id, other.id))
        for r in RECORDS
        for mark, patterns in r.match.items()
        for other in RECORDS
        if other.vendor != r.vendor
        for theirs in other.match.get(mark, ())
        if any(fits(theirs, plain(p)) or plain(theirs).casefold() in plain(p).casefold() for p in patterns)
    }
    assert clashes == SHARED


def test_a_record_says_one_vendor_the_same_way() -> None:
    spelled: dict[str, set[str]] = {}
    for record in RECORDS:
        spelled.setdefault(record.vendor.casefold().replace("-", " "), set()).add(record.vendor)
    assert [names for names in spelled.values() if len(names) > 1] == []


def test_what_the_guide_counts_is_what_there_is() -> None:
    guide = GUIDE.read_text("utf-8")
    verified = sum(r.verified for r in RECORDS)
    makers = len({r.vendor for r in RECORDS})
    assert f"{len(RECORDS)} records of {makers} makers, {verified} of which were read" in guide
    told = dict(re.findall(r"^\| `([a-z-]+)\.yaml` \|.*\| (\d+) \|$", guide, re.MULTILINE))
    assert told == {name: str(len(records)) for name, records in FILES.items()}
