"""``iotscan plan`` tells what a scan would send, and sends nothing."""

import json
from pathlib import Path

import pytest

from tests.authorised import write_scope
from tests.cli.conftest import Cli


def test_a_plan_sends_and_writes_nothing(
    cli: Cli, silent_network: list[str], tmp_path: Path, monkeypatch: object
) -> None:
    ended = cli("plan", "10.0.0.0/29", "--exclude", "10.0.0.3", "--ports", "80,443")
    assert (ended.code, ended.err) == (0, "")
    assert "addresses      5: 10.0.0.1, 10.0.0.2, 10.0.0.4" in ended.out
    assert "10.0.0.3/32" in ended.out
    assert "probe          tls/" in ended.out
    assert "coap on 5683, coaps on 5684" in ended.out
    assert "login/2" in ended.out
    assert "NOT ASKED: needs --default-creds" in ended.out
    assert "NOT ASKED: needs --intrusive" in ended.out
    assert "at most 4 attempts of the port sweep and 40 conversations" in ended.out
    assert f"at most {5 * (2 + 4 + 40):,} connections" in ended.out
    assert ended.out.endswith("sent           nothing\n")
    assert silent_network == []


def test_a_plan_under_a_scope_file(cli: Cli, silent_network: list[str], tmp_path: Path) -> None:
    path = write_scope(tmp_path / "scope.yaml", "10.0.0.0/29", rates={"connections": 7})
    ended = cli("plan", "--scope", path, "--default-creds", "--intrusive", "-f", "json")
    told = json.loads(ended.out)
    assert told["engagement"] == "ACME-1"
    assert len(told["addresses"]) == 6
    assert told["conversations_a_device"] == 7
    assert all(q["is_granted"] for q in told["questions"])
    assert silent_network == []


def test_a_plan_refuses_what_a_scan_refuses(cli: Cli, silent_network: list[str], tmp_path: Path) -> None:
    path = write_scope(tmp_path / "scope.yaml", "10.0.0.0/29")
    for words in (
        ("9.9.9.9",),
        ("10.0.1.1", "--scope", path),
        ("10.0.0.1", "--default-creds"),
        ("10.0.0.1", "--intrusive"),
        (),
        ("a.example",),
    ):
        ended = cli("plan", *words)
        assert (ended.code, ended.out) == (2, ""), words
    assert silent_network == []


def test_a_plan_names_what_the_profile_lets_be_asked_of_equipment(cli: Cli, silent_network: list[str]) -> None:
    allowed = cli("plan", "10.0.0.1", "--ports", "80", "--profile", "controllers").out
    assert "modbus on tcp/502" in allowed
    assert "probe          modbus/1 of modbus for modbus-device" in allowed
    spared = cli("plan", "10.0.0.1", "--ports", "80").out
    assert "tcp/502" not in spared
    assert "not allowed    bacnet/1, controller/1, modbus/1: the profile lets no fragile equipment be asked" in spared
    assert silent_network == []


@pytest.mark.parametrize(("server", "is_asked"), [("localhost:8883", True), ("127.0.0.1:8883", False)])
def test_the_dns_is_asked_of_back_ends_that_have_a_name(cli: Cli, server: str, is_asked: bool) -> None:
    told = cli("plan", "--backend", server, "--resolve", "--resolver", "192.0.2.53").out
    assert "127.0.0.1, port 8883 alone" in told
    assert ("their DNS      of 192.0.2.53" in told) == is_asked
