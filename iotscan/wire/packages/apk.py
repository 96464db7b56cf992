"""Alpine's database of installed packages, ``lib/apk/db/installed``: lines of a letter, a colon and a value.

apk v3 still writes this text form. Source: apk-tools, database.c and package.c (``apk_pkg_write_index_entry``).
"""

from collections.abc import Iterator

from iotscan.wire.packages import Installed


def read_apk_files(text: str) -> Iterator[tuple[str, str]]:
    """Name of a package and path of a file of it, for every file of every package."""
    package = folder = ""
    for line in text.split("\n"):
        kind, value = line[:2], line[2:]
        if not line:
            package = folder = ""
        elif kind == "P:":
            package = value
        elif kind == "F:":
            folder = value
        elif kind == "R:" and package:
            yield package, f"/{folder}/{value}" if folder else f"/{value}"


def read_apk(text: str) -> Iterator[Installed]:
    """The installed packages."""
    fields: dict[str, str] = {}
    for line in [*text.split("\n"), ""]:
        if not line:
            if fields.get("P") and fields.get("V"):
                yield Installed(
                    name=fields["P"],
                    version=fields["V"],
                    architecture=fields.get("A", ""),
                    source=fields.get("o", ""),
                    licence=fields.get("L", ""),
                )
            fields = {}
        elif line[1:2] == ":" and line[0] in "PVAoL":
            # Of a package's files (F:, R:, a:, Z:) nothing is wanted; the case of the letters matters.
            fields[line[0]] = line[2:]
