"""Codecs of the boot chain on any bytes, and against what other tools computed."""

import contextlib
import hashlib
import struct

from hypothesis import given
from hypothesis import strategies as st

from iotscan.wire.authenticode import NotProgram, hashed_ranges, read_program, read_statement, read_table
from iotscan.wire.ber import Malformed, element
from iotscan.wire.module_signature import MARK, read_signature
from iotscan.wire.signed_data import read_signed_data
from iotscan.wire.uboot_env import find_defaults, read_block, read_text
from iotscan.wire.verity import BadSuperblock, Superblock, read_superblock, root_hash

PE = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0"


@given(st.binary(max_size=400), st.integers(0, 1 << 20))
def test_program_headers_of_any_bytes(data: bytes, size: int) -> None:
    for head in (data, PE + data, PE + b"\x64\x86\x03\0" + bytes(12) + b"\xf0\0\0\0\x0b\x02" + data):
        with contextlib.suppress(NotProgram):
            program = read_program(head, size)
            ranges = hashed_ranges(program, size)
            assert all(0 <= start <= end <= size for start, end in ranges)
            assert sum(end - start for start, end in ranges) <= size


@given(st.binary(max_size=300))
def test_signatures_of_any_bytes(data: bytes) -> None:
    wrapped = element(0x30, element(0x06, bytes.fromhex("2a864886f70d010702")) + element(0xA0, element(0x30, data)))
    for message in (data, wrapped):
        with contextlib.suppress(Malformed):
            read_signed_data(message)
        with contextlib.suppress(Malformed):
            read_statement(message)
        with contextlib.suppress(Malformed):
            read_signature(message + MARK)
    with contextlib.suppress(Malformed):
        assert all(len(entry) <= len(data) for entry in read_table(data))


@given(st.binary(max_size=600))
def test_environments_of_any_bytes(data: bytes) -> None:
    assert read_block(data) is None or len(data) >= 8
    assert "bootcmd" in next(find_defaults(b"\0bootcmd=x\0" + data))
    read_text(data)


@given(st.binary(max_size=512))
def test_superblocks_of_any_bytes(data: bytes) -> None:
    for given_bytes in (data, b"verity\0\0\x01\0\0\0\x01\0\0\0" + data):
        with contextlib.suppress(BadSuperblock):
            assert read_superblock(given_bytes).data_blocks > 0


def test_one_block_is_its_own_root() -> None:
    block = Superblock(kind=1, algorithm="sha256", data_block=4096, hash_block=4096, data_blocks=1, salt=b"salt")
    data = bytes(4096)
    assert root_hash(lambda at, size: data[at : at + size], block) == hashlib.sha256(b"salt" + data).digest()
    assert root_hash(lambda at, size: b"", block) is None


def test_a_default_environment_begins_where_its_entries_do() -> None:
    binary = b"\x7fcode\0not an entry\0arch=arm\0bootdelay=2\0bootcmd=run x\0\0more=no\0"
    assert list(find_defaults(binary)) == [{"arch": b"arm", "bootdelay": b"2", "bootcmd": b"run x"}]
    assert list(find_defaults(b"bootdelay of nothing")) == []


def test_settings_in_a_script() -> None:
    text = b"# setenv a 1\nsetenv bootdelay -2\nenv set bootcmd 'run x; run y'\nconsole=ttyS0\r\nif test; then\n"
    assert read_text(text) == {"bootdelay": b"-2", "bootcmd": b"run x; run y", "console": b"ttyS0"}
