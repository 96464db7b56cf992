"""The package databases of a root file system, whichever package manager wrote them.

dpkg (also as distroless images have it, a file a package), opkg, apk, rpm in SQLite; Yocto's licence manifest where
no package manager stayed in the image. rpm's older databases (Berkeley DB, ndb) are named and not read. What pip, npm
and other managers of a language installed is left out.
"""

from collections.abc import Callable, Iterable
from urllib.parse import quote

import msgspec

from iotscan.model.facts import OperatingSystem, Package, PackageDatabase
from iotscan.model.text import safe_text
from iotscan.observe.image.budget import MIB
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.packages import BadDatabase, Installed
from iotscan.wire.packages.apk import read_apk
from iotscan.wire.packages.control import read_control, read_licence_manifest
from iotscan.wire.packages.rpm import read_rpm_sqlite

_TEXT_LIMIT, _RPM_LIMIT = 32 * MIB, 256 * MIB
_MOST = 20_000
"""Packages of one database: more than any distribution has in an image."""
_RPM_FOLDERS = ("/usr/lib/sysimage/rpm", "/var/lib/rpm")
_OLD_RPM = {"Packages": "Berkeley DB", "Packages.db": "ndb"}
_TYPES = {"dpkg": "deb", "apk": "apk", "rpm": "rpm"}
"""purl types; opkg and Yocto have none of their own, ``generic`` is for those."""
_DISTRIBUTIONS = {"dpkg": "debian", "apk": "alpine", "rpm": "linux"}

Format = str
Text = Callable[[str], Iterable[Installed]]
_TEXTS: tuple[tuple[str, Format, Text], ...] = (
    ("/var/lib/dpkg/status", "dpkg", read_control),
    ("/usr/lib/opkg/status", "opkg", read_control),
    ("/var/lib/opkg/status", "opkg", read_control),
    ("/usr/lib/apk/db/installed", "apk", read_apk),
    ("/lib/apk/db/installed", "apk", read_apk),
)
_FOLDERS: tuple[tuple[str, str, Format, Text], ...] = (
    ("/var/lib/dpkg/status.d", "", "dpkg", read_control),
    ("/usr/lib/opkg/info", ".control", "opkg", read_control),
    ("/var/lib/opkg/info", ".control", "opkg", read_control),
)
_LICENCES = "/usr/share/common-licenses/license.manifest"


class PackageList(msgspec.Struct, kw_only=True):
    """What was found so far."""

    packages: list[Package] = []
    databases: list[PackageDatabase] = []
    not_read: list[str] = []


def installed_in(tree: Tree, system: OperatingSystem | None) -> PackageList:
    """Every package that a database of this root lists. Never raises but at a limit of the whole image."""
    reading = _Reading(tree, system)
    for path, kind, reader in _TEXTS:
        reading.file(path, kind, reader)
    for folder, ending, kind, reader in _FOLDERS:
        # opkg keeps a control file for each package of its status file, too.
        if not any(d.format == kind for d in reading.found.databases):
            reading.folder(folder, ending, kind, reader)
    for folder in _RPM_FOLDERS:
        reading.rpm(folder)
    if not reading.found.databases:
        reading.file(_LICENCES, "yocto-licences", read_licence_manifest)
    return reading.found


