"""The command line inside this process, where nothing may leave it."""

import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from iotscan.cli.main import main
from iotscan.lab import network
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.passive import Passive
from iotscan.observe.network.helper.client import RawHelper
from iotscan.observe.network.line import Line


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """How a command ended."""

    code: int
    out: str
    err: str


Cli = Callable[..., Ended]


@pytest.fixture
def silent_network(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every try to send anything, refused and written down here."""
    tries: list[str] = []

    def refuse(name: str) -> Callable[..., Any]:
        def refused(*_: object, **__: object) -> Any:
            tries.append(name)
            raise AssertionError(f"{name} was called: something would have been sent")

        return refused

    sending = ((Line, "_connect"), (Line, "udp"), (Dialer, "group"), (RawHelper, "sweep"))
    sending += ((Passive, "listen"), (network, "start"))
    for owner, name in sending:
        monkeypatch.setattr(owner, name, refuse(f"{owner.__name__}.{name}"))
    return tries


@pytest.fixture
def cli(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path_factory: pytest.TempPathFactory
) -> Cli:
    """``cli("scan", "--lab")`` runs the program in this process, in an empty folder unless a test changed to one."""
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))

    def call(*words: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["iotscan", *map(str, words)])
        with pytest.raises(SystemExit) as stop:
            main()
        out, err = capsys.readouterr()
        code = stop.value.code
        return Ended(code=code if isinstance(code, int) else 0 if code is None else 1, out=out, err=err)

    return call
