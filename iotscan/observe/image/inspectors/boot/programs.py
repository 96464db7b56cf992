"""The programs of UEFI, and whether the signatures in them are signatures of them.

Looked at where firmware and loaders take programs from (an EFI system partition, ``/boot``, ``/efi``): a template in
``/usr/lib`` is started by nobody.
"""

import hashlib
from collections.abc import Iterator

from cryptography.hazmat.primitives import hashes

from iotscan.model.answer import Answer
from iotscan.model.facts import EfiBinaries, EfiBinary, EfiSignature
from iotscan.model.facts.verified_boot import EfiProgram
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import Reason
from iotscan.observe.image.blob import Blob
from iotscan.observe.image.inspectors.boot.chain import Chain
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.authenticode import (
    HEAD,
    NotProgram,
    Program,
    Section,
    hashed_ranges,
    read_program,
    read_statement,
    read_table,
)
from iotscan.wire.ber import Malformed
from iotscan.wire.signed_data import certificate_of, verifies

_CHUNK = 4 << 20
_TABLE_LIMIT = 4 << 20
_EFI_SUBSYSTEMS = range(10, 14)
_DEFAULT_NAMES = ("/bootx64.efi", "/bootaa64.efi", "/bootia32.efi", "/bootarm.efi", "/bootriscv64.efi")
_KERNELS = ("vmlinu", "bzimage", "zimage", "image", "linux", "kernel")
_LOADERS: tuple[tuple[EfiProgram, bytes], ...] = (
    ("shim", b"shim,"),
    ("grub", b"grub,"),
    ("systemd-boot", b"LoaderInfo: systemd-boot"),
)
_ELSEWHERE = Answer[bool].missing(
    Reason.NOT_OBSERVABLE, "its algorithm is not tried here, or its certificate is missing"
)


def read(chain: Chain) -> EfiBinaries | None:
    """The programs of UEFI, None without any. Raises Unreadable."""
    found = tuple(binary for binary, _, _ in chain.programs)
    return EfiBinaries(binaries=found) if found else None


def programs(chain: Chain) -> Iterator[tuple[EfiBinary, Program, Blob]]:
    """Each program with its headers and bytes. Raises Unreadable."""
    seen: set[str] = set()
    for place, blob in chain.places("efi", "kernel"):
        # What is not given by itself is met as a file, where its path tells whether anything starts it; a kernel inside
        # of a unified kernel image or FIT is signed with the whole.
        if place.path:
            continue
        shown = place.shown or place.format
        for found in _program(chain, shown, shown, blob):
            seen.add(shown)
            yield found
    for file in chain.files:
        if _is_called_program(file.name) and file.entry.size > 1024 and file.shown not in seen:
            try:
                yield from _program(chain, file.shown, file.name, file.blob)
            except Unreadable as error:
                raise Unreadable(f"{file.shown}: {error}") from error


def _is_called_program(name: str) -> bool:
    """True for what firmware and loaders start by its name: a path in lower case."""
    return name.endswith((".efi", ".signed")) or name.rpartition("/")[2].startswith(_KERNELS)


def is_sound(binary: EfiBinary) -> bool:
    """True where a signature fits the program, by its own certificate."""
    return any(s.digest_matches and s.holds.known for s in binary.signatures)


def section_of(blob: Blob, section: Section, limit: int) -> bytes:
    """What a section holds once loaded, up to ``limit`` bytes."""
    return blob.read_at(section.offset, min(section.length, section.loaded or section.length, limit))


def _program(chain: Chain, shown: str, name: str, blob: Blob) -> Iterator[tuple[EfiBinary, Program, Blob]]:
    if blob.read_at(0, 2) != b"MZ":
        return
    try:
        program = read_program(blob.read_at(0, HEAD), blob.size)
    except NotProgram:
        return
    if program.subsystem not in _EFI_SUBSYSTEMS:
        return
    problem, signatures = "", tuple[EfiSignature, ...]()
    try:
        signatures = tuple(_signatures(chain, program, blob))
    except (NotProgram, Malformed) as error:
        problem = str(error) or "its signature cannot be read"
    binary = EfiBinary(
        path=shown,
        program=_kind(program, name, blob),
        is_default=name.lower().endswith(_DEFAULT_NAMES),
        signatures=signatures,
        problem=problem,
    )
    yield binary, program, blob


def _kind(program: Program, name: str, blob: Blob) -> EfiProgram:
    if program.section(".linux"):
        return "uki"
    head = blob.read_at(0, 1024)
    if head[0x202:0x206] == b"HdrS" or head[0x38:0x3C] in (b"ARM\x64", b"RSC\x05"):
        return "kernel"
    sections = (program.section(name) for name in (".sbat", ".sdmagic"))
    text = b"".join(section_of(blob, section, 4096) for section in sections if section)
    for kind, mark in _LOADERS:
        if mark in text or kind in name.rpartition("/")[2]:
            return kind
    return "other"


def _signatures(chain: Chain, program: Program, blob: Blob) -> Iterator[EfiSignature]:
    start, size = program.table
    if not size:
        return
    if size > _TABLE_LIMIT:
        raise NotProgram("its certificate table is larger than any")
    digests: dict[str, bytes] = {}
    for message in read_table(blob.read_at(start, size)):
        said = read_statement(message)
        if said.algorithm not in digests:
            digests[said.algorithm] = _digest(chain, program, blob, said.algorithm)
        certificate = certificate_of(said.signed, said.signer)
        holds = verifies(said.signed, said.signer, certificate) if certificate else None
        yield EfiSignature(
            signer=safe_text(certificate.subject.rfc4514_string()) if certificate else "",
            issuer=safe_text(certificate.issuer.rfc4514_string()) if certificate else "",
            certificate_sha256=certificate.fingerprint(hashes.SHA256()).hex() if certificate else "",
            algorithm=said.algorithm,
            digest_matches=digests[said.algorithm] == said.digest,
            holds=_ELSEWHERE if holds is None else Answer.of(holds),
        )


def _digest(chain: Chain, program: Program, blob: Blob, algorithm: str) -> bytes:
    if algorithm == "other" or not chain.allows_hashing(blob.size):
        raise NotProgram("its digest is not computed: the algorithm is not known, or more than 4 GiB would be hashed")
    hashing = hashlib.new(algorithm)
    for start, end in hashed_ranges(program, blob.size):
        for at in range(start, end, _CHUNK):
            hashing.update(blob.read_at(at, min(_CHUNK, end - at)))
    return hashing.digest()
