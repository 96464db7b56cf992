"""A helper that lies, babbles or dies: what was true counts, the rest is asked otherwise, and the run says so."""

import sys
from pathlib import Path

import anyio
import pytest

from iotscan.model.scope import Scope
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery import onlink
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.helper import client
from iotscan.observe.network.helper.client import RawHelper
from tests.observe.network.helper.test_onlink import LINK

PROGRAM = str(Path(__file__).with_name("lying_helper.py"))
ADDRESSES = [f"10.77.0.{n}" for n in range(10)]
REST = [a for a in ADDRESSES if a != "10.77.0.1"]


def sweep(how: str) -> tuple[list[str], list[Found], list[str]]:
    """Sweep ten addresses by it: those handed back, those found, what was told."""

    async def ask() -> tuple[list[str], list[Found], list[str]]:
        send, receive = anyio.create_memory_object_stream[Found](100)
        told: list[str] = []
        scope = Scope(include=("10.77.0.0/24",))
        with send, receive:
            async with RawHelper(scope, "0" * 64, (sys.executable, "-I", "-S", PROGRAM, how)) as helper:
                rest = await onlink.sweep_link(Dialer(scope), helper, LINK, ADDRESSES, send, told.append)
            found = [receive.receive_nowait() for _ in range(receive.statistics().current_buffer_used)]
        return rest, found, told

    return anyio.run(ask)


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("no-address", "another protocol: a sighting that is none"),
        ("zone", "another protocol: a sighting that is none"),
        ("no-mac", "another protocol: a sighting that is none"),
        ("count", "another protocol: a sighting that is none"),
        ("negative", "another protocol: a sighting that is none"),
        ("counts", "another protocol"),
        ("place", "another protocol"),
        ("garbage", "another protocol"),
        ("deep", "another protocol: a frame that is no message"),
        ("long", "another protocol: a frame longer than agreed"),
        ("other", "another protocol: an answer to another question"),
        ("killed", "the raw helper ended"),
        ("silence", "did not answer within"),
        ("for-ever", "did not answer within"),
    ],
)
def test_one_that_lies_is_not_asked_again_and_the_rest_is_connected_to(
    how: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if why.startswith("did not"):
        monkeypatch.setattr(client, "_STARTING", 0.5)
        monkeypatch.setattr(onlink, "_SLACK", -0.2)
    rest, found, told = sweep(how)
    assert rest == REST
    assert [f.address for f in found] == ["10.77.0.1"]
    assert len(told) == 1
    assert why in told[0]
    assert "\x1b" not in told[0]


def test_who_was_not_asked_is_not_believed() -> None:
    rest, found, told = sweep("elsewhere")
    assert rest == []
    assert [f.address for f in found] == ["10.77.0.1"]
    assert "; 2 answers in the name of addresses that were not asked were dropped" in told[0]


def test_its_words_are_those_of_a_stranger() -> None:
    _, _, told = sweep("words")
    assert "\x1b" not in told[0]
    assert len(told[0]) < 600
