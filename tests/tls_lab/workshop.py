"""Keys, certificates and parameters that the servers of the lab are given, made once a session."""

import ipaddress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.tls_lab.programs.listening import HOST

PSK = "00112233445566778899aabbccddeeff"
PRIMES = {
    "dh1024": """-----BEGIN DH PARAMETERS-----
MIGHAoGBANuaUdQGFha6s4OsWTyGuu7gQ4wHUUlg6LidtIrfkLvXJ93IprJS+Ksv
zUD/JszUyUpuozBtuWGRY99j9wvEvNmA58kCbrVGOnAPXBBqvE/NRFz2RX9L6ea2
fPu9zq8fv2u92dEddx3+e7sA0J7Eqo6SsIsmwbqetW5TaJFOcj63AgEC
-----END DH PARAMETERS-----
""",
    "dh2048": """-----BEGIN DH PARAMETERS-----
MIIBCAKCAQEAyq1qmun4zlGeuKhVfos1VKQe9mjJjsIjHpSGr0+8CCkPsO2QIjXw
3DYPHhA7iCfPRqoch3aItMU2QxHhY/GufaSF15yysHWBVkG7ZoPxqdCBupJCFsSL
SfFXGT9HJRHjRKIj5QcV9uOWnWYQfrI8yR4AW+oEP1Qq8eAOq6kJGI/73IMJXrwA
L6QHhcoLq3hC+YRrhXjEQ64KQQxShV0bKSuoP2bGWXqj5+lkuSt5nKoWPzZq7lDg
LTDW+X39w3dEsFE2E4cn/q7gZszHu66+Br/mtTmeTEHafel5E+e8w6TSzyWMGzXB
kVMt/D6J5VIWly3BNwNMifjkA+U8YPBprwIBAg==
-----END DH PARAMETERS-----
""",
}
"""Safe primes made by ``openssl dhparam``: nobody else's, so no server takes them for a named group."""


def furnish(folder: Path) -> dict[str, str]:
    """Write everything into ``folder``; what a template may name, with its path or value."""
    # libcoap takes the text itself for the key.
    names = {"host": HOST, "psk": PSK, "psk_text": PSK.encode().hex()}
    for name, key in (("rsa", rsa.generate_private_key(65537, 2048)), ("ec", ec.generate_private_key(ec.SECP256R1()))):
        certificate, secret = _self_signed(key)
        names |= _written(folder, {f"{name}_cert": certificate, f"{name}_key": secret})
        names |= _written(folder, {f"{name}_both": certificate + secret, f"{name}_public": _public(key)})
        names[name] = f"-cert {names[f'{name}_cert']} -key {names[f'{name}_key']}"
    names |= _written(folder, PRIMES)
    return names | _written(folder, {"psk_file": f"sensor:{PSK}\n"})


def _self_signed(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "device")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), 77, now - timedelta(1), now + timedelta(30))
        .add_extension(names, critical=False)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), secret.decode()


def _public(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def _written(folder: Path, texts: dict[str, str]) -> dict[str, str]:
    for name, text in texts.items():
        (folder / f"{name}.pem").write_text(text)
        (folder / f"{name}.pem").chmod(0o644 if "key" not in name and "both" not in name else 0o600)
    return {name: str(folder / f"{name}.pem") for name in texts}
