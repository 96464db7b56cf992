"""How programs are built, on programs that gcc built in each way."""

import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iotscan.model.facts import Program, Programs
from iotscan.observe.image.inspectors import programs
from iotscan.wire.elf import MAGIC, read_elf
from tests.observe.image.looking import a_root, heard_of
from tests.observe.network.daemons import tool

SOURCE = (
    "#include <stdio.h>\n#include <string.h>\nint main(int c, char **v) { char b[64];"
    " strcpy(b, v[c - 1]); printf(b); return puts(b); }\n"
)
HARDENED = "-O2 -fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack -s"
BUILDS = {
    "hardened": HARDENED,
    "partial": "-O1 -fno-stack-protector -fPIE -pie -Wl,-z,relro,-z,lazy",
    "open": "-O1 -fno-stack-protector -U_FORTIFY_SOURCE -no-pie -Wl,-z,norelro -Wl,-z,execstack -Wl,-rpath,/tmp/x:lib",
    "static": "-O1 -static -no-pie -fstack-protector-all",
    "static-pie": "-O1 -static-pie -fPIE -fno-stack-protector -s",
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("elf")
    source = folder / "x.c"
    source.write_text(SOURCE)
    a_root(folder / "root", {"usr/bin/script": "#!/bin/sh\nexit 0\n" + "#" * 200})
    for name, words in BUILDS.items():
        build(source, folder / "root/usr/bin" / name, *words.split())
    build(source, folder / "root/usr/lib-x.so", "-shared", "-fPIC", "-Wl,-z,execstack")
    build(source, folder / "root/usr/object.obj", "-c")
    (folder / "root/usr/bin/hardened").chmod(0o4755)
    (folder / "root/usr/bin/broken").write_bytes((folder / "root/usr/bin/partial").read_bytes()[:200])
    return folder / "root"


def build(source: Path, target: Path, *words: str) -> None:
    done = subprocess.run([tool("gcc", "gcc"), "-w", source, "-o", target, *words], capture_output=True, text=True)
    assert not done.returncode, done.stderr


@pytest.fixture(scope="module")
def fact(root: Path) -> Programs:
    (fact,) = heard_of(programs.INSPECTOR, a_root(root)).facts
    assert isinstance(fact, Programs)
    return fact


def test_each_way_to_build_shows(fact: Programs) -> None:
    found = {p.path.rpartition("/")[2]: p for p in fact.programs}
    assert set(found) == set(BUILDS)
    assert {n: shape(p) for n, p in found.items()} == {
        "hardened": (True, True, "full", True, False, True),
        "partial": (True, True, "partial", False, False, False),
        "open": (False, False, "none", False, False, False),
        "static": (True, False, "full", None, True, False),
        "static-pie": (True, True, "full", None, True, True),
    }
    assert found["hardened"].fortified >= 2
    assert found["hardened"].setuid
    assert found["open"].search_path == ("/tmp/x:lib",)
    assert not found["partial"].setuid


def shape(program: Program) -> tuple[bool, bool, str, bool | None, bool, bool]:
    return (
        program.stack_not_executable,
        program.position_independent,
        program.relro,
        program.canary.known,
        program.static,
        program.stripped,
    )


def test_libraries_are_counted_objects_are_not_and_the_broken_are_named(fact: Programs) -> None:
    assert fact.libraries == 1
    (library,) = fact.weak_libraries
    assert (library.path, library.stack_not_executable) == ("/usr/lib-x.so", False)
    assert fact.unread == ("/usr/bin/broken",)


def test_the_headers_of_a_large_program_may_lie_behind_the_first_window(root: Path) -> None:
    whole = (root / "usr/bin/partial").read_bytes()
    cut = read_elf(whole[:1024], lambda offset, length: whole[offset : offset + length])
    assert cut == read_elf(whole)
    assert cut is not None


@given(st.binary(max_size=200), st.sampled_from([1, 2]), st.sampled_from([1, 2]))
def test_any_header_is_read_or_refused(rest: bytes, width: int, order: int) -> None:
    read_elf(MAGIC + bytes([width, order]) + rest)


@given(st.data())
def test_a_damaged_program_is_read_or_refused(root: Path, data: st.DataObject) -> None:
    whole = bytearray((root / "usr/bin/partial").read_bytes()[:8192])
    for _ in range(3):
        whole[data.draw(st.integers(0, 1200))] = data.draw(st.integers(0, 255))
    read_elf(bytes(whole))
