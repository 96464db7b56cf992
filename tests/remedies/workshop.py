"""Keys and certificates for the daemons: those of the TLS lab, and a chain of three for ``device.example``."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.remedies.asking import NAME
from tests.remedies.weakness import PATH
from tests.ssh_lab import workshop as ssh_lab
from tests.tls_lab import workshop

Key = ec.EllipticCurvePrivateKey


def furnish(folder: Path) -> dict[str, str]:
    """Write everything into ``folder``; what a template may name, with its path or value.

    ``store`` is the root, ``leaf``, ``middle`` and ``key`` what it vouches for, ``whole`` the chain in its order.
    """
    names = workshop.furnish(folder)
    keys = [ec.generate_private_key(ec.SECP256R1()) for _ in range(3)]
    root = _issue("Root", keys[0], "Root", keys[0], is_ca=True)
    middle = _issue("Middle", keys[1], "Root", keys[0], is_ca=True)
    leaf = _issue(NAME, keys[2], "Middle", keys[1], is_ca=False)
    secret = keys[2].private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    texts = {"store": root, "middle": middle, "leaf": leaf, "whole": leaf + middle, "key": secret.decode()}
    texts |= {"rooted": leaf + middle + root, "shuffled": leaf + root + middle, "twice": leaf + middle + middle}
    texts["strange"] = leaf + Path(names["rsa_cert"]).read_text() + middle
    for name, text in texts.items():
        (folder / f"chain-{name}.pem").write_text(text)
        (folder / f"chain-{name}-key.pem").write_text(text + secret.decode())
    named = {name: str(folder / f"chain-{name}.pem") for name in texts}
    keygen, dropbearkey = (shutil.which(tool, path=PATH) for tool in ("ssh-keygen", "dropbearkey"))
    if keygen and dropbearkey:
        (folder / "ssh").mkdir()
        named |= ssh_lab.furnish(folder / "ssh", keygen=keygen, dropbearkey=dropbearkey)
    return {**names, **named, "whole_both": str(folder / "chain-whole-key.pem")}


def _issue(subject: str, key: Key, issuer: str, by: Key, *, is_ca: bool) -> str:
    now = datetime.now(UTC).replace(microsecond=0)
    builder = (
        x509.CertificateBuilder(_name(issuer), _name(subject), key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(1))
        .not_valid_after(now + timedelta(60))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if not is_ca:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        # As public CAs write it: only of those is it known that a root signs no server.
        policy = x509.PolicyInformation(x509.ObjectIdentifier("2.23.140.1.2.1"), None)
        builder = builder.add_extension(x509.CertificatePolicies([policy]), critical=False)
    return builder.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])
