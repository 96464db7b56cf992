"""What is fed with bytes of an image: readers by whatever they recognise, codecs, and files that inspectors read."""

from collections.abc import Callable, Iterator

from iotscan.observe.heard import Missed
from iotscan.observe.image.blob import Blob, Bytes
from iotscan.observe.image.budget import Budget
from iotscan.observe.image.indexed import IndexedTree
from iotscan.observe.image.messages import Message, Said
from iotscan.observe.image.opening import recognised
from iotscan.observe.image.posture import look_at
from iotscan.observe.image.site import Place, Site
from iotscan.observe.image.tree import Entry
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire import (
    android,
    authenticode,
    certificates,
    elf,
    fdt,
    file_attributes,
    kernel_image,
    module_signature,
    signed_data,
    uboot_env,
    verity,
)
from iotscan.wire.keys import curve25519, der, pem, pgp, sshkeys, stores
from iotscan.wire.packages import BadDatabase, apk, control, rpm
from tests.hostile_images.settings import EVERYWHERE
from tests.observe.image.sameness import LITTLE, exhaust

_DEEPEST = 4


def image(data: bytes) -> None:
    """Whatever some bytes claim to be is opened and read, and what is in it, too."""
    _opened(Bytes(data), Budget(LITTLE), 0)


def _opened(blob: Blob, budget: Budget, depth: int) -> None:
    try:
        reader = recognised(blob)
        if reader is None or depth > _DEEPEST:
            return
        contents = reader.opens(blob, budget)
        for tree in (contents.tree, *(part.tree for part in contents.parts[:8])):
            if tree is not None:
                exhaust(tree)
        for part in contents.parts[:8]:
            if part.blob is not None:
                _opened(part.blob, budget, depth + 1)
    except Unreadable as error:
        if not 0 < len(str(error)) < 300:
            raise AssertionError("a reason is there, and short") from error


def _text(read: Callable[[str], object]) -> Callable[[bytes], object]:
    return lambda data: read(data.decode("utf-8", "replace"))


def _elf(data: bytes) -> None:
    elf.read_elf(data, lambda offset, length: data[offset : offset + length])


def _payload(data: bytes) -> None:
    kernel_image.payload_of(data[:4096], lambda offset, length: data[offset : offset + length])


def _program(data: bytes) -> None:
    program = authenticode.read_program(data[:4096], len(data))
    authenticode.hashed_ranges(program, len(data))


def _hashes(data: bytes) -> None:
    verity.root_hash(lambda offset, length: data[offset : offset + length], verity.read_superblock(data))


_REFUSALS = (
    fdt.BadTree, android.BadHeader, authenticode.NotProgram, verity.BadSuperblock, certificates.UnreadableCertificate,
    pem.NoKey, BadDatabase, signed_data.Malformed,
)  # fmt: skip
"""What codecs raise for what is none of theirs."""
CODECS: tuple[Callable[[bytes], object], ...] = (
    fdt.read_bytes, android.read_footer, android.read_vbmeta, android.read_boot, android.read_sparse,
    android.read_chunk, _elf, _payload, _program, _hashes, kernel_image.release_of, kernel_image.release_of_bzimage,
    authenticode.read_statement, lambda data: list(authenticode.read_table(data)), uboot_env.read_block,
    uboot_env.read_text, lambda data: list(uboot_env.find_defaults(data)), module_signature.read_signature,
    file_attributes.capabilities_of, file_attributes.ima_of, certificates.read_certificate, certificates.read_bundle,
    certificates.read_damaged, certificates.read_damaged_bundle,
    signed_data.read_signed_data, lambda data: list(pem.find_pem(data)), der.read_der, pgp.read_packets,
    pgp.read_agent, pgp.read_armoured, sshkeys.read_openssh, sshkeys.read_putty, sshkeys.read_dropbear,
    stores.read_store, curve25519.read_age, curve25519.read_tinc, rpm.read_header,
    lambda data: list(rpm.read_rpm_sqlite(rpm.MAGIC + data)), _text(lambda text: list(apk.read_apk(text))),
    _text(lambda text: list(control.read_control(text))),
    _text(lambda text: list(control.read_licence_manifest(text))),
)  # fmt: skip


def image_codecs(data: bytes) -> None:
    """A codec of ``iotscan/wire`` that files of images are read with; the first byte chooses it."""
    if data:
        try:
            CODECS[data[0] % len(CODECS)](data[1:])
        except _REFUSALS:
            return


class _Files(IndexedTree):
    format = "fuzz"

    def __init__(self, files: dict[str, bytes]) -> None:
        super().__init__(Budget(LITTLE))
        self._files = files
        for path, content in files.items():
            self.add(Entry(path=path, kind="file", size=len(content), mode=0o755))

    def content(self, entry: Entry) -> Blob:
        return Bytes(self._files[entry.path])


_BESIDE = {
    "/etc/passwd": b"root:x:0:0::/:/bin/sh\n", "/bin/sh": b"\x7fELF", "/usr/sbin/sshd": b"\x7fELF OpenSSH_9.2",
    "/opt/Packages": b"Package: a\nFilename: a.ipk\nSize: 1\n\n", "/srv/index.json": b"{}", "/srv/fw.img": b"firmware",
    "/srv/config": b"[core]\nrepo_version=1\nmode=archive\n",
    "/usr/sbin/nginx": b"\x7fELF", "/usr/sbin/mosquitto": b"\x7fELF", "/lib/systemd/systemd": b"\x7fELF",
    "/etc/inittab": b"::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/sshd\n::respawn:/usr/sbin/mosquitto\n",
}  # fmt: skip
PLACES = (
    *(f"/{path}" for path in EVERYWHERE),
    "/etc/passwd",
    "/etc/shadow",
    "/etc/group",
    "/usr/bin/x",
    "/boot/zImage",
    *(f"/data/update.{ending}" for ending in ("raucb", "swu", "mender", "suit", "bin", "apk", "rpm")),
    "/etc/opkg/keys/0011223344556677",
    "/etc/apk/keys/maker.rsa.pub",
    "/etc/apt/trusted.gpg",
    "/etc/containers/policy.json",
    "/etc/keys/x509_ima.der",
    "/etc/tuf/root.json",
    *(f"/opt/{name}" for name in ("InRelease", "Packages.sig", "APKINDEX.tar.gz", "packages.adb")),
    *(f"/srv/{name}" for name in ("oci-layout", "summary", "1.root.json", "fw.img.sig")),
)


def image_files(data: bytes) -> None:
    """A file of a root file system, in a place where somebody reads it; the first byte chooses the place."""
    if not data:
        return
    tree = _Files({**_BESIDE, PLACES[data[0] % len(PLACES)]: data[1:]})
    said: list[Message] = []
    place = Place(path="", format="fuzz", role="root", tree=tree)
    look_at(Site(source="fuzz", places=(place,)), "fuzz", said.append)
    broken = [gap.detail for gap in _gaps(said) if gap.status == "broken"]
    assert not broken, broken


def _gaps(said: list[Message]) -> Iterator[Missed]:
    for message in said:
        if isinstance(message, Said):
            yield from message.heard.missed


TARGETS: dict[str, Callable[[bytes], None]] = {
    "image": image,
    "image-codecs": image_codecs,
    "image-files": image_files,
}
