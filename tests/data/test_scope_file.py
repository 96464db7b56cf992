"""Scope files: what holds is read, what cannot be kept is refused with its line."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from iotscan.data.scope_file import read_scope
from iotscan.data.strict_yaml import BadYaml
from iotscan.model.errors import BadInput
from iotscan.model.scope import Fence, Pace, Scope
from tests.authorised import said, write_scope

WINDOW = {"not_before": "2026-11-22T18:00:00+01:00", "not_after": "2026-11-29T06:00:00+01:00"}
FIXED: dict[str, Any] = {"window": WINDOW, "expires": "2026-12-31"}


def scope(tmp_path: Path, *networks: str, **changes: Any) -> Path:
    return write_scope(tmp_path / "scope.yaml", *(networks or ("192.0.2.0/26",)), **(FIXED | changes))


def test_the_example_of_the_reference_reads_but_for_what_cannot_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "scope.yaml"
    path.write_text(
        """\
schema: iotscan/scope@1
engagement: ACME-2026-11
client: {name: ACME GmbH, contact: it@example.com}
assessor: {name: Example Security Ltd, people: [j.doe]}
authorization:
  authorized_by: Max Muster, Head of IT
  reference: SOW-2026-118 signed 2026-11-15
  document_sha256: 0f343b0931126a20f133d67c2b018a3b8ee23c1f0bd2e1d5a2d6e5d1d2a0c0de
window: {not_before: 2026-11-22T18:00:00+01:00, not_after: 2026-11-29T06:00:00+01:00}
expires: 2026-12-31
in_scope:
  - {cidr: 192.0.2.0/26, note: IoT VLAN}
out_of_scope:
  - {ip: 192.0.2.66, reason: medical device}
permissions:
  passive: true
  active_probe: true
  default_credentials: {allowed: true, max_attempts_per_account: 1, lockout_backoff: 15m}
  exploit: false
  denial_of_service: false
