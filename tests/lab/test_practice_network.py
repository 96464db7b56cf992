"""Starting, finding and stopping the practice network; and that nothing a caller does ends it."""

import hashlib
import os
import select
import signal
import socket
import ssl
import struct
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.lab.network import LabError, current, maintain, running, start, stop
from iotscan.lab.state import LabState, birth_of, read_state, state_directory, write_state

At = Callable[[int], str]
Run = Callable[..., subprocess.CompletedProcess[str]]
PREFIX = f"127.78.{1 + os.getpid() % 254}"
"""Apart from the network that the whole session shares."""


def is_listening(address: str, port: int) -> bool:
    with socket.socket() as caller:
        return caller.connect_ex((address, port)) == 0


def ends(pid: int, seconds: float = 20.0) -> bool:
    handle = os.pidfd_open(pid)
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def test_it_is_up_when_start_returns_and_gone_when_stop_does(tmp_path: Path) -> None:
    assert current(tmp_path) is None
    state = start(tmp_path, prefix=PREFIX)
    try:
        assert current(tmp_path) == state
        assert state.ports[443] == 20443
        assert state.udp["snmp"] == 20161
        assert is_listening(f"{PREFIX}.10", 20080)
        assert (tmp_path / "ca.pem").read_text().startswith("-----BEGIN CERTIFICATE-----")
    finally:
        stop(state)
    assert current(tmp_path) is None
    assert birth_of(state.pid) != state.birth
    assert not is_listening(f"{PREFIX}.10", 20080)
    stop(state)


def test_it_is_no_child_of_ours(tmp_path: Path) -> None:
    with_parent = start(tmp_path, prefix=PREFIX)
    try:
        with pytest.raises(ChildProcessError):
            os.waitpid(with_parent.pid, os.WNOHANG)
        assert os.getsid(with_parent.pid) != os.getsid(0)
    finally:
        stop(with_parent)


def test_two_at_once_are_refused_and_the_first_lives_on(tmp_path: Path) -> None:
    first = start(tmp_path / "one", prefix=PREFIX)
    try:
        with pytest.raises(LabError, match=r"up already .* iotscan lab down"):
            start(tmp_path / "one", prefix=PREFIX)
        with pytest.raises(LabError, match=rf"{PREFIX}\.10:20080 is taken.*iotscan lab down"):
            start(tmp_path / "two", prefix=PREFIX)
        assert current(tmp_path / "two") is None
        assert current(tmp_path / "one") == first
    finally:
        stop(first)


def test_a_taken_udp_port_is_named_and_everything_else_let_go(tmp_path: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as squatter:
        squatter.bind((f"{PREFIX}.17", 20161))
        with pytest.raises(LabError, match=rf"{PREFIX}\.17:20161 is taken"):
            start(tmp_path, prefix=PREFIX)
    stop(start(tmp_path, prefix=PREFIX))


def test_a_restart_is_another_instance_with_other_keys(tmp_path: Path) -> None:
    seen = []
    for _ in range(2):
        state = start(tmp_path, prefix=PREFIX)
        seen.append((state.instance, (tmp_path / "ca.pem").read_bytes()))
        stop(state)
    assert seen[0][0] != seen[1][0]
    assert seen[0][1] != seen[1][1]


def test_a_killed_network_is_not_current_and_does_not_bar_the_next(tmp_path: Path) -> None:
    state = start(tmp_path, prefix=PREFIX)
    os.kill(state.pid, signal.SIGKILL)
    assert ends(state.pid) if birth_of(state.pid) else True
    assert current(tmp_path) is None
    stop(start(tmp_path, prefix=PREFIX))


def test_a_stranger_with_its_number_is_neither_current_nor_ended(tmp_path: Path, practice_network: LabState) -> None:
    forged = LabState(
        pid=os.getpid(),
        birth="another",
        instance="x",
        directory=str(tmp_path),
        prefix="",
        addresses=(),
        ports={},
        udp={},
    )
    write_state(forged)
    assert read_state(tmp_path) is None
    stop(forged)
    assert not (tmp_path / "state.json").exists()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}', "\x00\xff"])
def test_a_broken_state_file_means_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "state.json").write_text(text)
    assert current(tmp_path) is None


def test_it_ends_by_itself_when_nobody_calls(tmp_path: Path) -> None:
    state = start(tmp_path, prefix=PREFIX, idle_seconds=0.2)
    try:
        gone = ends(state.pid)
    except ProcessLookupError:
        gone = True
    assert gone
    assert not (tmp_path / "state.json").exists()


def test_borrowing_stops_only_what_it_started(practice_network: LabState) -> None:
    with running(Path(practice_network.directory)) as state:
        assert state == practice_network
    assert current(Path(practice_network.directory)) == practice_network


