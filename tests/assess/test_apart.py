"""Two rows of a run are two machines only where something shows it."""

import pytest

from iotscan.assess.apart import Apart
from iotscan.model.answer import Answer
from iotscan.model.device import Device
from iotscan.model.facts import Claim, HostKey, SshServer
from iotscan.model.identity_rule import IdentityRule
from iotscan.model.observation import Observation
from tests.assess.making import at, device, seen

ONE, OTHER = "00:40:8c:00:00:01", "00:40:8c:00:00:02"
MADE_UP = ("02:00:00:00:00:01", "02:00:00:00:00:02")


def two(first: str = "", second: str = "", *, link: str = "", **more: tuple[str, ...]) -> tuple[Device, Device]:
    return (
        device("d1", "192.0.2.1", mac=first, link=link if first else "", **more),
        device("d2", "192.0.2.2", mac=second, link=link if second else ""),
    )


def ssh(name: str, address: str, software: str = "dropbear_2022.83", key: str = "a") -> Observation:
    keys = (HostKey(algorithm="ssh-ed25519", bits=0, sha256=key * 64),)
    fact = SshServer(protocol="2.0", software=software, host_keys=Answer.of(keys))
    return seen(fact, at("tcp/22", name, address))


@pytest.mark.parametrize(
    ("devices", "observations", "said"),
    [
        (two(), (), ""),
        (two(ONE, OTHER), (), "their MAC addresses differ"),
        (two(ONE, ONE), (), ""),
        (two(ONE), (), ""),
        (two(*MADE_UP), (), ""),
        (two(*MADE_UP, link="eth0"), (), "their MAC addresses differ"),
        (two(ONE, "00:00:5e:00:01:07"), (), ""),
        (two(ONE, OTHER, rivals=(OTHER,)), (), ""),
        (two(), (ssh("d1", "192.0.2.1"), ssh("d2", "192.0.2.2")), ""),
        (two(), (ssh("d1", "192.0.2.1"), ssh("d2", "192.0.2.2", key="b")), "the same port shows another SSH host key"),
        (two(), (ssh("d1", "192.0.2.1"), ssh("d2", "192.0.2.2", "OpenSSH_9")), "tcp/22 shows another SSH software"),
    ],
)
def test_proof(devices: tuple[Device, Device], observations: tuple[Observation, ...], said: str) -> None:
    apart = Apart(devices, observations)
    assert apart.proof("d1", "d2") == said
    assert apart.proof("d2", "d1") == said


def test_serial_numbers_and_rules() -> None:
    first, second = (
        device(f"d{n}", f"192.0.2.{n}", claims=(Claim(what="serial", value=f"AC-2026-{n}", how="upnp"),))
        for n in (1, 2)
    )
    assert Apart((first, second), ()).proof("d1", "d2") == "their serial numbers differ"
    rule = IdentityRule(kind="separate", of=("192.0.2.1",), reason="two racks")
    assert "a rule" in Apart(two(), (), (rule,)).proof("d1", "d2")


def test_doubts_are_told() -> None:
    assert "VRRP" in Apart(two(ONE, "00:00:5e:00:01:07"), ()).doubt("d1", "d2")
    assert "both answer from" in Apart(two(ONE, ONE), ()).doubt("d1", "d2")
    assert "may have spoken for it" in Apart(two(ONE, OTHER, rivals=(OTHER,)), ()).doubt("d1", "d2")
    assert Apart(two(), ()).doubt("d1", "d2") == ""


def test_who_is_not_in_the_run_is_no_proof() -> None:
    assert Apart(two(ONE, OTHER), ()).proof("d1", "d9") == ""
