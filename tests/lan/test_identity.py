"""Who is one device and who is two, on a link: addresses, clones, roles, conflicts, and rules against it all."""

import os
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from iotscan.model.device import Device
from iotscan.model.run import Run
from iotscan.store.runs import decode_run
from tests.lan.conftest import give_up
from tests.lan.network import Lan, Machine, poll, why_not
from tests.lan.scanning import command_line

pytestmark = [pytest.mark.lan, pytest.mark.slow]

TOOLS = {"dropbear": "dropbear-bin", "dropbearkey": "dropbear-bin", "busybox": "busybox-static"}
MADE_UP, VRRP = "02:00:00:00:07:10", "00:00:5e:00:01:07"
FIVE = (
    "10.77.0.10",
    "fd77::10",
    "fd77::8d1f:33a1:55d0:1",
    "fd77::b2c4:e9a7:1f02:2",
    "fe80::ff:fe00:710%eth0",
)
PORTS = "22,80"
RULES = """
schema: iotscan/identity@1
same:
  - of: [10.77.0.12, "00:40:8c:00:07:0d"]
    reason: one gateway with two cards
separate:
  - of: ["fd77::8d1f:33a1:55d0:1", 10.77.0.99]
    reason: a guest
"""


def mac_of(last: int) -> str:
    """The MAC address of a machine that has no other."""
    return f"00:40:8c:00:07:{last:02x}"


def _serve(machine: Machine, folder: Path) -> None:
    folder.mkdir()
    (folder / "index.html").write_text("<html><head><title>Five addresses</title></head></html>")
    machine.start("busybox", "httpd", "-f", "-p", "80", "-h", str(folder))


def _listens(machine: Machine, port: int) -> bool:
    return f":{port} " in machine.run("ss", "-Hltn").stdout


def _many(lan: Lan) -> None:
    """A made-up MAC, and behind it one IPv4, one link-local, one unique local and two privacy addresses."""
    machine = lan.join("many", "10.77.0.10", mac=MADE_UP)
    for address in FIVE[1:4]:
        machine.run("ip", "-6", "address", "add", f"{address}/64", "dev", "eth0", "nodad", check=True)
    _serve(machine, lan.folder / "many-site")
    poll("the page", partial(_listens, machine, 80))


def _clones(lan: Lan) -> None:
    """Two devices with one host key."""
    key = lan.folder / "key"
    subprocess.run(["dropbearkey", "-t", "ed25519", "-f", str(key)], capture_output=True, check=True)
    for last in (12, 13):
        machine = lan.join(f"clone-{last}", f"10.77.0.{last}", mac=mac_of(last))
        machine.start("dropbear", "-F", "-E", "-R", "-r", str(key), "-p", "22", "-P", str(lan.folder / f"{last}.pid"))
        poll("dropbear", partial(_listens, machine, 22))


def _claimants(lan: Lan) -> None:
    """Two machines of one IPv4 address. Neither asks whether somebody has it."""
    for last in (14, 15):
        lan.join(f"claimant-{last}", "10.77.0.14", mac=mac_of(last))


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> tuple[Run, Run, str]:
    """The run of a scan; the same judged again by rules; and what the inventory of it looks like."""
    if reason := why_not(TOOLS):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    folder = tmp_path_factory.mktemp("identity")
    (folder / "lan").mkdir()
    with Lan(folder / "lan") as lan:
        scanner = lan.join("scanner", "10.77.0.2", mac=mac_of(2))
        scanner.run("ip", "-6", "address", "add", "fd77::2/64", "dev", "eth0", "nodad", check=True)
        _many(lan)
        _clones(lan)
        _claimants(lan)
        # What a virtual router has: addresses of a role, with the role's MAC. Its own MAC nobody sees here.
        lan.join("virtual", "10.77.0.16", "10.77.0.17", mac=VRRP)
        # An echo to all is answered from one address of a kind: those of a device that nobody tells have to be named.
        words = ("scan", "10.77.0.0/27", *FIVE[1:4], "fd77::/64", "fe80::/64", "--check", "ssh-key-uniqueness")
        words = (*words, "--ports", PORTS, "--timeout", "0.5", "--no-progress")
        done = command_line(scanner, folder, *words, "-f", "json")
        assert done.returncode in (0, 3), done.stderr
        (folder / "who.yaml").write_text(RULES)
        again = _assess(folder, "--identity", "who.yaml", "-f", "json")
        shown = _assess(folder, "-f", "text")
    return decode_run(done.stdout.encode(), "scan"), decode_run(again.encode(), "assess"), shown


def _assess(folder: Path, *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "iotscan", "assess", "latest", *words],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode in (0, 3), done.stderr
    return done.stdout


def at(run: Run, address: str) -> list[Device]:
    """Whoever has an address."""
    return [d for d in run.devices if address in d.addresses]


def about(device: Device) -> set[str]:
    """What its remarks are about."""
    return {r.about for r in device.identity.remarks}


def test_five_addresses_behind_one_made_up_mac_are_one_device_and_it_says_why(scanned: tuple[Run, Run, str]) -> None:
    run, _, shown = scanned
    (many,) = at(run, FIVE[0])
    assert set(many.addresses) == set(FIVE)
    assert {entry.partition(" ")[2] for entry in many.merged} == {f"has the same MAC address {MADE_UP} on eth0"}
    assert f"5 addresses, one device: has the same MAC address {MADE_UP} on eth0" in shown


def test_two_clones_with_one_key_are_two_devices_a_finding_and_a_suggestion(scanned: tuple[Run, Run, str]) -> None:
    run, _, _ = scanned
    clones = [*at(run, "10.77.0.12"), *at(run, "10.77.0.13")]
    assert len({d.id for d in clones}) == 2
    found = {r.subject.device for r in run.results if r.is_finding and r.check == "ssh-key-uniqueness"}
    assert found == {d.id for d in clones}
    assert all("may-be-same" in about(d) for d in clones)


def test_two_that_answer_for_one_address_are_both_seen(scanned: tuple[Run, Run, str]) -> None:
    run, _, _ = scanned
    both = [d for d in run.devices if d.mac in (mac_of(14), mac_of(15))]
    holders = [d for d in both if "10.77.0.14" in d.addresses]
    assert {d.mac for d in both} == {mac_of(14), mac_of(15)}
    assert len(holders) == 1
    assert {"10.77.0.14" in r.text for d in both for r in d.identity.remarks if r.about == "address-conflict"} == {True}
    assert not any(set(holders[0].addresses) & set(d.addresses) for d in both if d is not holders[0])


def test_addresses_of_a_role_are_told_and_not_joined(scanned: tuple[Run, Run, str]) -> None:
    run, _, _ = scanned
    roles = [*at(run, "10.77.0.16"), *at(run, "10.77.0.17")]
    assert len({d.id for d in roles}) == 2
    assert all("virtual-router" in about(d) for d in roles)


def test_rules_hold_when_a_run_is_judged_again(scanned: tuple[Run, Run, str]) -> None:
    run, again, _ = scanned
    (guest,) = at(again, FIVE[2])
    assert guest.addresses == (FIVE[2],)
    (gateway,) = at(again, "10.77.0.12")
    assert "10.77.0.13" in gateway.addresses
    assert {o.id for o in again.observations if o.subject.address} == {o.id for o in run.observations}
    assert not [r for r in again.results if r.is_finding and r.check == "ssh-key-uniqueness"]
    assert again.identity_rules[0].reason == "one gateway with two cards"
    told = [n.text for n in again.notices if n.about == "identity"]
    assert told[-1] == "a rule (separate: a guest (who.yaml)) names 10.77.0.99, which nothing in this run has"
