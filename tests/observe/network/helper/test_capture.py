"""The capture: all that passes an interface, as tshark and tcpdump read it, and nothing that it could send through."""

import ast
import os
import re
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.observe.network.helper.capturing import Captured, Capturing, Wanted
from iotscan.observe.network.helper.program import CAPTURE, FLAGS, Unavailable
from tests.lan.network import Machine, poll
from tests.observe.network.helper.conftest import Link
from tests.observe.network.helper.test_listener import SEND, _imported, _is_attribute
from tests.traffic_lab import recording
from tests.wire.broadcasts import udp4

MAC = bytes.fromhex("00408c000801")
MANY = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
s.bind(("eth0", 0))
for number in range(int(sys.argv[1])):
    s.send(bytes.fromhex(sys.argv[2]) + number.to_bytes(4, "big") + bytes(int(sys.argv[3])))
"""


def words(machine: Machine) -> list[str]:
    return machine.inside(sys.executable, *FLAGS, str(CAPTURE.source), own_files=False)


def captured(machine: Machine, wanted: Wanted, path: Path, meanwhile: Callable[[], object]) -> Captured:
    """Capture into ``path`` while something happens."""
    with Capturing(wanted, words(machine)) as capture:
        reader = threading.Thread(target=lambda: path.write_bytes(capture.stream.read()))
        reader.start()
        meanwhile()
        capture.stop()
        reader.join(30)
        return capture.result()


def fields(path: Path, *names: str) -> list[list[str]]:
    """What tshark reads in each frame."""
    each = [word for name in names for word in ("-e", name)]
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), "-T", "fields", *each], capture_output=True, text=True, check=True
    )
    return [line.split("\t") for line in done.stdout.splitlines()]


@pytest.mark.lan
def test_it_catches_what_tcpdump_catches_of_a_real_talk(link: Link, tmp_path: Path) -> None:
    peer = link.joined("peer", "10.77.0.81", last=0x81)
    for machine in (peer, link.scanner):
        recording.plain_frames(machine)
    peer.start(sys.executable, "-m", "http.server", "8080", "--directory", str(link.scanner.log.parent))
    poll("the server", lambda: peer.run("curl", "-s", "http://127.0.0.1:8080/").returncode == 0)
    theirs, ours = tmp_path / "theirs.pcap", tmp_path / "ours.pcapng"

    def talk() -> None:
        with recording.recorded(link.scanner, theirs, interface="eth0"):
            page = link.scanner.run("curl", "-s", "http://10.77.0.81:8080/").stdout
        assert "<html" in page

    result = captured(link.scanner, Wanted(interfaces=("eth0",), seconds=60), ours, talk)
    assert not result.lost
    what = ("eth.src", "eth.dst", "ip.id", "tcp.seq_raw", "tcp.payload", "frame.len")
    caught = fields(ours, *what)
    wanted = fields(theirs, *what)
    assert len(caught) == result.frames >= len(wanted) > 8
    assert not Counter(map(tuple, wanted)) - Counter(map(tuple, caught))
    assert (fields(ours, "frame.interface_name")[0], fields(ours, "frame.encap_type")[0]) == (["eth0"], ["1"])
    ways = {(source, way) for source, way in fields(ours, "ip.src", "frame.packet_flags_direction") if source}
    assert {("10.77.0.9", "0x00000002"), ("10.77.0.81", "0x00000001")} <= ways
    times = [float(at) for (at,) in fields(ours, "frame.time_epoch")]
    assert times == sorted(times)
    assert any(round(at * 1e9) % 1000 for at in times)


@pytest.mark.lan
def test_tags_are_put_back_and_what_is_left_out_and_cut_is_told(link: Link, tmp_path: Path) -> None:
    speaker = link.joined("tagged", last=0x82)
    plain = udp4(MAC, "10.77.0.82", 1900, b"x" * 400)
    tagged = plain[:12] + bytes.fromhex("81002007") + plain[12:]
    other = udp4(MAC, "10.77.0.83", 1900, b"not kept")
    mine = udp4(MAC, "10.77.0.84", 1901, b"kept: another port")
    sends = "".join(f"s.send(bytes.fromhex('{frame.hex()}'))\n" for frame in (plain, tagged, other, mine))
    path = tmp_path / "tagged.pcapng"
    without = (("10.77.0.83", 0), ("10.77.0.84", 1900), ("fe80::1", 0))
    wanted = Wanted(interfaces=("eth0",), seconds=60, snap=200, without=without)
    result = captured(link.scanner, wanted, path, lambda: speaker.run(sys.executable, "-c", SEND + sends, check=True))
    assert result.left_out == 1
    names = ("eth.src", "vlan.id", "vlan.priority", "ip.src", "frame.len", "frame.cap_len")
    caught = [line[1:] for line in fields(path, *names) if line[0] == MAC.hex(":")]
    assert caught == [
        ["", "", "10.77.0.82", str(len(plain)), "200"],
        ["7", "1", "10.77.0.82", str(len(tagged)), "204"],
        ["", "", "10.77.0.84", str(len(mine)), str(len(mine))],
    ]


@pytest.mark.lan
def test_thousands_of_frames_are_all_there_and_loss_is_told(link: Link, tmp_path: Path) -> None:
    speaker = link.joined("flood", last=0x84)
    head = b"\xff" * 6 + MAC + b"\x88\xb5"

    def flood(count: int, size: int) -> Callable[[], object]:
        return lambda: speaker.run(sys.executable, "-c", MANY, str(count), head.hex(), str(size), check=True)

    path = tmp_path / "flood.pcapng"
    wanted = Wanted(interfaces=("eth0",), seconds=60)
    result = captured(link.scanner, wanted, path, flood(50_000, 100))
    said = path.read_bytes()
    assert not result.lost
    assert len(re.findall(re.escape(head), said)) == 50_000

    with Capturing(wanted, words(link.scanner)) as capture:  # nobody reads, and the ring is full
        flood(30_000, 1400)()
        rest = threading.Thread(target=capture.stream.read)
        rest.start()
        capture.stop()
        rest.join(30)
        assert capture.result().lost


@pytest.mark.lan
def test_it_has_no_socket_and_no_rights_while_it_hears(link: Link) -> None:
    with Capturing(Wanted(interfaces=("eth0",), seconds=60), words(link.scanner)) as capture:
        folder = Path(f"/proc/{capture.pid}")
        held = [os.readlink(each) for each in (folder / "fd").iterdir()]
        status = (folder / "status").read_text()
        assert "promiscuity 0" in link.scanner.run("ip", "-d", "link", "show", "eth0").stdout
    assert len(held) == 3
    assert all(each.startswith("pipe:") for each in held)
    assert re.search(r"Uid:\t65534\t65534\t65534\t65534\n", status)
    assert re.search(r"CapEff:\t0+\n", status)
    assert re.search(r"CapPrm:\t0+\n", status)
    assert "NoNewPrivs:\t1\n" in status


@pytest.mark.lan
def test_the_card_hears_what_is_for_others_only_where_asked(link: Link) -> None:
    def promiscuity() -> str:
        return link.scanner.run("ip", "-d", "link", "show", "eth0").stdout

    with Capturing(Wanted(interfaces=("eth0",), seconds=60, is_promiscuous=True), words(link.scanner)):
        assert "promiscuity 1" in promiscuity()
    poll("the card is as before", lambda: "promiscuity 0" in promiscuity())


@pytest.mark.lan
def test_the_time_ends_it_and_what_cannot_be_is_told(link: Link, tmp_path: Path) -> None:
    path = tmp_path / "lo.pcapng"
    with Capturing(Wanted(interfaces=("lo", "eth0"), seconds=0.3), words(link.scanner)) as capture:
        link.scanner.run("curl", "-s", "http://127.0.0.1:9/")
        path.write_bytes(capture.stream.read())
        assert capture.result().seconds < 5
    ends = fields(path, "frame.interface_name", "tcp.dstport", "tcp.srcport")
    assert ends.count(["lo", "9", ends[0][2]]) == 1  # not once more as it comes back
    for interfaces, why in (
        (("eth9",), "refused: .*no interface"),
        ((), "no such request"),
        (("a/b",), "no interface"),
    ):
        with pytest.raises(Unavailable, match=why):
            Capturing(Wanted(interfaces=interfaces), words(link.scanner))
    with pytest.raises(Unavailable, match=r"did not begin .*no words"):
        Capturing(Wanted(interfaces=("eth0",)), ("sh", "-c", "echo no words >&2"))


@pytest.mark.lan
def test_its_end_goes_with_whoever_reads(link: Link) -> None:
    capture = Capturing(Wanted(interfaces=("eth0",), seconds=60), words(link.scanner))
    process = Path(f"/proc/{capture.pid}")
    capture.close()
    assert not process.exists()


def test_its_program_names_nothing_that_sends() -> None:
    tree = ast.parse(CAPTURE.source.read_text())
    called = {node.func.attr for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_attribute(node)}
    sending = {name for name in dir(os) + dir(__import__("socket").socket) if "send" in name or "write" in name}
    assert called & (sending | {"connect", "sendfile", "system", "exec", "eval", "open", "fork"}) == {"write"}
    writes = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _is_attribute(node, "write")]
    assert {ast.unparse(node.args[0]) for node in writes} == {"1", "2"}
    imported = {name for node in ast.walk(tree) for name in _imported(node)}
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert len(CAPTURE.source.read_text().splitlines()) <= 300
