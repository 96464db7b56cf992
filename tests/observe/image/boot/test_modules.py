"""Kernel modules signed as scripts/sign-file.c does: a detached CMS message behind the module."""

import gzip
import lzma
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import zstandard

from iotscan.model.facts import KernelModules
from iotscan.observe.image.inspectors.modules import INSPECTOR
from iotscan.observe.image.readers.folder import FolderTree
from tests.observe.image.boot.making import keys, run, tool, written
from tests.observe.image.looking import heard_of

MARK = b"~Module signature appended~\n"
HOME = "lib/modules/6.1/kernel"


def an_elf(folder: Path) -> bytes:
    (folder / "m.c").write_text("int answer = 42;")
    run(tool("gcc", "gcc"), "-c", "m.c", "-o", "m.ko", cwd=folder)
    return (folder / "m.ko").read_bytes()


@pytest.fixture(scope="module")
def modules(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A module and the same one signed."""
    folder = tmp_path_factory.mktemp("modules")
    module, place = an_elf(folder), keys(folder)
    words = ("cms", "-sign", "-binary", "-noattr", "-nocerts", "-md", "sha256", "-outform", "DER", "-in", "m.ko")
    signing = ("-signer", place / "dev.crt", "-inkey", place / "dev.key")
    made = subprocess.run(["openssl", *words, *signing], cwd=folder, capture_output=True, check=True).stdout
    return module, module + made + struct.pack(">BBBBBxxxI", 0, 0, 2, 0, 0, len(made)) + MARK


def found(folder: Path, files: dict[str, str | bytes]) -> KernelModules:
    fact, *_ = heard_of(INSPECTOR, FolderTree(written(folder, files))).facts
    assert isinstance(fact, KernelModules)
    return fact


def test_signed_modules_however_they_are_packed(tmp_path: Path, modules: tuple[bytes, bytes]) -> None:
    _, signed = modules
    fact = found(
        tmp_path,
        {
            f"{HOME}/a.ko": signed,
            f"{HOME}/b.ko.gz": gzip.compress(signed),
            f"{HOME}/c.ko.xz": lzma.compress(signed),
            f"{HOME}/d.ko.zst": zstandard.compress(signed),
            # What pigz, pzstd and xz -T write: several members, one file.
            f"{HOME}/e.ko.gz": gzip.compress(signed[:100]) + gzip.compress(signed[100:]),
            f"{HOME}/f.ko.zst": zstandard.compress(signed[:100]) + zstandard.compress(signed[100:]),
        },
    )
    assert (fact.count, fact.signed, fact.unsigned, fact.unread, fact.digests) == (6, 6, (), 0, ("sha256",))


def test_an_unsigned_module_and_one_whose_trailer_lies(tmp_path: Path, modules: tuple[bytes, bytes]) -> None:
    module, signed = modules
    files: dict[str, str | bytes] = {
        f"{HOME}/a.ko": module,
        f"{HOME}/b.ko.xz": lzma.compress(module),
        f"{HOME}/c.ko": module + MARK,
        f"{HOME}/d.ko": signed[: -len(MARK) - 4] + b"\xff\xff\xff\xff" + MARK,
    }
    fact = found(tmp_path, files)
    assert (fact.count, fact.signed) == (4, 0)
    assert set(fact.unsigned) == {f"/{HOME}/a.ko", f"/{HOME}/b.ko.xz"}
    assert set(fact.broken) == {f"/{HOME}/c.ko", f"/{HOME}/d.ko"}


def test_a_damaged_pack_is_not_unsigned(tmp_path: Path, modules: tuple[bytes, bytes]) -> None:
    _, signed = modules
    files: dict[str, str | bytes] = {
        f"{HOME}/a.ko.xz": lzma.compress(signed)[:-40] + bytes(40),
        f"{HOME}/b.ko.zst": zstandard.compress(signed)[:-40],
        f"{HOME}/c.ko.gz": gzip.compress(signed)[:-40],
        # From a pipe: the frame does not say how long it is.
        f"{HOME}/d.ko.zst": zstandard.ZstdCompressor(write_content_size=False).compress(signed)[:-40],
    }
    fact = found(tmp_path, files)
    assert (fact.count, fact.signed, fact.unsigned, fact.broken) == (4, 0, (), ())
    assert fact.unread == 4


def test_a_library_that_is_missing_is_named(
    tmp_path: Path, modules: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    packed = zstandard.compress(modules[1])
    monkeypatch.setitem(sys.modules, "zstandard", None)
    fact = found(tmp_path, {f"{HOME}/a.ko.zst": packed})
    assert (fact.signed, fact.unsigned, fact.unread) == (0, (), 1)
    assert fact.unread_reason == "modules packed with zstd need: pip install 'iotscan[image]'"


def test_no_module_no_fact(tmp_path: Path) -> None:
    assert heard_of(INSPECTOR, FolderTree(written(tmp_path, {"etc/a.ko.conf": "x"}))).facts == ()
