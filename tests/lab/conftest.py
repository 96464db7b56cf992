"""Real clients for the practice devices."""

import shutil
import subprocess
from collections.abc import Callable

import pytest

from iotscan.lab.state import LabState

PACKAGES = {
    "curl": "curl",
    "mosquitto_pub": "mosquitto-clients",
    "mosquitto_sub": "mosquitto-clients",
    "openssl": "openssl",
    "snmpget": "snmp",
    "snmpwalk": "snmp",
    "ssh": "openssh-client",
    "ssh-keyscan": "openssh-client",
    "telnet": "telnet",
}

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run() -> Run:
    """Run a real client with arguments and standard input; skip, naming the apt package, where it is missing."""

    def call(program: str, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: apt install {PACKAGES[program]}")
        return subprocess.run(
            [program, *arguments],
            input=given,
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            errors="replace",
        )

    return call


@pytest.fixture
def at(practice_network: LabState) -> Callable[[int], str]:
    """The address of the practice device with this last byte."""
    return lambda host: f"{practice_network.prefix}.{host}"
