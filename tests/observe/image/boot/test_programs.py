"""Programs of UEFI, signed by sbsign and osslsigncode, and changed afterwards."""

import shutil
from pathlib import Path

import pytest

from iotscan.model.facts import EfiBinaries, EfiBinary, KernelCommandLines
from iotscan.observe.image.site import Site
from tests.observe.image.boot.making import a_partition, facts_of, keys, run, tool, written

STUB = Path("/usr/lib/systemd/boot/efi/linuxx64.efi.stub")
LOADER = Path("/usr/lib/systemd/boot/efi/systemd-bootx64.efi")
BOOT = "EFI/BOOT/BOOTX64.EFI"


def installed(file: Path) -> Path:
    if not file.exists():
        pytest.skip(f"needs {file.name}: apt install systemd-boot-efi")
    return file


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """systemd-boot, signed with a key of our own."""
    folder = tmp_path_factory.mktemp("efi")
    place = keys(folder)
    words = ("--key", place / "dev.key", "--cert", place / "dev.crt", "--output", "signed.efi", installed(LOADER))
    run(tool("sbsign", "sbsigntool"), *words, cwd=folder)
    return folder / "signed.efi"


def esp(folder: Path, files: dict[str, str | bytes]) -> Site:
    return Site(source="test", places=(a_partition("p1", written(folder, files)),))


def only(site: Site) -> EfiBinary:
    found = facts_of(site)["EfiBinaries"]
    assert isinstance(found, EfiBinaries)
    (binary,) = found.binaries
    return binary


def test_an_unsigned_loader(tmp_path: Path) -> None:
    binary = only(esp(tmp_path, {BOOT: installed(LOADER).read_bytes()}))
    assert (binary.path, binary.program, binary.is_default) == (f"p1:/{BOOT}", "systemd-boot", True)
    assert binary.signatures == ()
    assert binary.problem == ""


def test_a_signed_loader_is_what_its_signature_says(tmp_path: Path, signed: Path) -> None:
    (found,) = only(esp(tmp_path, {BOOT: signed.read_bytes()})).signatures
    assert found.digest_matches
    assert found.holds.known is True
    assert (found.signer, found.algorithm) == ("CN=gateway boot", "sha256")


@pytest.mark.parametrize("where", [0x200, 0x5000, -20000])
def test_one_changed_byte_is_found(tmp_path: Path, signed: Path, where: int) -> None:
    data = bytearray(signed.read_bytes())
    data[where] ^= 1
    (found,) = only(esp(tmp_path, {BOOT: bytes(data)})).signatures
    assert not found.digest_matches
    assert found.holds.known is True


def test_a_changed_signature_is_found(tmp_path: Path, signed: Path) -> None:
    data = bytearray(signed.read_bytes())
    end = len(data.rstrip(b"\0"))
    data[end - 30] ^= 1
    (found,) = only(esp(tmp_path, {BOOT: bytes(data)})).signatures
    assert found.digest_matches
    assert found.holds.known is False


def test_the_signature_of_another_program(tmp_path: Path, signed: Path) -> None:
    sbattach = tool("sbattach", "sbsigntool")
    other = tmp_path / "stub.efi"
    shutil.copy(installed(STUB), other)
    run(sbattach, "--detach", tmp_path / "sig", signed, cwd=tmp_path)
    run(sbattach, "--attach", tmp_path / "sig", other, cwd=tmp_path)
    (found,) = only(esp(tmp_path / "esp", {BOOT: other.read_bytes()})).signatures
    assert not found.digest_matches


def test_osslsigncode_with_sha1_and_a_second_signature(tmp_path: Path) -> None:
    sign = tool("osslsigncode", "osslsigncode")
    place = keys(tmp_path)
    with_keys = ("-certs", place / "dev.crt", "-key", place / "dev.key")
    run(sign, "sign", *with_keys, "-h", "sha1", "-in", installed(LOADER), "-out", "one.efi", cwd=tmp_path)
    (found,) = only(esp(tmp_path / "esp", {"EFI/Linux/a.efi": (tmp_path / "one.efi").read_bytes()})).signatures
    assert (found.algorithm, found.digest_matches, found.holds.known) == ("sha1", True, True)


def test_what_is_cut_short_is_named(tmp_path: Path, signed: Path) -> None:
    data = bytearray(signed.read_bytes())
    start = len(installed(LOADER).read_bytes())
    data[start + 8 + 8 : start + 8 + 40] = bytes(32)
    binary = only(esp(tmp_path, {BOOT: bytes(data)}))
    assert binary.problem


def uki(folder: Path, line: str) -> Path:
    """A unified kernel image as ukify makes it: sections added to the stub."""
    (folder / "cmdline").write_text(line + "\0")
    (folder / "linux").write_bytes(b"kernel " * 600)
    sections = (("osrel", "/dev/null", 0x20000), ("cmdline", "cmdline", 0x30000), ("linux", "linux", 0x2000000))
    words: list[str | Path] = []
    for name, file, at in sections[1:]:
        words += ["--add-section", f".{name}={file}", "--change-section-vma", f".{name}={at:#x}"]
    run(tool("objcopy", "binutils"), *words, installed(STUB), "uki.efi", cwd=folder)
    return folder / "uki.efi"


@pytest.mark.parametrize("is_signed", [True, False])
def test_a_unified_kernel_image_carries_its_command_line(tmp_path: Path, is_signed: bool) -> None:
    image = uki(tmp_path, "root=/dev/sda2 roothash=" + "ab" * 32)
    if is_signed:
        place = keys(tmp_path)
        words = ("--key", place / "dev.key", "--cert", place / "dev.crt", "--output", image, image)
        run(tool("sbsign", "sbsigntool"), *words, cwd=tmp_path)
    facts = facts_of(esp(tmp_path / "esp", {"EFI/Linux/gateway.efi": image.read_bytes()}))
    found, lines = facts["EfiBinaries"], facts["KernelCommandLines"]
    assert isinstance(found, EfiBinaries)
    assert isinstance(lines, KernelCommandLines)
    assert found.binaries[0].program == "uki"
    (line,) = lines.lines
    assert line.carrier == "uki"
    assert line.is_signed is is_signed
    assert line.arguments[1] == "roothash=" + "ab" * 32


def test_templates_in_a_root_are_started_by_nobody(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "etc/os-release": "ID=test\n",
        "usr/lib/systemd/boot/efi/systemd-bootx64.efi": installed(LOADER).read_bytes(),
        "boot/efi/EFI/BOOT/BOOTX64.EFI": installed(LOADER).read_bytes(),
    }
    found = facts_of(written(tmp_path, files))["EfiBinaries"]
    assert isinstance(found, EfiBinaries)
    assert [b.path for b in found.binaries] == ["/boot/efi/EFI/BOOT/BOOTX64.EFI"]
