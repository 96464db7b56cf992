"""ESPHome's interface, played from the sources of its firmware: no server of it runs without a compiler for its chips.

A server in the clear reads frames (0, size, type) and answers a ping; one with Noise wants 1 first and says so.
"""

import subprocess
from collections.abc import Callable
from socket import socket

import anyio
import pytest

from iotscan.assess.check import Target, Verdict
from iotscan.assess.registry import read_file
from iotscan.model.facts import DeviceApi
from iotscan.model.scope import Scope
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.identify import Identified, identify
from iotscan.observe.network.probe import Heard
from iotscan.observe.network.probes.esphome import PROBE
from iotscan.shipped import shipped
from tests.observe.network.daemons import HOST, PACE, door, serving, tool

PING, PONG = 7, 8
Talk = Callable[[socket], None]


def plain(guest: socket) -> None:
    while head := guest.recv(3):
        if head[0]:
            guest.sendall(b"\0Bad indicator byte")
            return
        assert head == bytes((0, 0, PING)), "nothing but a ping is said before a hello"
        guest.sendall(bytes((0, 0, PONG)))


def noise(guest: socket) -> None:
    head = guest.recv(3)
    if head[:1] == b"\1":
        guest.sendall(b"\1\0\x11\1plug\x00005e00530101\0")
        guest.recv(1)
    else:
        guest.sendall(b"\1\0\x13\1Bad indicator byte")


def ask(talk: Talk) -> Heard:
    with serving(talk) as port:
        return anyio.run(PROBE.ask, door(port, "esphome"))


def recognised(talk: Talk) -> Identified:
    async def main() -> Identified:
        return await identify(Dialer(Scope(include=(HOST,), pace=PACE)).line(HOST), port, expected="esphome")

    with serving(talk) as port:
        return anyio.run(main)


@pytest.mark.parametrize(("talk", "is_clear"), [(plain, True), (noise, False)])
def test_both_kinds_are_told_apart_by_one_ping(talk: Talk, is_clear: bool) -> None:
    assert recognised(talk).service.protocol == "esphome"
    assert ask(talk).facts == (DeviceApi(system="esphome", takes_cleartext=is_clear),)


@pytest.mark.parametrize("words", [b"", b"\0", b"\0\0\7", b"\0\0\5", b"\1\0\1\1", b"HTTP/1.1 400 Bad Request\r\n\r\n"])
def test_other_words_and_an_echo_are_none(words: bytes) -> None:
    heard = ask(lambda guest: guest.sendall(words))
    assert not heard.facts
    assert heard.missed[0].status is not AttemptStatus.ABSENT


def test_the_command_shows_an_answer_in_the_clear_and_no_other() -> None:
    tool("nc", "netcat-openbsd")
    question = read_file(shipped("checks") / "communication" / "device_api_encryption.py", "iotscan").question
    for talk, is_shown in ((plain, True), (noise, False)):
        with serving(talk) as port:
            target = Target(subject=Subject(device="d", address=HOST, service=f"tcp/{port}"))
            verdict = question(DeviceApi(system="esphome", takes_cleartext=True), target)
            assert isinstance(verdict, Verdict)
            ended = subprocess.run(
                ["bash", "-c", verdict.reproduce], capture_output=True, text=True, timeout=20, check=False
            )
        assert (verdict.shows in ended.stdout) == is_shown