def test_a_directory_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(LabError, match="cannot start"):
        start(tmp_path / "file" / "lab", prefix=PREFIX)


def test_the_state_directory_follows_xdg(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_directory() == tmp_path / "iotscan" / "lab"
    monkeypatch.setenv("XDG_STATE_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert state_directory() == tmp_path / ".local" / "state" / "iotscan" / "lab"


def test_private_keys_stay_off_the_disk(practice_network: LabState) -> None:
    for file in Path(practice_network.directory).iterdir():
        assert b"PRIVATE KEY" not in file.read_bytes(), file.name


# Callers without manners

GARBAGE = (
    b"\x00" * 600,
    b"\xff" * 600,
    b"\xff\xfa" * 300,
    b"GET / HTTP/1.1\r\n",
    b"GET / HTTP/1.1\r\nA: " + b"a" * 70_000,
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n" + b"a" * 70_000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 40,
    b"\x16\x03\x01\xff\xff" + b"a" * 20_000,
    b"\x10\xff\xff\xff\xff\xff",
    b"\x10\x0c\x00\x04MQTT\x04\x02\x00\x3c\x00\x00\x82\x01\x00",
    b"SSH-2.0-x\r\n" + b"\x00\x00\x00\x0c" * 200,
    b"CNXN" * 200,
)


def descriptors(state: LabState) -> int:
    return len(os.listdir(f"/proc/{state.pid}/fd"))


def tcp_services(state: LabState) -> list[tuple[str, int]]:
    return [
        (address, port) for address in state.addresses for port in state.ports.values() if is_listening(address, port)
    ]


def test_no_caller_ends_it_and_none_is_left_behind(practice_network: LabState, run: Run, at: At) -> None:
    before = descriptors(practice_network)
    services = tcp_services(practice_network)
    for service in services:
        for garbage in GARBAGE:
            with socket.create_connection(service, timeout=10) as caller:
                # Half of them are cut off by a reset, half by an orderly close.
                if garbage[0] & 1:
                    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                caller.setblocking(False)
                try:
                    caller.send(garbage)
                except OSError:
                    continue
    half_open = [socket.create_connection(service, timeout=10) for service in services for _ in range(5)]
    assert run("curl", "-s", "-m5", f"http://{at(17)}:20080/").returncode == 0
    assert run("curl", "-sk", "-m5", f"https://{at(12)}:20443/").returncode == 0
    for caller in half_open:
        caller.close()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as caller:
        for garbage in GARBAGE:
            caller.sendto(garbage[:1400], (at(17), 20161))
    until = time.monotonic() + 60
    while descriptors(practice_network) > before and time.monotonic() < until:
        select.select([], [], [], 0.05)
    assert descriptors(practice_network) <= before
    assert current(Path(practice_network.directory)) == practice_network
    assert run("snmpget", "-v2c", "-c", "public", f"{at(17)}:20161", "1.3.6.1.2.1.1.1.0").returncode == 0
    assert "stumbled" not in (Path(practice_network.directory) / "lab.log").read_text()


def test_many_callers_in_a_row_are_served(practice_network: LabState, at: At) -> None:
    for _ in range(300):
        with socket.create_connection((at(17), 20080), timeout=10) as caller:
            caller.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert caller.recv(12) == b"HTTP/1.1 200"


def test_a_day_of_maintenance_changes_three_devices_and_no_other(tmp_path: Path) -> None:
    state = start(tmp_path, prefix=PREFIX)
    try:
        before = {host: certificate(f"{PREFIX}.{host}") for host in (11, 12, 13, 14)}
        assert b"<form" in page(f"{PREFIX}.17")
        maintained = maintain(state)
        assert current(tmp_path) == maintained
        after = {host: certificate(f"{PREFIX}.{host}") for host in (11, 12, 13, 14)}
        assert [host for host in before if after[host] != before[host]] == [12, 14]
        assert b"404" in page(f"{PREFIX}.17").splitlines()[0]
        with pytest.raises(LabError, match=r"that day is over.*iotscan lab down"):
            maintain(maintained)
    finally:
        stop(state)
    assert not is_listening(f"{PREFIX}.12", 20443)


def certificate(address: str) -> str:
    # Old TLS is what some of them are for.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.set_ciphers("ALL:@SECLEVEL=0")
    with socket.create_connection((address, 20443)) as caller, context.wrap_socket(caller) as channel:
        return hashlib.sha256(channel.getpeercert(binary_form=True) or b"").hexdigest()


def page(address: str) -> bytes:
    with socket.create_connection((address, 20080)) as caller:
        caller.sendall(b"GET /update HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: caller.recv(65536), b""))