class _Reading:
    def __init__(self, tree: Tree, system: OperatingSystem | None) -> None:
        self._tree = tree
        self._system = system
        self._done: set[str] = set()
        self.found = PackageList()

    def file(self, path: str, format: Format, reader: Text) -> None:
        """A database that is one file."""
        if self._is_there(path):
            self._take(path, format, lambda: reader(self._text(path)))

    def folder(self, path: str, ending: str, format: Format, reader: Text) -> None:
        """A database that is a file for each package."""
        try:
            names = [e.path for e in self._tree.children(path) if e.kind == "file" and e.name.endswith(ending)]
        except Unreadable as error:
            self._lost(path, str(error))
            return
        names = [name for name in names if not name.endswith(".md5sums")]
        if names:
            self._take(path, format, lambda: (p for name in names for p in reader(self._text(name))))

    def rpm(self, folder: str) -> None:
        """Rpm's database, in whichever of its forms."""
        path = f"{folder}/rpmdb.sqlite"
        if self._is_there(path):
            self._take(path, "rpm", lambda: read_rpm_sqlite(self._bytes(path, _RPM_LIMIT)))
            log = f"{path}-wal"
            entry = self._tree.find(log)
            if entry is not None and entry.size:
                self._lost(log, "its changes since the last checkpoint are not read")
            return
        for name, form in _OLD_RPM.items():
            if self._is_there(f"{folder}/{name}"):
                self._lost(f"{folder}/{name}", f"rpm databases in the form of {form} are not supported")

    def _is_there(self, path: str) -> bool:
        try:
            entry = self._tree.find(path)
        except Unreadable as error:
            self._lost(path, str(error))
            return False
        # /lib and /usr/lib are often one folder.
        if entry is None or entry.kind != "file" or not entry.size or entry.path in self._done:
            return False
        self._done.add(entry.path)
        return True

    def _take(self, path: str, format: Format, read: Callable[[], Iterable[Installed]]) -> None:
        shown = self._tree.show(path)
        before = len(self.found.packages)
        try:
            for package in read():
                if len(self.found.packages) - before >= _MOST:
                    raise BadDatabase(f"it lists more than {_MOST:,} packages")
                self.found.packages.append(self._package(package, format, shown))
        except (Unreadable, BadDatabase) as error:
            self._lost(path, str(error))
        count = len(self.found.packages) - before
        if count:
            database = {"path": shown, "format": format, "packages": count}
            self.found.databases.append(msgspec.convert(database, PackageDatabase))
        elif not any(shown in lost for lost in self.found.not_read):
            self._lost(path, "no package is listed in it")

    def _package(self, package: Installed, format: Format, database: str) -> Package:
        return Package(
            name=safe_text(package.name, 120),
            version=safe_text(package.version, 120),
            database=database,
            architecture=safe_text(package.architecture, 40),
            source=safe_text(package.source, 120) if package.source != package.name else "",
            source_version=safe_text(package.source_version, 120) if package.source_version != package.version else "",
            licence=safe_text(package.licence, 200),
            purl=purl_of(package, format, self._system),
        )

    def _text(self, path: str) -> str:
        return self._bytes(path, _TEXT_LIMIT).decode("utf-8", "replace")

    def _bytes(self, path: str, limit: int) -> bytes:
        blob = self._tree.blob(path)
        if blob.size > limit:
            raise Unreadable(f"larger than {limit // MIB:,} MiB")
        return self._tree.read(path, limit)

    def _lost(self, path: str, why: str) -> None:
        self.found.not_read.append(f"{self._tree.show(path)}: {why}")


def purl_of(package: Installed, format: Format, system: OperatingSystem | None) -> str:
    """The package URL (ECMA-427, and the definitions of its types deb, apk and rpm)."""
    scheme = _TYPES.get(format, "generic")
    vendor = system.id if system else _DISTRIBUTIONS.get(format, "")
    name = package.name.lower() if scheme in ("deb", "apk") else package.name
    version, qualifiers = package.version, {}
    if scheme == "rpm" and ":" in version:
        qualifiers["epoch"], _, version = version.partition(":")
    if package.architecture:
        qualifiers["arch"] = package.architecture
    if system and system.version:
        qualifiers["distro"] = f"{system.id}-{system.version}"
    namespace = f"{_quoted(vendor.lower())}/" if vendor and scheme != "generic" else ""
    tail = "&".join(f"{key}={_quoted(qualifiers[key])}" for key in sorted(qualifiers))
    return safe_text(f"pkg:{scheme}/{namespace}{_quoted(name)}@{_quoted(version)}{'?' if tail else ''}{tail}", 400)


def _quoted(text: str) -> str:
    return quote(text, safe=":~.-_")
