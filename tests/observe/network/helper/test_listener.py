"""The raw listener: it hears what its filter lets by, and there is nothing that it could send through."""

import ast
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest

from iotscan.observe.network.helper.listening import Frame, listening
from iotscan.observe.network.helper.program import FLAGS, LISTENER, Unavailable
from iotscan.observe.network.helper.raw_listener import KNOWN, RATE, SENDER_BURST, Shares
from tests.lan.network import Machine
from tests.observe.network.helper.conftest import Link
from tests.wire.broadcasts import LLDP, cdp, ethernet, router_advertisement, udp4

MAC = bytes.fromhex("00408c000701")
SEND = "import socket, sys; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0); s.bind(('eth0', 0))\n"


def group(frame: bytes, to: str = "01005e0000fb") -> bytes:
    return bytes.fromhex(to) + frame[6:]


_CDP = b"\xaa\xaa\3\0\0\x0c\x20\0" + cdp()
_TCP = bytearray(udp4(MAC, "10.77.0.7", 1900, b"tcp"))
_TCP[23] = 6
_FRAGMENT = bytearray(udp4(MAC, "10.77.0.7", 1900, b"fragment"))
_FRAGMENT[20] = 0x20
_ROUTER = router_advertisement(MAC, ("fd77::", 64))
_ECHO = bytearray(_ROUTER)
_ECHO[54] = 128
_DATAGRAM6 = _ROUTER[:18] + b"\0\x0c\x11" + _ROUTER[21:54] + b"\x14\xe9\x14\xe9\0\x0c\0\0mdns"
PASSES = [
    ethernet(MAC, 0x0806, b"arp" * 10),
    ethernet(MAC, 0x88CC, LLDP),
    ethernet(MAC, len(_CDP), _CDP),
    *(udp4(MAC, "10.77.0.7", port, b"heard") for port in (67, 68, 137, 1900, 6667)),
    group(udp4(MAC, "10.77.0.7", 5353, b"heard")),
    _ROUTER,
    _DATAGRAM6,
]
DOES_NOT = [
    group(udp4(MAC, "10.77.0.7", 5353, b"to one host alone"), "00408c000799"),
    udp4(MAC, "10.77.0.7", 53, b"a port that is not on the list"),
    udp4(MAC, "10.77.0.7", 1901, b"another"),
    ethernet(MAC, 0x88E1, b"a protocol that is not on the list" * 2),
    ethernet(MAC, 40, b"\x42\x42\3" + b"spanning tree" * 3),
    bytes(_TCP),
    bytes(_FRAGMENT),
    bytes(_ECHO),
]


def words(machine: Machine) -> list[str]:
    return machine.inside(sys.executable, *FLAGS, str(LISTENER.source), own_files=False)


@pytest.mark.lan
def test_what_is_on_the_list_is_heard_and_nothing_else(link: Link) -> None:
    speaker = link.joined("speaker", last=0x71)
    sends = "".join(f"s.send(bytes.fromhex('{frame.hex()}'))\n" for frame in (*DOES_NOT, *PASSES))

    async def hear() -> list[bytes]:
        heard: list[Frame] = []
        async with listening(("eth0",), 10, words(link.scanner)) as ear:
            speaker.run(sys.executable, "-c", SEND + sends, check=True)
            async for frame in ear.frames():
                heard += [frame] if frame.data[6:12] == MAC else []
                if len(heard) == len(PASSES):
                    await ear.stop()
        assert ear.result.heard >= len(PASSES)
        return [frame.data for frame in heard]

    heard = anyio.run(hear)
    # What is short is filled up on the wire.
    assert [frame[: len(sent)] for frame, sent in zip(heard, PASSES, strict=True)] == PASSES


@pytest.mark.lan
def test_it_has_no_socket_and_no_rights_while_it_hears(link: Link) -> None:
    async def look() -> tuple[list[str], str]:
        async with listening(("eth0",), 10, words(link.scanner)) as ear:
            folder = Path(f"/proc/{ear.pid}")
            held = [os.readlink(each) for each in (folder / "fd").iterdir()]
            return held, (folder / "status").read_text()

    held, status = anyio.run(look)
    assert len(held) == 3
    assert all(each.startswith("pipe:") for each in held)
    assert re.search(r"Uid:\t65534\t65534\t65534\t65534\n", status)
    assert re.search(r"CapEff:\t0+\n", status)
    assert re.search(r"CapPrm:\t0+\n", status)
    assert "NoNewPrivs:\t1\n" in status


@pytest.mark.lan
def test_what_it_cannot_hear_on_is_told(link: Link) -> None:
    async def hear(*interfaces: str) -> None:
        async with listening(interfaces, 1, words(link.scanner)):
            pass

    with pytest.raises(Unavailable, match=r"refused: .*no interface"):
        anyio.run(hear, "eth9")
    with pytest.raises(Unavailable, match="no such request"):
        anyio.run(hear, *["eth0"] * 9)


def test_its_program_names_nothing_that_sends() -> None:
    tree = ast.parse(LISTENER.source.read_text())
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_attribute(node)}
    sending = {name for name in dir(os) + dir(__import__("socket").socket) if "send" in name or "write" in name}
    assert called & (sending | {"connect", "sendfile", "system", "exec", "eval", "open", "fork"}) == {"write"}
    writes = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_attribute(node, "write")]
    assert [ast.unparse(node.args[0]) for node in writes] == ["1"]
    imported = {name for node in ast.walk(tree) for name in _imported(node)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert len(LISTENER.source.read_text().splitlines()) <= 300


def _is_attribute(node: ast.Call, name: str = "") -> bool:
    return isinstance(node.func, ast.Attribute) and (not name or node.func.attr == name)


def _imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield node.module or ""


def test_who_floods_takes_his_share_and_leaves_the_others_theirs() -> None:
    shares, now = Shares(), 100.0
    assert sum(shares.has_room(b"flood!", now) for _ in range(1000)) == SENDER_BURST
    assert shares.has_room(b"other1", now)

    shares = Shares()
    assert shares.has_room(b"device", now)
    # A new sender for each frame gets half of it all, and who spoke before still is heard.
    new = sum(shares.has_room(number.to_bytes(6, "big"), now) for number in range(20_000))
    assert new <= RATE / 2 * 1.1
    assert shares.has_room(b"device", now)
    assert len(shares.known) == KNOWN
