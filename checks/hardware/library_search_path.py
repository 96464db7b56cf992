"""No program loads libraries from where others than root may write.

## What it looks at
RPATH and RUNPATH in the ELF headers of the image's programs and libraries: a folder that is relative or empty (the
current folder, whichever that is), or one below `/tmp`, `/var/tmp`, `/home`, `/run`, `/data`, `/mnt` or `/media`.
What begins with `$ORIGIN` moves with the program and is in order. Folders of a build machine count too where they are
below one of these.

## Why it matters
Whoever can put a file there runs code in the program, with its rights: for a service that is root, this is root.

## How to fix
Take the search path out (`chrpath -d`, or `-Wl,-rpath` left out of the build) or let it name folders that only root
may write. Yocto reports them as `rpaths` and `useless-rpaths` in its QA: do not skip these.

## References
- ld.so(8), on RPATH and RUNPATH
- CWE-426, untrusted search path
"""

from iotscan.sdk import Program, Programs, Returned, Subject, Target, bad, check, clause, command, good, skip

WRITABLE = ("/data", "/dev/shm", "/home", "/media", "/mnt", "/run", "/tmp", "/var/run", "/var/tmp")  # noqa: S108  # looked for


def open_part(program: Program) -> str | None:
    """The first folder of its search path that others may fill; None where there is none."""
    parts = [part for path in program.search_path for part in path.split(":")]
    for part in parts:
        if not part.startswith(("/", "$ORIGIN", "${ORIGIN}")):
            return part or "the current folder"
        if any(part == place or part.startswith(f"{place}/") for place in WRITABLE):
            return part
    return None


@check(
    id="library-search-path",
    title="No program loads libraries from where others than root may write",
    element="hardware",
    variants={"writable": ("medium", "A program loads libraries from where others may write")},
    clauses=(
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(k)"),
        clause("ETSI EN 303 645", "V3.1.3", "5.6-7"),
    ),
    tags=("hardening", "image", "root-filesystem"),
    since="0.1",
    effort="low",
)
def library_search_path(found: Programs, target: Target) -> Returned:
    """Fail on each program or library with such a folder."""
    looked = (*found.programs, *found.weak_libraries)
    if not found.programs and not found.libraries:
        return skip("no ELF program in the image")
    wrong = []
    for program in looked:
        part = open_part(program)
        if part is not None:
            finding = bad(
                "writable",
                f"{program.path} loads libraries from {part}",
                observed=f"search path {':'.join(program.search_path) or 'empty'}",
                expected="no search path, or folders that only root may write",
                reproduce=command("readelf", "-d", program.path.rpartition(":")[2]),
                about=Subject(image=target.subject.image, path=program.path),
            )
            wrong.append(finding)
    return wrong or good(f"{len(found.programs)} programs and {found.libraries} libraries with sound search paths")
