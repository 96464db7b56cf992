"""Packed streams by the tools that make them: whole, in several members, padded, cut, and grown too large."""

import gzip
import lzma
import os
import subprocess
import sys
import tracemalloc
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.observe.image.blob import Bytes
from iotscan.observe.image.budget import Budget, Limits, OverBudget
from iotscan.observe.image.opening import STREAMS
from iotscan.observe.image.reader import HEAD, Contents
from iotscan.observe.image.readers.streams import READERS, stream_of, unpacked
from iotscan.observe.image.unreadable import NeedsLibrary, Unreadable
from tests.observe.image.sameness import damaged, survives
from tests.observe.image.sample import LINES, RANDOM
from tests.observe.network.daemons import tool

CONTENT = LINES[:200_000] + RANDOM[:150_000] + bytes(50_000)
PACKERS = {
    "gzip": ("gzip", "gzip", "-c"),
    "xz": ("xz", "xz-utils", "-c", "-T1", "--block-size=200000"),
    "lzma": ("xz", "xz-utils", "-c", "--format=lzma"),
    "zstd": ("zstd", "zstd", "-c", "-q"),
    "zstd without a sum": ("zstd", "zstd", "-c", "-q", "--no-check"),
    "bzip2": ("bzip2", "bzip2", "-c"),
    "lz4": ("lz4", "lz4", "-c", "-q", "-B4"),
    "lz4 legacy": ("lz4", "lz4", "-c", "-q", "-l"),
    "lzop": ("lzop", "lzop", "-c"),
    "lzop with crc32": ("lzop", "lzop", "-c", "-C", "--crc32"),
}
OPENERS = {reader.name: reader.opens for reader in READERS}


@cache
def packed(how: str, content: bytes = CONTENT) -> bytes:
    name, package, *options = PACKERS[how]
    words = [tool(name, package), *options]
    return subprocess.run(words, input=content, check=True, stdout=subprocess.PIPE).stdout


def content_of(contents: Contents) -> bytes:
    (part,) = contents.parts
    assert part.name == "unpacked"
    assert part.blob is not None
    return part.blob.read_at(0, part.blob.size)


def opened(data: bytes, limits: Limits = Limits()) -> Contents:
    return OPENERS[stream_of(data[:HEAD])](Bytes(data), Budget(limits))


def test_every_stream_has_its_reader() -> None:
    assert {reader.name for reader in READERS} == set(STREAMS)


@pytest.mark.parametrize("how", PACKERS)
def test_it_gives_what_was_packed(how: str) -> None:
    data = packed(how)
    assert stream_of(data[:HEAD]) == how.split()[0]
    assert content_of(opened(data)) == CONTENT
    assert content_of(opened(packed(how, b"little"))) == b"little"


@pytest.mark.parametrize("how", PACKERS)
@pytest.mark.parametrize("behind", [bytes(4096), b"\xff" * 5000, b"signature of somebody"])
def test_what_stands_behind_it_is_left_alone(how: str, behind: bytes) -> None:
    data = packed(how)
    stream = unpacked(how.split()[0], Bytes(data + behind), Budget())
    assert stream.read_at(0, stream.size) == CONTENT
    assert stream.end == len(data) or how in ("xz", "lzop", "lz4 legacy")


@pytest.mark.parametrize("how", ["gzip", "xz", "zstd", "bzip2", "lz4"])
def test_several_members_are_one_stream(how: str) -> None:
    data = packed(how, b"one ") + (bytes(8) if how == "xz" else b"") + packed(how, LINES)
    assert content_of(opened(data)) == b"one " + LINES


@pytest.mark.parametrize("how", ["zstd", "lz4"])
def test_frames_to_be_skipped_are_skipped(how: str) -> None:
    skipped = b"\x5a\x2a\x4d\x18" + (100).to_bytes(4, "little") + bytes(100)
    data = skipped + packed(how, b"one ") + skipped + packed(how, b"two") + skipped
    assert stream_of(data[:HEAD]) == how
    assert content_of(opened(data)) == b"one two"


@pytest.mark.parametrize("how", ["gzip", "zstd", "lz4"])
def test_streams_of_many_and_large_blocks(how: str) -> None:
    content = (RANDOM + LINES) * 16
    words = {"gzip": ("gzip", "-1c"), "zstd": ("zstd", "-qc1"), "lz4": ("lz4", "-qc", "-B7", "-BD")}[how]
    data = subprocess.run([tool(words[0], how), *words[1:]], input=content, check=True, stdout=subprocess.PIPE).stdout
    assert content_of(opened(data)) == content


@pytest.mark.parametrize("blocks", range(1, 10))
def test_a_frame_of_any_count_of_blocks_ends_without_a_sum(blocks: int) -> None:
    content = RANDOM[: 128 * 1024] * blocks
    assert content_of(opened(packed("zstd without a sum", content[: len(content) - 1]))) == content[:-1]


