"""The waiver file: what it holds, and one line with its place for all that it must not hold."""

import random
from datetime import date
from pathlib import Path

import pytest

from iotscan.data.strict_yaml import BadYaml
from iotscan.data.waiver_file import KnownChecks, Target, WaiverFile, parse_waivers, read_waivers
from iotscan.model.errors import BadInput
from iotscan.model.vocabulary import Severity

SAMPLE = Path(__file__).with_name("sample.waivers.yaml")
TODAY = date(2026, 11, 25)
IDS = ("certificate-trust", "private-keys", "tls-versions", "key-custody", "secure-boot-fuses")
KNOWN = KnownChecks(
    ids={name: name for name in IDS} | {"key-001": "private-keys"},
    attestable=frozenset({"key-custody", "secure-boot-fuses"}),
)


def read(text: str) -> WaiverFile:
    return parse_waivers(text, Path("w.yaml"), KNOWN, today=TODAY)


def test_a_whole_file() -> None:
    said = read_waivers(SAMPLE, KNOWN, today=TODAY)
    first, second, third = said.waivers
    assert first.target == Target(asset="00:11:22:aa:bb:cc", service="tcp/8443")
    assert str(first.target) == "asset 00:11:22:aa:bb:cc, service tcp/8443"
    assert first.max_severity is Severity.HIGH
    assert second.check == "private-keys", "an alias becomes the id"
    assert (third.check, third.expires) == ("tls-*", date(2026, 12, 31))
    assert said.attestations[0].holds


@pytest.mark.parametrize("text", ["", "waivers: []\n", "waivers: []\nattestations: []\n"])
def test_a_file_may_hold_nothing(text: str) -> None:
    assert read(f"schema: iotscan/waivers@1\n{text}") == WaiverFile()


@pytest.mark.parametrize(
    ("old", "new", "line", "said"),
    [
        ("schema: iotscan/waivers@1", "schema: iotscan/waivers@2", 2, "schema must be 'iotscan/waivers@1'"),
        ("\nwaivers:", "\nwaiver:", 4, "unknown key 'waiver': did you mean 'waivers'?"),
        ("    expires: 2027-02-20\n", "", 6, "'expires' is missing"),
        ("    created: 2026-11-01\n", "", 6, "'created' is missing"),
        ("    owner: jane.doe@example.com\n    approved", "    approved", 6, "'owner' is missing"),
        ("expires: 2027-02-20", "expires: 2027-11-02", 14, "more than a year ahead: 2027-11-01 at the latest"),
        ("expires: 2027-02-20", "expires: 2026-10-31", 14, "is before it was created (2026-11-01)"),
        ("expires: 2027-02-20", "expires: next year", 14, "'next year' is no date: write it like 2026-12-31"),
        ("expires: 2027-02-20", "expires: 20270220", 14, "is no date"),
        ("expires: 2027-02-20", "expires: 2027-02-30", 14, "is no date"),
        ("expires: 2027-02-20", "expire: 2027-02-20", 14, "unknown key 'expire': did you mean 'expires'?"),
        ("created: 2026-11-01", "created: 2026-11-27", 13, "lies in the future"),
        ("check: certificate-trust", "check: certificate-trus", 7, "did you mean 'certificate-trust'?"),
        ("check: certificate-trust", 'check: "*"', 7, "'*' is a pattern"),
        ('check: "tls-*"', 'check: "tsl-*"', 32, "no check fits 'tsl-*'"),
        ("service: tcp/8443", "service: 8443/tcp", 8, "'8443/tcp' is no service: write it like tcp/8443"),
        ("service: tcp/8443", "service: tcp/84430", 8, "is no service"),
        ("service: tcp/8443", "port: tcp/8443", 8, "unknown key 'port'"),
        ("service: tcp/8443", "image: gateway", 8, "nothing is both"),
        ('{asset: "00:11:22:aa:bb:cc", service: tcp/8443}', "{}", 8, "the target is empty"),
        ('{asset: "00:11:22:aa:bb:cc", service: tcp/8443}', '{asset: " "}', 8, "the target is empty"),
        ('"00:11:22:aa:bb:cc"', '" "', 8, "'asset' is blank"),
        ('"00:11:22:aa:bb:cc"', "192.0.2.7", 8, "an address may be another device's tomorrow"),
        (", within: 192.0.2.0/24", "", 32, "add within: CIDR"),
        ("ip: 192.0.2.10, ", "", 32, "add ip"),
        ("within: 192.0.2.0/24", "within: 198.51.100.0/24", 32, "192.0.2.10 does not lie within 198.51.100.0/24"),
        ("within: 192.0.2.0/24", "within: 192.0.2.0/40", 32, "is no network"),
        ("decision: risk_accepted", "decision: risk_acepted", 9, "did you mean 'risk_accepted'?"),
        ("owner: ops", 'owner: "  "', 33, "'owner' is empty"),
        ("max_severity: high", "max_severity: hihg", 16, "did you mean 'high'?"),
        ("W-2026-015", "W-2026-014", 18, "the id 'W-2026-014' is taken in line 6"),
        ("A-2026-001", "W-2026-014", 36, "the id 'W-2026-014' is taken in line 6"),
        ("id: W-2026-015", 'id: "../x"', 18, "is no id"),
        ('"6f1c0b7e1d2a4c55"', '"6f1c"', 30, "is no fingerprint"),
        ("check: key-custody", "check: tls-versions", 37, "key-custody, secure-boot-fuses are; waive it instead"),
        ("target: {asset: gateway}", "target: {asset: gateway, service: tcp/1}", 38, "whole device or image"),
        ("holds: true", "holds: yes", 39, "Expected `bool`"),
        ("reference: DOC-17 page 4", 'reference: ""', 41, "'reference' is empty"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line(old: str, new: str, line: int, said: str) -> None:
    text = SAMPLE.read_text()
    assert old in text
    with pytest.raises(BadYaml) as error:
        read(text.replace(old, new, 1))
    assert str(error.value).startswith(f"w.yaml:{line}: ")
    assert said in str(error.value)
    assert "\n" not in str(error.value)


def spoilt() -> list[bytes]:
    whole, dice = SAMPLE.read_bytes(), random.Random(14)
    cut = [whole[:n] for n in range(len(whole))]
    for _ in range(200):
        raw = bytearray(whole)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(raw))
            match dice.randrange(4):
                case 0:
                    raw[at] = dice.randrange(256)
                case 1:
                    del raw[at : at + dice.randint(1, 30)]
                case 2:
                    raw[at:at] = dice.choice([b"\n", b"  ", b"- ", b": ", b"{", b"]", b'"', b"&a ", b"!!x ", b"\x00"])
                case _:
                    other = dice.randrange(len(raw))
                    raw[at:at] = raw[other : other + 20]
        cut.append(bytes(raw))
    return cut


def test_a_spoilt_file_is_valid_or_refused_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "w.yaml"
    complaints = [said for raw in spoilt() if (said := complaint(path, raw))]
    assert len(complaints) > len(SAMPLE.read_bytes()) / 3
    for said in complaints:
        assert said.startswith(f"{path}:")
        assert said.isprintable()


def complaint(path: Path, raw: bytes) -> str:
    path.write_bytes(raw)
    try:
        read_waivers(path, KNOWN, today=TODAY)
    except BadInput as error:
        return str(error)
    return ""
