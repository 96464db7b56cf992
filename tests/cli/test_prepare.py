"""What a profile says of pace and ports reaches the scan, and goes no further than politeness."""

from pathlib import Path
from typing import Any

import anyio
import pytest

from iotscan.cli.launch import Wish
from iotscan.cli.prepare import prepare
from iotscan.model.scope import Pace
from iotscan.observe.network import ports
from iotscan.scan.request import ScanRequest


@pytest.fixture
def request_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, silent_network: list[str]):
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def make(profile: str, **more: Any) -> ScanRequest:
        wish = Wish(targets=("127.0.0.9",), profile=profile, output=tmp_path / "out", timeout=1.5, **more)
        prepared = anyio.run(prepare, wish)
        assert silent_network == []
        return prepared.request

    return make


def test_the_usual_pace(request_with):
    assert request_with("default").header.scope.pace == Pace(connect_timeout=1.5)


def test_a_gentle_profile_is_gentle(request_with):
    asked = request_with("industrial").header.scope.pace
    assert asked == Pace(
        connect_timeout=1.5, attempts_per_second=5, accepted_per_second=1, connections=30, ssh_login_methods=False
    )


def test_thorough_takes_longer_and_is_no_faster(request_with):
    asked = request_with("thorough").header.scope.pace
    assert asked == Pace(
        connect_timeout=1.5, connections=250, device_timeout=300, tls_connections=150, complete_suites=True
    )


def test_a_quick_profile_sweeps_the_likely_ports_unless_others_are_named(request_with):
    assert request_with("quick").plan.tcp == ports.LIKELY
    assert request_with("quick", ports="80,81").plan.tcp == (80, 81)
    assert len(request_with("default").plan.tcp) == len(ports.PORTS) > len(ports.LIKELY)
    assert set(ports.LIKELY) <= {p.port for p in ports.PORTS}


def test_how_long_is_listened_is_in_the_plan(request_with):
    assert request_with("default").plan.listen == 0
    assert request_with("default", listen=600.0).plan.listen == 600
