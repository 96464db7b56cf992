import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire import ssh

NAMES = st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-@.", min_size=1, max_size=30), max_size=8)


def packet(lists: list[list[str]], padding: int = 4) -> bytes:
    fields = b"".join(struct.pack(">I", len(",".join(n))) + ",".join(n).encode() for n in lists)
    payload = bytes([20]) + b"c" * 16 + fields + b"\x00" + b"\x00" * 4
    return struct.pack(">IB", 1 + len(payload) + padding, padding) + payload + b"p" * padding


@given(st.lists(NAMES, min_size=10, max_size=10), st.integers(min_value=4, max_value=255))
def test_kexinit_reads_back(lists: list[list[str]], padding: int) -> None:
    read = ssh.read_kexinit(packet(lists, padding))
    assert read is not None
    assert (read.kex, read.host_key_algorithms) == (tuple(lists[0]), tuple(lists[1]))
    assert (read.ciphers, read.macs) == (tuple(lists[3]), tuple(lists[5]))


@given(st.binary(max_size=400))
def test_readers_never_raise(data: bytes) -> None:
    ssh.read_identification(data)
    ssh.read_kexinit(data)
    ssh.whole_length(data)
    assert ssh.key_bits(data) >= 0


@given(st.lists(NAMES, min_size=10, max_size=10), st.data())
def test_a_damaged_kexinit_never_raises(lists: list[list[str]], data: st.DataObject) -> None:
    good = bytearray(packet(lists))
    good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    ssh.read_kexinit(bytes(good))


def test_cut_kexinit_is_none() -> None:
    assert ssh.read_kexinit(packet([["a"]] * 10)[:-5]) is None


def test_identification_after_lawful_lines() -> None:
    data = b"busy\r\nSSH is fun\r\nSSH-2.0-dropbear_2022.83 x\r\nrest"
    said = ssh.read_identification(data)
    assert said is not None
    assert (said.protocol, said.software, data[said.end :]) == (b"2.0", b"dropbear_2022.83 x", b"rest")


@pytest.mark.parametrize("data", [b"SSH-2.0-x", b"SSH-2.0\r\n", b"SSH--x\r\n", b"SSH-2.0-" + b"x" * 300 + b"\r\n"])
def test_no_identification(data: bytes) -> None:
    assert ssh.read_identification(data) is None


def test_absurd_length_is_no_packet() -> None:
    assert ssh.whole_length(b"\xff\xff\xff\xff") is None


def test_rsa_key_bits() -> None:
    def field(value: bytes) -> bytes:
        return struct.pack(">I", len(value)) + value

    assert ssh.key_bits(field(b"ssh-rsa") + field(b"\x01\x00\x01") + field(b"\x00\x80" + b"\x01" * 127)) == 1024
    assert ssh.key_bits(field(b"ssh-ed25519") + field(b"x" * 32)) == 0
