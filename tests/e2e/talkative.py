"""Devices and an image that tell their secrets on every road that leads into a run."""

import socket
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from html import escape
from itertools import cycle
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.e2e.canaries import CANARIES, Canary
from tests.hostile.serving import Device, Talk, device, http, web

SSH, TELNET, WEB, SECURE = 15022, 15023, 15080, 15443


def ports() -> tuple[int, ...]:
    return (SSH, TELNET, WEB, SECURE)


@contextmanager
def devices(folder: Path) -> Iterator[tuple[Device, ...]]:
    """A web server for every canary (a device may be asked so much, and no more), and a few other devices."""
    with ExitStack() as stack:
        made = [stack.enter_context(device()) for _ in CANARIES]
        for one, canary in zip(made, CANARIES, strict=True):
            one.tcp((WEB,), web(_site(canary, CANARIES)))
        for number in range(0, len(CANARIES), 8):
            share = CANARIES[number : number + 8]
            console, secure = (stack.enter_context(device()) for _ in range(2))
            console.tcp((SSH,), banner(f"SSH-2.0-dropbear {share[0].said}\r\n"))
            console.tcp((TELNET,), banner("".join(f"{c.said}\r\n" for c in share[:4]) + "login: "))
            secure.tcp((SECURE,), _secure(folder / f"{number}.pem", share))
            made += (console, secure)
        yield tuple(made)


def banner(text: str) -> Talk:
    def talk(guest: socket.socket) -> None:
        guest.sendall(text.encode())
        while guest.recv(4096):
            pass

    return talk


def _site(canary: Canary, share: Sequence[Canary]) -> Callable[[str, bytes], bytes]:
    """A web server that says one canary wherever it can."""
    said = canary.said
    number = share.index(canary)
    link = f"http://cloud.example/x?token={canary.secret}"
    page = (
        f"<title>{escape(said)}</title>"
        f"<form action='/up?token={canary.secret}' enctype=multipart/form-data method=post>"
        f"<input type=file name=firmware></form><pre>{''.join(c.said for c in share)}</pre>"
    ).encode()
    headers = (f"Server: web {said}", f"Set-Cookie: SESSION={canary.secret}; Path=/", f"X-Debug: {said}")
    status = ("200 OK", "401 Unauthorized", "302 Found")[number % 3]
    more = {"4": (f'WWW-Authenticate: Basic realm="{said.replace(chr(34), "")}"',), "3": (f"Location: {link}",)}

    def reply(path: str, _: bytes) -> bytes:
        if path == "/":
            return http(page, *headers, *more.get(status[0], ()), status=status)
        if path.endswith("oauth-authorization-server"):
            issuer = f"http://idp:{canary.secret}@idp.example"
            grants = f'"grant_types_supported": ["token={canary.secret}"]'
            body = f'{{"issuer": "{issuer}", "token_endpoint": "{link}", {grants}}}'
            return http(body.encode(), *headers, kind="application/json")
        if path.endswith("security.txt"):
            return http(f"Contact: mailto:a@b.example\nExpires: password={canary.secret}\n".encode(), kind="text/plain")
        if path in ("/manifest.json", "/update/manifest.json"):
            body = f'{{"version": "1.0", "url": "/fw.bin?token={canary.secret}", "note": "password={canary.secret}"}}'
            return http(body.encode(), *headers, kind="application/json")
        if path.startswith("/fw.bin"):
            return http(b"\x27\x05\x19\x56" + bytes(range(256)) * 8, *headers, kind="application/octet-stream")
        if path in ("/update", "/upgrade"):
            return http(page, *headers)
        return http(b"no", *headers, status="404 Not Found")

    return reply


def _secure(pem: Path, share: Sequence[Canary]) -> Talk:
    """HTTPS with a certificate whose names are secrets."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"password={share[0].secret}"[:64])])
    names = [x509.UniformResourceIdentifier(f"http://x.example/?token={share[1].secret}")]
    dns = [x509.DNSName(f"token={_lettered(c.secret)}.example") for c in share[:2]]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=90))
        .add_extension(x509.SubjectAlternativeName([*dns, *names]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    reply = _site(share[0], share)

    def talk(guest: socket.socket) -> None:
        with context.wrap_socket(guest, server_side=True) as inner:
            web(reply)(inner)

    return talk


def _lettered(secret: str) -> str:
    return "".join(c if c.isalnum() else "x" for c in secret)


def image(root: Path) -> Path:
    """A root file system whose files and paths hold every canary."""
    every = cycle(CANARIES)

    def write(path: str, text: str) -> None:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)

    for folder in ("bin", "lib"):
        (root / folder).mkdir(parents=True)
    write("etc/passwd", "root:x:0:0:root:/root:/bin/sh\n" + "".join(f"u{i}:x:{i}:{i}::/:/bin/sh\n" for i in range(40)))
    shadow = "".join(f"u{i}:$6$salt{i}${c.secret.ljust(86, 'x')}:19000:0:99999:7:::\n" for i, c in enumerate(CANARIES))
    write("etc/shadow", f"root:!:19000:0:99999:7:::\n{shadow}")
    write("etc/wpa_supplicant.conf", "".join(f'network={{\n ssid="x"\n psk="{c.secret}"\n}}\n' for c in CANARIES))
    write("etc/app.conf", "\n".join(c.said for c in CANARIES))
    feeds = "".join(f"src/gz f{i} https://feed:{c.secret}@pkg.example/{i}\n" for i, c in enumerate(CANARIES))
    tokens = "".join(f"src/gz t{i} http://pkg.example/{i}?token={c.secret}\n" for i, c in enumerate(CANARIES))
    write("etc/opkg.conf", feeds + tokens)
    write("etc/mender/mender.conf", f'{{"ServerURL": "https://x:{next(every).secret}@m.example", "TenantToken": "x"}}')
    key = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for canary in CANARIES:
        if "/" not in canary.secret:
            write(f"etc/keys/password={canary.secret}/device.pem", key.decode())
    return root
