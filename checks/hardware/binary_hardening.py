"""The programs that face the network are built with the protections of their compiler.

## What it looks at
The ELF headers of the programs that a network service of the image runs; where none is known to face the network, of
every program in a `bin` or `sbin` folder. One is hardened when its stack cannot be executed, it is position
independent (PIE), its relocations are read-only once it runs (full RELRO) and it checks stack canaries. Nine of ten
have to be. Of programs that are not known to face the network partial RELRO is enough, and where most have canaries
one without is taken for one that has no arrays. Go programs are left out, as their runtime checks what canaries are
for; a canary is not asked of Rust, nor of a static program, whose headers do not tell. Kernel modules are no programs.
FORTIFY_SOURCE is counted, not judged: musl shows nothing of it.

## Why it matters
A buffer overflow in a service is the classic way into a device. With these protections it mostly ends in a crash;
without them the same flaw runs the attacker's code at a known address.

## How to fix
Build with `-fstack-protector-strong -D_FORTIFY_SOURCE=2 -fPIE -pie -Wl,-z,relro,-z,now -Wl,-z,noexecstack`: Yocto
`require conf/distro/include/security_flags.inc`, Buildroot `BR2_PIC_PIE`, `BR2_SSP_STRONG`, `BR2_RELRO_FULL`,
OpenWrt `CONFIG_PKG_ASLR_PIE_ALL`, `CONFIG_PKG_RELRO_FULL`.

## References
- OWASP ISVS 1.3.7 to 1.3.11
- elf(5), ld(1) -z keywords, GCC manual: instrumentation options
- Regulation (EU) 2024/2847, Annex I Part I (2)(k)
"""

from typing import NamedTuple

from iotscan.sdk import (
    Each,
    Program,
    Programs,
    Reason,
    Returned,
    StartedServices,
    bad,
    check,
    clause,
    command,
    good,
    skip,
    unknown,
)

ENOUGH = 0.9
WANTED = "PIE, full RELRO, stack canary and no executable stack in 9 of 10"


class Asked(NamedTuple):
    """What is asked of programs: what they are, which RELRO is enough, whether each needs a canary."""

    what: str
    relro: tuple[str, ...]
    canary: bool


def lacks(program: Program, asked: Asked) -> list[str]:
    """What a program lacks of what can be asked of it."""
    missing = []
    if not program.stack_not_executable:
        missing.append("executable stack")
    if not program.position_independent:
        missing.append("no PIE")
    if program.relro not in asked.relro and not program.static:
        missing.append(f"{program.relro} RELRO")
    if asked.canary and program.canary.known is False and program.language != "rust":
        missing.append("no canary")
    return missing


def judged(found: Programs, services: Each[StartedServices]) -> tuple[list[Program], Asked]:
    """The programs to judge, and what is asked of them."""
    facing = set()
    for seen in services:
        prefix = f"{seen.subject.path}:" if seen.subject.path else ""
        for service in seen.fact.services:
            if service.faces_network.known and service.program:
                facing.add((prefix, service.program.rpartition("/")[2]))
    in_bins = [p for p in found.programs if "bin/" in p.path]
    by_name = [p for p in found.programs if is_one_of(p.path, facing)]
    own = [p for p in by_name or in_bins if p.language != "go"]
    if by_name:
        return own, Asked("programs that face the network", ("full",), True)
    with_canary = sum(p.canary.known is True for p in own)
    return own, Asked("programs in bin folders", ("full", "partial"), 2 * with_canary < len(own))


def is_one_of(path: str, facing: set[tuple[str, str]]) -> bool:
    """True for the path of a program that a service runs, by its root and its name: /bin may be a link."""
    place, _, inner = path.rpartition(":")
    return (f"{place}:" if place else "", inner.rpartition("/")[2]) in facing


@check(
    id="binary-hardening",
    aliases=("HW-017",),
    title="The programs that face the network are built with the protections of their compiler",
    element="hardware",
    variants={
        "weak": ("medium", "More than one in ten programs lack protections of the compiler"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "1.3.7"),
        clause("OWASP ISVS", "edfda29b", "1.3.8"),
        clause("OWASP ISVS", "edfda29b", "1.3.9"),
        clause("OWASP ISVS", "edfda29b", "1.3.10"),
        clause("OWASP ISVS", "edfda29b", "1.3.11"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(k)"),
    ),
    tags=("hardening", "image", "root-filesystem"),
    since="0.1",
    effort="medium",
)
def binary_hardening(found: Programs, services: Each[StartedServices]) -> Returned:
    """Judge the share that is hardened, and name the worst."""
    own, asked = judged(found, services)
    if not own and found.unread:
        return unknown(f"{found.unread[0]} is an ELF file that cannot be read", reason=Reason.UNREADABLE)
    if not own:
        return skip(f"{len(found.programs)} programs in the image, none of them in C or Rust and in a bin folder")
    weak = sorted((p for p in own if lacks(p, asked)), key=lambda p: (-len(lacks(p, asked)), not p.setuid, p.path))
    counted = f"{len(own) - len(weak)} of {len(own)} {asked.what} are hardened"
    worst = "; ".join(f"{p.path}: {', '.join(lacks(p, asked))}" for p in weak[:8])
    if len(own) - len(weak) >= ENOUGH * len(own):
        return good(counted, observed=worst)
    fortified = sum(p.fortified > 0 for p in own)
    return bad(
        "weak",
        counted,
        observed=f"{counted}, {fortified} use FORTIFY_SOURCE. {worst}",
        expected=WANTED,
        reproduce=command("readelf", "-lWd", weak[0].path.rpartition(":")[2]),
        part=asked.what,
    )
