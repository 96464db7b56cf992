"""A copy of a stream: whole whatever becomes of the reader, and none over what is there."""

import hashlib
import os
import resource
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from iotscan.model.errors import BadInput
from iotscan.observe.kept_copy import KeptCopy

BULK = os.urandom(1 << 20) * 3


def saying(tmp_path: Path) -> "subprocess.Popen[bytes]":
    (tmp_path / "bulk").write_bytes(BULK)
    process = subprocess.Popen(["cat", str(tmp_path / "bulk")], stdout=subprocess.PIPE, bufsize=0)
    return process


def test_what_is_read_is_kept(tmp_path: Path) -> None:
    place = tmp_path / "kept.pcapng"
    with saying(tmp_path) as source:
        assert source.stdout is not None
        copy = KeptCopy(source.stdout, place)
        got = b""
        while piece := copy.stream.read(1 << 16):
            got += piece
        copy.close()
    assert got == BULK == place.read_bytes()
    assert (copy.size, copy.sha256, copy.problem) == (len(BULK), hashlib.sha256(BULK).hexdigest(), "")
    assert stat.S_IMODE(place.stat().st_mode) == 0o600


def test_a_reader_that_leaves_does_not_end_it(tmp_path: Path) -> None:
    place = tmp_path / "kept.pcapng"
    with saying(tmp_path) as source:
        assert source.stdout is not None
        copy = KeptCopy(source.stdout, place)
        copy.stream.read(10)
        copy.close()
    assert place.read_bytes() == BULK


def test_a_full_disk_ends_the_copy_alone(tmp_path: Path) -> None:
    before, handler = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    place = tmp_path / "kept.pcapng"
    with saying(tmp_path) as source:
        assert source.stdout is not None
        resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 19, before[1]))
        try:
            copy = KeptCopy(source.stdout, place)
            got = sum(len(piece) for piece in iter(lambda: copy.stream.read(1 << 16), b""))
            copy.close()
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
            signal.signal(signal.SIGXFSZ, handler)
    assert got == len(BULK)
    assert "large" in copy.problem
    assert copy.sha256 == hashlib.sha256(place.read_bytes()).hexdigest()


def test_it_is_never_written_over_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    for place, why in (("kept", "is there already"), ("no/where", "No such file")):
        with pytest.raises(BadInput, match=why):
            KeptCopy(sys.stdin.buffer, tmp_path / place)  # type: ignore[arg-type]  # never read
    assert (tmp_path / "kept").read_text() == "mine"
