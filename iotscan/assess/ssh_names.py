"""How strong what an SSH server offers is, by the names of RFC 4250 section 4.11 and those that have a domain.

Sources: RFC 9142 (key exchange), RFC 8758 (RC4), RFC 8332 (RSA with SHA-2), RFC 8268 (groups 14 to 18), RFC 8709
(Ed25519, Ed448), RFC 6668 (HMAC with SHA-2), RFC 8308 (extensions), draft-ietf-sshm-mlkem-hybrid-kex; NIST SP
800-131A (64-bit blocks are gone since 2024); PROTOCOL of OpenSSH for the names that end with its domain.

A tag of 64 bits (``umac-64``) and HMAC with SHA-1 are fine here: nobody forges either, as a wrong tag ends the
connection, and a collision of SHA-1 does not help against HMAC (RFC 6194 section 3.3).
"""

import re
from typing import Final, Literal

SshList = Literal["kex", "host key", "cipher", "mac", "compression"]
SshStrength = Literal["broken", "weak", "dated", "fine", "unknown"]

_FAMILY = r"(@(openssh\.com|libssh\.org|ssh\.com|lysator\.liu\.se|liu\.se))?"
_CERTIFICATE = r"(-cert-v0[01]@openssh\.com)?"
_ETM = r"(-etm@openssh\.com)?"

_PATTERNS: Final[dict[SshList, tuple[tuple[SshStrength, str], ...]]] = {
    "kex": (
        ("broken", r"diffie-hellman-group1-sha1|gss-group1-sha1-.+|rsa1024-sha1"),
        # Curves of less than 112 bits by their object identifier (SEC 2, appendix A): nistp192, nistk163.
        ("weak", r"ecdh-sha2-(1\.2\.840\.10045\.3\.1\.1|1\.3\.132\.0\.1)"),
        ("weak", r"diffie-hellman-group-exchange-sha1|gss-gex-sha1-.+"),
        ("dated", r"diffie-hellman-group14-sha1|gss-group14-sha1-.+|diffie-hellman-group(15|16|17|18)-sha1"),
        ("fine", rf"diffie-hellman-group(14|15|16|17|18)-sha(224|256|384|512){_FAMILY}"),
        ("fine", rf"diffie-hellman-group-exchange-sha(224|256|384|512){_FAMILY}"),
        ("fine", rf"curve25519-sha256{_FAMILY}|curve448-sha512"),
        ("fine", r"ecdh-sha2-nistp(256|384|521)"),
        ("fine", r"ecdh-sha2-1\.3\.132\.0\.(10|16|17|26|27|33|34|35|36|37|38)|ecdh-sha2-1\.2\.840\.10045\.3\.1\.7"),
        ("fine", r"rsa2048-sha256|ecmqv-sha2"),
        ("fine", r"gss-(group(14|15|16|17|18)-sha(256|512)|nistp\d{3}-sha\d{3}|curve(25519-sha256|448-sha512))-.+"),
        ("fine", r"mlkem(768x25519-sha256|768nistp256-sha256|1024nistp384-sha384)"),
        ("fine", r"sntrup761x25519-sha512(@openssh\.com)?|sntrup4591761x25519-sha512@tinyssh\.org"),
        # No methods at all: RFC 8308, the countermeasure to Terrapin, the guess of dropbear.
        ("fine", r"ext-info-[cs]|kex-strict-[cs]-v00@openssh\.com|kexguess2@matt\.ucc\.asn\.au"),
    ),
    "host key": (
        ("broken", rf"(x509v3-)?ssh-dss{_CERTIFICATE}|(x509v3|pgp|spki)-sign-dss|ssh-dss-sha256@ssh\.com"),
        ("dated", rf"(x509v3-)?ssh-rsa{_CERTIFICATE}|(x509v3|pgp|spki)-sign-rsa(-sha1)?"),
        ("fine", rf"(sk-)?ssh-ed25519(@openssh\.com)?{_CERTIFICATE}|ssh-ed448"),
        ("fine", rf"(webauthn-)?(sk-)?ecdsa-sha2-nistp(256|384|521)(@openssh\.com)?{_CERTIFICATE}"),
        ("fine", r"sk-(ssh-ed25519|ecdsa-sha2-nistp256)-cert-v01@openssh\.com"),
        ("fine", rf"rsa-sha2-(256|512){_CERTIFICATE}|ssh-rsa-sha(224|256|384|512)@ssh\.com"),
        ("fine", r"x509v3-(ecdsa-sha2-nistp(256|384|521)|rsa2048-sha256)|null"),
    ),
    "cipher": (
        ("broken", rf"none|arcfour(128|256)?|des(-cbc)?(-ssh1)?{_FAMILY}|des-ctr|acss@openssh\.org"),
        ("weak", rf"(3des|blowfish|cast128|cast5|idea|rc2)-(cbc|ctr|ecb|cfb|ofb){_FAMILY}"),
        ("dated", rf"(aes|twofish|serpent|camellia)(128|192|256)?-cbc{_FAMILY}|rijndael(128|192|256)?-cbc{_FAMILY}"),
        ("dated", rf"(seed|aria(128|192|256)|cast6|sm4)-cbc{_FAMILY}"),
        ("fine", rf"(aes|twofish|serpent|camellia)(128|192|256)-(ctr|gcm){_FAMILY}|rijndael(128|192|256)-ctr{_FAMILY}"),
        ("fine", rf"AEAD_AES_(128|256)_GCM|chacha20-poly1305{_FAMILY}"),
    ),
    "mac": (
        ("broken", r"none"),
        ("weak", rf"hmac-md5(-96)?{_ETM}"),
        ("dated", rf"hmac-sha1-96{_ETM}|hmac-ripemd(160)?(@openssh\.com)?{_ETM}"),
        ("fine", rf"hmac-sha1{_ETM}|umac-(64|96|128){_ETM}|umac-(64|96|128)@openssh\.com"),
        ("fine", rf"hmac-sha(2|3)-(224|256|384|512)(-96)?{_ETM}|hmac-sha(224|256|384|512)(-96)?{_FAMILY}"),
        ("fine", r"AEAD_AES_(128|256)_GCM|hmac-sha2-256@ssh\.com"),
    ),
    "compression": (
        ("dated", r"zlib"),
        ("fine", r"none|zlib@openssh\.com"),
    ),
}
_COMPILED: Final = {
    kind: tuple((strength, re.compile(pattern)) for strength, pattern in rows) for kind, rows in _PATTERNS.items()
}
_POST_QUANTUM: Final = re.compile(r"mlkem\d|sntrup\d")
_LONGEST: Final = 100


def ssh_strength(kind: SshList, name: str) -> SshStrength:
    """How strong one name of a list is.

    ``broken``: it can be read or forged, or must not be used; ``weak``: it should not be used; ``dated``: better
    ones are twenty years old; ``unknown``: nobody here can say.
    """
    if len(name) > _LONGEST:
        return "unknown"
    return next((strength for strength, pattern in _COMPILED[kind] if pattern.fullmatch(name)), "unknown")


def is_post_quantum(kex: str) -> bool:
    """True for a key exchange that a quantum computer of tomorrow cannot undo: ML-KEM or NTRU Prime beside a curve."""
    return _POST_QUANTUM.match(kex) is not None
