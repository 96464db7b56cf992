"""Which certificates the programs of a root file system trust by default.

Places: OpenSSL's default folder (names ``hash.N``, openssl-rehash(1)) and file, the bundles of Debian
(update-ca-certificates(8)), OpenWrt, Alpine, Fedora (update-ca-trust(8)), SUSE and Android. Java's own store is named,
not read.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from iotscan.data.mozilla_roots import DATED, mozilla_roots
from iotscan.model.facts import TrustAnchor, TrustStore
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.tree import Entry, Tree
from iotscan.observe.image.unreadable import Unreadable
from iotscan.wire.certificates import UnreadableCertificate, is_no_authority, read_certificate

_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/var/lib/ca-certificates/ca-bundle.pem",
)
_FOLDERS = (
    "/etc/ssl/certs",
    "/etc/pki/ca-trust/source/anchors",
    "/etc/pki/trust/anchors",
    "/system/etc/security/cacerts",
)
_BEFORE_BUNDLES = (
    "/usr/share/ca-certificates/mozilla",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
)
"""What bundles are made of: read where there is no bundle yet (it is made at first start)."""
_JAVA = (
    "/etc/ssl/certs/java/cacerts",
    "/etc/pki/java/cacerts",
    "/etc/ssl/java/cacerts",
    "/opt/java/openjdk/lib/security/cacerts",
)
_PACKAGES = (
    ("ca-certificates (dpkg)", "/var/lib/dpkg/info/ca-certificates.list"),
    ("ca-certificates (opkg)", "/usr/lib/opkg/info/ca-certificates.list"),
    ("ca-bundle (opkg)", "/usr/lib/opkg/info/ca-bundle.list"),
    ("ca-certificates (apk)", "/lib/apk/packages/ca-certificates.list"),
    ("ca-bundle (apk)", "/lib/apk/packages/ca-bundle.list"),
)
_APK = "/lib/apk/db/installed"
_BEGUN = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----")
_BLOCK = re.compile(rb"-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----([A-Za-z0-9+/=\s]{64,65536}?)-----END ")
_HASHED = re.compile(r"[0-9a-f]{8}\.\d{1,3}")
_LARGEST, _MOST = 8 << 20, 4000
_WORDS = {"folder": "a folder in the place of a file", "file": "a file in the place of a folder"}


def _inspect(tree: Tree) -> Heard:
    try:
        reading = _Reading(tree)
        for path in _BUNDLES:
            reading.file(path)
        for folder in _FOLDERS:
            reading.folder(folder, only_hashed=folder.endswith("/certs"))
        if not reading.bundles:
            for folder in _BEFORE_BUNDLES:
                reading.folder(folder, only_hashed=False)
        unread = (*dict.fromkeys(reading.unread), *(tree.show(p) for p in _JAVA if tree.find(p) is not None))
        if not reading.bundles and not unread:
            return Heard()
        fact = TrustStore(
            anchors=tuple(reading.anchors.values()),
            bundles=tuple(reading.bundles),
            unread=unread,
            package=_package(tree),
            mozilla_dated=DATED.isoformat(),
        )
        return Heard(facts=(fact,))
    except Unreadable as error:
        return all_missed((TrustStore,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"trust store: {error}")


class _Reading:
    """Certificates as they are met, each once."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._seen: set[str] = set()
        self._blocks: set[bytes] = set()
        self.anchors: dict[str, TrustAnchor] = {}
        self.bundles: list[str] = []
        self.unread: list[str] = []

    def file(self, path: str) -> None:
        """Read a bundle, if it is there; a name that is a link to one read before is not read again."""
        found = self._tree.find(path)
        if found is None or found.kind != "file":
            self._unusual(path, found)
            return
        if not found.size:
            return
        self.bundles.append(self._tree.show(path))
        self._entry(path, found)

    def folder(self, path: str, *, only_hashed: bool) -> None:
        """Read the certificates of a folder: where OpenSSL looks, those that it would find by their hash."""
        place = self._tree.find(path)
        if place is None or place.kind != "folder":
            self._unusual(path, place)
            return
        names = [entry.name for entry in self._tree.children(path)]
        wanted = [n for n in names if _HASHED.fullmatch(n)]
        if not wanted and not (only_hashed and self.bundles):
            wanted = [n for n in names if n.endswith((".crt", ".pem", ".cer", ".der"))]
        before = len(self._seen)
        for name in wanted:
            full = f"{path}/{name}"
            found = self._tree.find(full)
            if found is None or found.kind != "file":
                self._unusual(full, found)
            else:
                self._entry(full, found)
        if len(self._seen) > before:
            self.bundles.append(self._tree.show(path))

    def _unusual(self, path: str, found: Entry | None) -> None:
        """Name what stands in the place of a store and is none: with a start something may be put there."""
        if found is not None:
            self.unread.append(f"{self._tree.show(path)}: {_WORDS.get(found.kind, found.kind)}")
        elif self._tree.is_named(path):
            self.unread.append(f"{self._tree.show(path)}: a link that leads nowhere")

    def _entry(self, path: str, found: Entry) -> None:
        if found.path in self._seen:
            return
        if len(self._blocks) >= _MOST:
            raise Unreadable(f"more than {_MOST:,} certificates")
        self._seen.add(found.path)
        data = self._tree.whole(found.path, _LARGEST)
        for line, der in _certificates(data):
            if der not in self._blocks:
                self._blocks.add(der)
                self._certificate(path, line, der)

    def _certificate(self, path: str, line: int, der: bytes) -> None:
        try:
            read = read_certificate(der)
        except UnreadableCertificate:
            self.unread.append(f"{self._tree.show(path)}:{line}: no readable certificate")
            return
        self.anchors.setdefault(
            read.sha256,
            TrustAnchor(
                path=self._tree.show(path),
                line=line,
                subject=read.subject,
                sha256=read.sha256,
                not_after=read.not_after,
                key_type=read.key_type,
                key_bits=read.key_bits,
                signature_hash=read.signature_hash,
                mozilla=mozilla_roots().get(read.sha256, "unlisted"),
                signs_others=read.is_ca or not is_no_authority(der),
            ),
        )


def _certificates(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Line and DER of each certificate, text or not."""
    if data[:1] == b"\x30":
        yield 0, data
        return
    line = at = 0
    for begun in _BEGUN.finditer(data):
        line, at = line + data.count(b"\n", at, begun.start()), begun.start()
        # What begins as a certificate and is none is damaged.
        match = _BLOCK.match(data, at)
        try:
            yield line + 1, base64.b64decode(match[1]) if match else b""
        except binascii.Error:
            yield line + 1, b""


def _package(tree: Tree) -> str:
    named = next((name for name, path in _PACKAGES if tree.find(path) is not None), "")
    if not named and tree.find(_APK) is not None:
        text = tree.read(_APK, _LARGEST)
        named = next(
            (f"{p} (apk)" for p in ("ca-certificates", "ca-certificates-bundle") if f"\nP:{p}\n".encode() in text), ""
        )
    return named


INSPECTOR = Inspector(name="trust-store", version=2, gives=(TrustStore,), inspect=_inspect)
