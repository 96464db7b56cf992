"""The lab's certificates, lists and responses by name; each is made when it is asked for first."""

from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import msgspec
from cryptography import x509

from tests.pki_lab import keys
from tests.pki_lab.crls import index, make_crl
from tests.pki_lab.issuing import Issued, issue, pem_of, serial_of
from tests.pki_lab.ocsp import make_ocsp
from tests.pki_lab.recipes import SERVERS, TRUSTED

WEB = "http://pki.device.example"


class Leaf(msgspec.Struct, frozen=True, kw_only=True):
    """A server certificate with what a server needs to show it."""

    name: str
    ders: tuple[bytes, ...]
    """As a server sends them, its own first."""
    key: keys.Key
    chain: Path
    """PEM, as it is sent."""
    key_file: Path
    root: Path
    """PEM of the one root that vouches for it."""
    own: Issued
    issuer: Issued
    root_der: bytes

    @property
    def der(self) -> bytes:
        """Its own certificate."""
        return self.ders[0]

    @property
    def certificate(self) -> x509.Certificate:
        """Its own, as ``cryptography`` reads it."""
        return x509.load_der_x509_certificate(self.der)


class Signed(msgspec.Struct, frozen=True, kw_only=True):
    """A CRL or an OCSP response: its bytes, and files of it."""

    name: str
    der: bytes
    file: Path
    """DER."""
    pem: Path | None = None
    """A CRL only: OCSP responses have no PEM."""


class Pki:
    """Everything relative to one moment. Files go into ``folder``; ``web`` is where certificates say their CRLs are.

    Keys are made once a session, whatever the moment, so that a second lab costs little.
    """

    def __init__(self, folder: Path, *, now: datetime | None = None, web: str = WEB) -> None:
        self.folder = folder
        self.now = (now or datetime.now(UTC)).replace(microsecond=0)
        self.web = web
        self._issued: dict[str, Issued] = {}
        self._signed: dict[tuple[str, str], Signed] = {}

    def issued(self, name: str) -> Issued:
        """Any certificate of the recipes with its key, authorities too."""
        if name not in self._issued:
            self._issued[name] = issue(name, self.issued, self.now, self.web)
        return self._issued[name]

    def leaf(self, name: str = "good") -> Leaf:
        """A server certificate, its chain and its key. Names: ``recipes.SERVERS``."""
        recipe = SERVERS[name]
        own = self.issued(name)
        sent = (own, *(self.issued(above) for above in recipe.sends))
        root = self.issued(recipe.root)
        return Leaf(
            name=name,
            ders=tuple(each.der for each in sent),
            key=own.key,
            chain=self._file(f"{name}.chain.pem", b"".join(each.pem for each in sent)),
            key_file=self._file(f"{name}.key.pem", keys.pem(own.key), secret=True),
            root=self._file(f"{recipe.root}.root.pem", root.pem),
            own=own,
            issuer=self.issued(recipe.by),
            root_der=root.der,
        )

    @cached_property
    def store(self) -> Path:
        """PEM of all roots that are trusted: ``recipes.TRUSTED``."""
        return self._file("store.pem", b"".join(self.issued(name).pem for name in TRUSTED))

    def crl(self, name: str) -> Signed:
        """A revocation list. Names: ``crls.CRLS``; each authority's own is the current one."""
        if ("crl", name) not in self._signed:
            made = make_crl(name, self.issued, self.now)
            pem = self._file(f"{name}.crl.pem", pem_of(made, "X509 CRL"))
            self._signed["crl", name] = Signed(name=name, der=made, file=self._file(f"{name}.crl", made), pem=pem)
        return self._signed["crl", name]

    def ocsp(self, name: str, about: str = "good") -> Signed:
        """An OCSP response about the server certificate ``about``. Names: ``ocsp.RESPONSES``."""
        if (about, name) not in self._signed:
            made = make_ocsp(name, about, self.issued, self.now)
            file = self._file(f"{about}.{name}.ocsp", made)
            self._signed[about, name] = Signed(name=name, der=made, file=file)
        return self._signed[about, name]

    def index(self, by: str = "issuing") -> Path:
        """The database of an authority, for ``openssl ocsp -index``."""
        text = index(by, self.now, lambda name: self.issued(name).certificate.not_valid_after_utc)
        return self._file(f"{by}.index.txt", text.encode())

    @staticmethod
    def serial(name: str) -> int:
        """The serial number of a certificate."""
        return serial_of(name)

    def _file(self, name: str, content: bytes, *, secret: bool = False) -> Path:
        path = self.folder / name
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)
            path.chmod(0o600 if secret else 0o644)
        return path