def test_a_long_window_of_zstd_within_the_limit() -> None:
    words = [tool("zstd", "zstd"), "-c", "-q", "--long=27", "-1"]
    data = subprocess.run(words, input=CONTENT, check=True, stdout=subprocess.PIPE).stdout
    assert content_of(opened(data)) == CONTENT


@pytest.mark.parametrize("how", PACKERS)
def test_a_cut_stream_gives_what_stands_before_the_cut(how: str) -> None:
    data = packed(how)
    stream = unpacked(how.split()[0], Bytes(data[: len(data) - len(data) // 3]), Budget())
    if how not in ("bzip2", "lz4 legacy"):  # their blocks are longer than this content
        assert stream.read_at(0, 1000) == CONTENT[:1000]
    for _ in range(2):
        with pytest.raises(Unreadable, match="cut short"):
            stream.read_at(0, len(CONTENT))


@pytest.mark.parametrize("how", PACKERS)
def test_a_stream_broken_at_its_start_is_no_container(how: str) -> None:
    data = packed(how)
    with pytest.raises(Unreadable):
        opened(data[:14])


@pytest.mark.parametrize("how", PACKERS)
def test_damage_is_named(how: str) -> None:
    data = packed(how, LINES)
    for what, variant in damaged(data, count=80):
        survives(OPENERS[how.split()[0]], variant, what)


@pytest.mark.parametrize("how", ["gzip", "xz", "zstd", "bzip2", "lzop with crc32"])
def test_a_wrong_byte_is_found_by_its_sum(how: str) -> None:
    data = bytearray(packed(how, RANDOM))
    data[len(data) // 2] ^= 4
    with pytest.raises(Unreadable):
        content_of(opened(bytes(data)))


def test_a_stream_that_grows_too_much_is_stopped() -> None:
    limits = Limits(ratio_from=1 << 20, ratio=200)
    bomb = gzip.compress(bytes(8 << 20))
    with pytest.raises(Unreadable, match="200 times"):
        content_of(opened(bomb, limits))
    # A little of it can be read, and much that is blank is no bomb where the rest of the stream is not.
    assert len(content_of(opened(gzip.compress(bytes(8 << 20) + RANDOM), limits))) == (8 << 20) + len(RANDOM)
    with pytest.raises(OverBudget, match="unpacks to more than"):
        content_of(opened(bomb, Limits(unpacked=1 << 20)))


def test_a_dictionary_that_takes_too_much_memory_is_refused() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 64 << 20}]
    limits = Limits(memory=32 << 20)
    for data in (
        lzma.compress(b"x" * 1000, lzma.FORMAT_XZ, filters=filters),
        lzma.compress(b"x" * 1000, lzma.FORMAT_ALONE, filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 64 << 20}]),
        b"\x28\xb5\x2f\xfd\x00\x88" + bytes(20),
    ):
        with pytest.raises(Unreadable, match="more than 32 MiB of memory"):
            opened(data, limits)


def test_a_look_at_the_beginning_unpacks_little() -> None:
    data = gzip.compress(bytes(64 << 20), 1)
    budget = Budget(Limits(unpacked=256 << 10))
    (part,) = OPENERS["gzip"](Bytes(data), budget).parts
    assert part.blob is not None
    assert part.blob.read_at(0, 64 << 10) == bytes(64 << 10)


def test_no_name_is_left_and_memory_stays_flat(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    data = gzip.compress(RANDOM * 40, 1)
    tracemalloc.start()
    stream = unpacked("gzip", Bytes(data), Budget())
    assert stream.size == len(RANDOM) * 40
    assert tracemalloc.get_traced_memory()[1] < 6 << 20
    tracemalloc.stop()
    assert not list(tmp_path.iterdir())
    assert stream.read_at(len(RANDOM) * 7 + 5, 1000) == RANDOM[5:1005]


@pytest.mark.parametrize(("how", "library"), [("zstd", "zstandard"), ("lz4", "lz4.block"), ("lzop", "lzallright")])
def test_a_library_that_is_missing_is_named(how: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(NeedsLibrary, match=r"pip install 'iotscan\[image\]'"):
        opened(packed(how, b"little"))


def test_no_room_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    stream = unpacked("gzip", Bytes(gzip.compress(RANDOM)), Budget())
    assert stream.read_at(0, 10) == RANDOM[:10]
    with pytest.raises(Unreadable, match=r"no room .*TMPDIR"):
        stream.read_at(0, len(RANDOM))


@given(st.binary(max_size=80), st.sampled_from(sorted(OPENERS)))
def test_nonsense_is_refused(data: bytes, name: str) -> None:
    marks = {"gzip": b"\x1f\x8b\x08", "xz": b"\xfd7zXZ\0", "zstd": b"\x28\xb5\x2f\xfd", "lz4": b"\x02\x21\x4c\x18"}
    survives(OPENERS[name], marks.get(name, b"") + data, name)
