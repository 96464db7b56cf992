"""sslscan, by its XML."""

import subprocess
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from iotscan.wire.tls.suites import suite_name
from tests.tls_lab.peers.verdicts import NONE, Verdicts, listed, of_suites, yes

_NAMES = {"ssl2": "SSLv2", "ssl3": "SSLv3", "tls1.0": "TLSv1.0", "tls1.1": "TLSv1.1", "tls1.2": "TLSv1.2"} | {
    "tls1.3": "TLSv1.3"
}
_STARTTLS = {"ftp", "imap", "pop3", "smtp", "ldap", "xmpp"}


def version() -> str:
    said = subprocess.run(["sslscan", "--version", "--no-colour"], capture_output=True, text=True).stdout
    return " with ".join(line.strip().removeprefix("Version: ") for line in said.splitlines()[:2])


def ask(host: str, port: int, opening: str) -> Verdicts:
    """One scan without Heartbleed, which is no question here."""
    starttls: Sequence[str] = (f"--starttls-{opening}",) if opening in _STARTTLS else ()
    command = ["sslscan", "--no-heartbleed", *starttls, "--xml=-", f"{host}:{port}"]
    said = subprocess.run(command, capture_output=True, text=True, timeout=120).stdout
    found = ET.fromstring(said[said.index("<?xml") :]).find("ssltest")
    if found is None:
        return {"versions": "no scan"}
    return _read(found)


def _read(found: ET.Element) -> Verdicts:
    versions = [_NAMES[p.get("type", "") + p.get("version", "")] for p in found.findall("protocol[@enabled='1']")]
    ciphers = found.findall("cipher")
    names = [_name(c) for c in ciphers]
    primes = [int(c.get("dhebits", "0")) for c in ciphers if c.get("dhebits")]
    said = {"versions": listed(versions)}
    if not versions:
        return said
    said |= {"dh": str(min(primes)) if primes else NONE} | of_suites(names)
    if not names:
        # What an empty list seems to say is not what it says.
        said |= dict.fromkeys(of_suites(()), "no suite found")
    renegotiation = found.find("renegotiation")
    if renegotiation is not None:
        supported, secure = (renegotiation.get(name) == "1" for name in ("supported", "secure"))
        said["renegotiation"] = yes(secure) if supported else "no renegotiation"
    fallback = found.find("fallback")
    if fallback is not None:
        said["scsv"] = yes(fallback.get("supported") == "1")
    return said


def _name(cipher: ET.Element) -> str:
    return suite_name(int(cipher.get("id", "0"), 16)) if cipher.get("sslversion") != "SSLv2" else "SSL_CK_"