emergency_contact: "+49 30 0000000"
"""
    )
    mandate = read_scope(path).mandate
    assert (mandate.engagement, mandate.client, mandate.assessor) == (
        "ACME-2026-11",
        "ACME GmbH",
        "Example Security Ltd",
    )
    assert (mandate.not_before, mandate.not_after) == ("2026-11-22T17:00:00+00:00", "2026-11-29T05:00:00+00:00")
    assert mandate.permits.default_creds
    assert mandate.permits.attempts_per_account == 1
    assert mandate.refusal_at(datetime(2026, 11, 25, tzinfo=UTC)) == ""


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown key": ({"in_scop": []}, "did you mean 'in_scope'"),
    "nothing in scope": ({"in_scope": []}, "nothing is in scope"),
    "placeholder": ({"engagement": "FILL-IN"}, ":2: FILL-IN still stands here"),
    "placeholder deep down": ({"client": {"name": "FILL-IN"}}, "FILL-IN"),
    "empty authoriser": ({"authorization": {"authorized_by": " ", "reference": "x"}}, "this is empty"),
    "no authoriser": ({"authorization": {"reference": "x"}}, "'authorized_by' is missing"),
    "no hash": ({"authorization": {"authorized_by": "a", "reference": "x", "document_sha256": "abc"}}, "64 digits"),
    "window backwards": ({"window": dict(zip(WINDOW, reversed(WINDOW.values()), strict=True))}, "before it begins"),
    "no offset": ({"window": WINDOW | {"not_after": "2026-11-29T06:00:00"}}, "offset is missing"),
    "no time": ({"window": WINDOW | {"not_after": "tomorrow"}}, "is no date-time"),
    "year 1": ({"window": WINDOW | {"not_before": "0001-01-01T00:00:00+14:00"}}, "year 1"),
    "year 9999": ({"window": WINDOW | {"not_before": "9999-12-31T23:00:00-14:00"}}, "year 9999"),
    "expiry too late": ({"expires": "2027-06-01"}, "90 days"),
    "no expiry": ({"expires": "never"}, "is no date"),
    "window beyond expiry": ({"expires": "2026-11-25"}, "after the file has expired"),
    "two places": ({"in_scope": [{"cidr": "10.0.0.0/8", "ip": "10.0.0.1"}]}, "exactly one of"),
    "no place": ({"in_scope": [{"note": "x"}]}, "exactly one of"),
    "bits after the prefix": ({"in_scope": [{"cidr": "10.0.0.1/24"}]}, "is no network"),
    "no address": ({"in_scope": [{"ip": "10.0.0.256"}]}, "is no address"),
    "zone-by-number": ({"in_scope": [{"ip": "fe80::1%2"}]}, "is no address"),
    "zone-of-no-interface": ({"in_scope": [{"ip": "fe80::1%eth 0"}]}, "is no address"),
    "zone-of-a-global-address": ({"in_scope": [{"ip": "2001:db8::1%eth0"}]}, "is no address"),
    "zone-of-a-global-network": ({"in_scope": [{"cidr": "2001:db8::%eth0/64"}]}, "is no network"),
    "range backwards": ({"in_scope": [{"range": "10.0.0.9-10.0.0.3"}]}, "is no range"),
    "range of two kinds": ({"in_scope": [{"range": "10.0.0.9-::1"}]}, "is no range"),
    "range of three": ({"in_scope": [{"range": "10.0.0.1-10.0.0.2-10.0.0.3"}]}, "is no range"),
    "port": ({"in_scope": [{"ip": "10.0.0.1", "ports": [70000]}]}, "is no port"),
    "ports backwards": ({"in_scope": [{"ip": "10.0.0.1", "ports": ["9-3"]}]}, "is no port"),
    "vendor's MAC": ({"out_of_scope": [{"mac_oui": "00:1B:44", "reason": "x"}]}, "mac_oui cannot be kept"),
    "exclusion without reason": ({"out_of_scope": [{"ip": "10.0.0.1", "reason": ""}]}, "this is empty"),
    "exploits": ({"permissions": {"exploit": True}}, "does no such thing"),
    "denial of service": ({"permissions": {"denial_of_service": True}}, "does no such thing"),
    "deaf": ({"permissions": {"passive": False}}, "passive"),
    "kinds": ({"permissions": {"default_credentials": {"kinds": ["camera"]}}}, "cannot keep to kinds"),
    "too many tries": ({"permissions": {"default_credentials": {"max_attempts_per_account": 4}}}, "1 to 3"),
    "no tries": ({"permissions": {"default_credentials": {"max_attempts_per_account": 0}}}, "1 to 3"),
    "backoff": ({"permissions": {"default_credentials": {"lockout_backoff": "2 days"}}}, "at most 24h"),
    "long backoff": ({"permissions": {"default_credentials": {"lockout_backoff": "25h"}}}, "at most 24h"),
    "no rate": ({"rates": {"connections": 0}}, "more than 0"),
    "misspelt rate": ({"rates": {"accepted_per_secnd": 1}}, "accepted_per_second"),
    "word for a rate": ({"rates": {"connections": "few"}}, "connections|int"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_kept_is_refused_with_its_line(tmp_path: Path, name: str) -> None:
    changes, says = REFUSED[name]
    with pytest.raises(BadYaml, match=says) as refused:
        read_scope(scope(tmp_path, **changes))
    assert refused.value.line > 0
    assert str(refused.value).isprintable()


def test_rates_only_slow_down(tmp_path: Path) -> None:
    loaded = read_scope(
        scope(tmp_path, rates={"attempts_per_second": 500, "accepted_per_second": 0.5, "connections": 7})
    )
    pace = loaded.pace(Pace(connect_timeout=9))
    assert (pace.attempts_per_second, pace.accepted_per_second, pace.connections) == (50, 0.5, 7)
    assert pace.connect_timeout == 9
    assert loaded.notices == ("attempts_per_second 500 is permitted; iotscan keeps to its own 50",)


def test_the_ends_of_a_subnet_are_nobodys_unless_named(tmp_path: Path) -> None:
    named = [{"cidr": "10.0.0.0/24"}, {"ip": "10.0.0.255"}, {"cidr": "10.0.1.0/25"}, {"cidr": "10.0.1.0/24"}]
    mandate = read_scope(scope(tmp_path, in_scope=named)).mandate
    fence = Fence(Scope(include=("10.0.0.0/8",), mandate=mandate))
    assert [fence.allows(a) for a in ("10.0.0.0", "10.0.0.255", "10.0.1.0", "10.0.1.127", "10.0.1.255")] == [
        *(False, True),
        *(False, True, False),
    ]


@pytest.mark.parametrize(
    "entry",
    [
        {"cidr": "::ffff:10.0.0.8/125"},
        {"range": "::ffff:10.0.0.9-::ffff:10.0.0.12"},
        {"range": "::ffff:10.0.0.9-10.0.0.12"},
        {"ip": "::ffff:10.0.0.9"},
    ],
)
def test_what_is_forbidden_in_mapped_spelling_is_forbidden(tmp_path: Path, entry: dict[str, str]) -> None:
    file = scope(tmp_path, in_scope=[{"cidr": "10.0.0.0/24"}], out_of_scope=[entry | {"reason": "medical"}])
    fence = Fence(Scope(include=("10.0.0.0/24",), mandate=read_scope(file).mandate))
    assert not fence.allows("10.0.0.9")
    assert fence.allows("10.0.0.7")


def test_a_link_local_address_may_name_its_link(tmp_path: Path) -> None:
    named = [{"ip": "fe80::7%eth0"}, {"cidr": "fe80::%br-lan/64"}]
    out = [{"ip": "fe80::9", "reason": "medical"}]
    file = scope(tmp_path, in_scope=named, out_of_scope=out)
    fence = Fence(Scope(include=("fe80::/64",), mandate=read_scope(file).mandate))
    asked = ("fe80::7%eth0", "fe80::7%br-lan", "fe80::7%eth1", "fe80::8%eth0", "fe80::9%br-lan")
    assert [a for a in asked if fence.allows(a)] == ["fe80::7%eth0", "fe80::7%br-lan"]


def test_ranges_of_both_families(tmp_path: Path) -> None:
    named = [{"range": "10.0.0.9-10.0.0.12"}, {"range": "2001:db8::1-2001:db8::4"}]
    fence = Fence(Scope(include=("0.0.0.0/0", "::/0"), mandate=read_scope(scope(tmp_path, in_scope=named)).mandate))
    assert [a for a in ("10.0.0.8", "10.0.0.9", "10.0.0.12", "10.0.0.13") if fence.allows(a)] == [
        "10.0.0.9",
        "10.0.0.12",
    ]
    assert fence.allows("2001:db8::4")
    assert not fence.allows("2001:db8::5")


def test_text_of_the_file_is_one_printable_line(tmp_path: Path) -> None:
    mandate = read_scope(scope(tmp_path, engagement="a\u202eb\nc")).mandate
    assert mandate.engagement.isprintable()


WHOLE = yaml.safe_dump(said("192.0.2.0/26", **FIXED), sort_keys=False).encode()


@given(st.data())
def test_truncated_and_mutated_files_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    raw = bytearray(WHOLE)
    if data.draw(st.booleans()):
        raw = raw[: data.draw(st.integers(0, len(raw)))]
    for _ in range(data.draw(st.integers(0, 4))):
        if raw:
            raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.mktemp("mutated") / "scope.yaml"
    path.write_bytes(bytes(raw))
    problem = ""
    try:
        mandate = read_scope(path).mandate
        assert mandate.in_scope
        assert mandate.engagement
    except BadInput as refused:
        problem = str(refused)
    assert not problem or problem.startswith(str(path))
    assert "\n" not in problem
