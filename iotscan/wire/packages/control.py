"""Stanzas of ``Field: value`` lines: dpkg's and opkg's status files, control files, Yocto's licence manifest.

Sources: deb-control(5), dpkg(1) for the states; opkg's pkg_parse.c (the same fields); license_image.bbclass of Yocto.
"""

from collections.abc import Iterator

from iotscan.wire.packages import Installed

_FIELDS = frozenset(("package", "version", "architecture", "source", "sourcename", "license", "status"))
_LICENCES = frozenset(("package name", "package version", "recipe name", "license"))


def read_control(text: str) -> Iterator[Installed]:
    """The installed packages of a status or control file. One that was removed but for its configuration is none."""
    for fields in _stanzas(text, _FIELDS):
        if not fields.get("package") or not fields.get("version"):
            continue
        status = fields.get("status", "").split()
        if status and status[-1] != "installed":
            continue
        # dpkg adds the version in brackets where the source package has another one.
        source, _, of_source = fields.get("source", "").partition(" ")
        yield Installed(
            name=fields["package"],
            version=fields["version"],
            architecture=fields.get("architecture", ""),
            source=source or fields.get("sourcename", ""),
            source_version=of_source.strip(" ()"),
            licence=fields.get("license", ""),
        )


def read_licence_manifest(text: str) -> Iterator[Installed]:
    """The packages of Yocto's ``license.manifest``."""
    for fields in _stanzas(text, _LICENCES):
        if fields.get("package name") and fields.get("package version"):
            yield Installed(
                name=fields["package name"],
                version=fields["package version"],
                source=fields.get("recipe name", ""),
                licence=fields.get("license", ""),
            )


def _stanzas(text: str, wanted: frozenset[str]) -> Iterator[dict[str, str]]:
    fields: dict[str, str] = {}
    for line in text.split("\n"):
        if not line.strip():
            if fields:
                yield fields
            fields = {}
        elif line[0] not in " \t#":
            name, colon, value = line.partition(":")
            if colon and (key := name.strip().lower()) in wanted:
                fields[key] = value.strip()
    if fields:
        yield fields
