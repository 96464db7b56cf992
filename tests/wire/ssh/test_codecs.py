import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.ssh import exchange, fields, messages, version_1
from iotscan.wire.ssh.identification import read_identification
from iotscan.wire.ssh.kexinit import KexInit, kexinit, read_kexinit
from iotscan.wire.ssh.packets import packet, read_packet, whole_length

NAMES = st.lists(st.text(alphabet="abcdefghijklmnopqrstuvwxyz0123456789-@.", min_size=1, max_size=30), max_size=8).map(
    tuple
)
LISTS = (
    *("kex", "host_key_algorithms", "ciphers_in", "ciphers", "macs_in", "macs"),
    *("compression_in", "compression", "languages_in", "languages"),
)
OFFERS = st.builds(KexInit, **dict.fromkeys(LISTS, NAMES), guesses=st.booleans())


@given(OFFERS)
def test_kexinit_reads_back(offer: KexInit) -> None:
    read = read_packet(packet(kexinit(offer, b"c" * 16)))
    assert read is not None
    assert read_kexinit(read) == offer


@given(OFFERS, st.data())
def test_a_damaged_kexinit_never_raises(offer: KexInit, data: st.DataObject) -> None:
    good = bytearray(kexinit(offer, b"c" * 16))
    good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    read_kexinit(bytes(good))


@given(OFFERS, st.data())
def test_a_kexinit_cut_in_its_lists_is_none(offer: KexInit, data: st.DataObject) -> None:
    good = kexinit(offer, b"c" * 16)
    assert read_kexinit(good[: data.draw(st.integers(0, len(good) - 6))]) is None


@given(st.binary(max_size=400))
def test_readers_never_raise(data: bytes) -> None:
    read_identification(data)
    whole_length(data)
    read_packet(data)
    for number in (*range(8), 20, 30, 31, 33, 51, 53):
        payload = bytes([number]) + data
        read_kexinit(payload)
        messages.read_disconnect(payload)
        messages.read_failure(payload)
        messages.read_banner(payload)
        messages.read_signature_algorithms(payload)
        exchange.read_reply(payload)
        exchange.read_group(payload)
    version_1.whole_length(data)
    version_1.read_public_keys(data)


def test_no_name_holds_a_control_character() -> None:
    offer = KexInit(kex=("a",), host_key_algorithms=(), ciphers=(), macs=())
    good = kexinit(offer, b"c" * 16)
    assert read_kexinit(good) is not None
    assert read_kexinit(good.replace(b"\0\0\0\1a", b"\0\0\0\1\x1b")) is None


def test_five_hundred_algorithms_are_read() -> None:
    names = tuple(f"algorithm-{n}" for n in range(500))
    read = read_kexinit(kexinit(KexInit(kex=names, host_key_algorithms=names, ciphers=(), macs=()), b"c" * 16))
    assert read is not None
    assert read.kex == names


def test_absurd_lengths_are_no_packets() -> None:
    assert whole_length(b"\xff\xff\xff\xff") is None
    assert whole_length(b"\0\0\0\1") is None
    assert whole_length(struct.pack(">I", 35001)) is None
    assert read_packet(struct.pack(">IB", 5, 255) + b"1234") is None


@given(st.binary(min_size=1, max_size=300))
def test_packets_are_padded(payload: bytes) -> None:
    made = packet(payload)
    assert len(made) % 8 == 0
    assert 4 <= made[4] < 12
    assert read_packet(made) == payload


@given(st.integers(min_value=0, max_value=2**300))
def test_numbers_read_back(value: int) -> None:
    made = fields.mpint(value)
    assert fields.Reader(made).mpint() == value
    # RFC 4251 section 5: no needless zero, and no negative number.
    assert not (len(made) > 4 and made[4] & 0x80)
    assert not (len(made) > 5 and made[4] == 0 and not made[5] & 0x80)


def test_identification_after_lawful_lines() -> None:
    data = b"busy\r\nSSH is fun\r\nSSH-2.0-dropbear_2022.83 x\r\nrest"
    said = read_identification(data)
    assert said is not None
    assert (said.protocol, said.software, data[said.end :]) == (b"2.0", b"dropbear_2022.83 x", b"rest")
    assert said.line == b"SSH-2.0-dropbear_2022.83 x"
    assert said.before == (b"busy", b"SSH is fun")


@pytest.mark.parametrize("data", [b"SSH-2.0-x", b"SSH-2.0\r\n", b"SSH--x\r\n", b"SSH-2.0-" + b"x" * 300 + b"\r\n"])
def test_no_identification(data: bytes) -> None:
    assert read_identification(data) is None


def test_methods_of_a_failure() -> None:
    read = messages.read_failure(messages.failure(("publickey", "password")))
    assert read is not None
    assert (read.methods, read.is_partial) == (("publickey", "password"), False)


def test_extensions() -> None:
    told = fields.string(b"server-sig-algs") + fields.string(b"ssh-ed25519,rsa-sha2-256")
    payload = bytes([messages.EXT_INFO]) + fields.uint32(2) + fields.string(b"ping@openssh.com") + fields.string(b"0")
    assert messages.read_signature_algorithms(payload + told) == ("ssh-ed25519", "rsa-sha2-256")
    assert messages.read_signature_algorithms(payload) is None


def version_1_packet(data: bytes) -> bytes:
    """A packet of protocol 1: length, padding, type and data, checksum."""
    length = len(data) + 4
    checked = bytes(8 - length % 8) + data
    crc = zlib.crc32(checked, 0xFFFFFFFF) ^ 0xFFFFFFFF
    return struct.pack(">I", length) + checked + struct.pack(">I", crc)


def version_1_number(bits: int) -> bytes:
    return struct.pack(">H", bits) + (1 << bits - 1 | 1).to_bytes((bits + 7) // 8, "big")


def test_public_keys_of_version_1() -> None:
    keys = b"".join(struct.pack(">I", bits) + version_1_number(6) + version_1_number(bits) for bits in (768, 1024))
    data = b"\2" + b"c" * 8 + keys + struct.pack(">III", 2, 1 << 2 | 1 << 3, 1 << 2 | 1 << 3 | 1 << 20)
    read = version_1.read_public_keys(version_1_packet(data))
    assert read == version_1.Version1(
        server_key_bits=768, host_key_bits=1024, ciphers=("des", "3des"), logins=("rsa", "password", "number 20")
    )
    damaged = bytearray(version_1_packet(data))
    damaged[40] ^= 1
    assert version_1.read_public_keys(bytes(damaged)) is None
