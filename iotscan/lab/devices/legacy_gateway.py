"""A gateway nobody updated: TLS 1.0 without forward secrecy, an expired certificate, unsigned firmware over http."""

import gzip
import json
import ssl
import struct
import zlib
from datetime import UTC, datetime
from hashlib import sha256

from iotscan.lab.place import Place
from iotscan.lab.tls import over_tls
from iotscan.lab.web import Page, Request, Site, html, pages, serve

MODEL = "Legacy Gateway GW-1"
FIRMWARE = "/firmware/gw1-1.0.bin"
VALID = datetime(2013, 3, 1, tzinfo=UTC), datetime(2023, 3, 1, tzinfo=UTC)
SERVER = "Boa/0.94.13"

LOGIN_FORM = """<h1>Legacy Gateway GW-1</h1>
<form method="post" action="/login">
<label>User <input name="user"></label>
<label>Password <input type="password" name="password"></label>
<input type="submit" value="Log in">
</form>"""


def build_uimage(payload: bytes, name: bytes) -> bytes:
    """A legacy U-Boot image (include/image.h of U-Boot): header with its own CRC, then the data."""
    head = struct.Struct(">7I4B32s")
    built, load, entry = int(VALID[0].timestamp()), 0x80008000, 0x80008000
    linux, arm, kernel, gzipped = 5, 2, 2, 1

    def header(checksum: int) -> bytes:
        return head.pack(
            0x27051956,
            checksum,
            built,
            len(payload),
            load,
            entry,
            zlib.crc32(payload),
            linux,
            arm,
            kernel,
            gzipped,
            name,
        )

    # The header's own CRC is taken over the header with that field zero.
    return header(zlib.crc32(header(0))) + payload


def plain_site() -> Site:
    """Over http: a login form and the firmware, with nothing to tell a forged one by."""
    image = build_uimage(gzip.compress(bytes(range(256)) * 64, mtime=0), b"gw1-1.0")
    manifest = {"model": "GW-1", "version": "1.0", "file": FIRMWARE, "sha256": sha256(image).hexdigest()}
    known = pages(
        {
            "/": html(MODEL, LOGIN_FORM),
            "/firmware/manifest.json": Page(body=json.dumps(manifest).encode(), type="application/json"),
            FIRMWARE: Page(body=image, type="application/octet-stream"),
        }
    )
    wrong = html(MODEL, f"<p>Wrong user or password.</p>{LOGIN_FORM}", status=403)
    return lambda request: wrong if is_login(request) else known(request)


def is_login(request: Request) -> bool:
    """True when somebody sends the login form, which never lets anybody in."""
    return request.method == "POST" and request.path == "/login"


def secure_site(place: Place) -> Site:
    """Over TLS: a page with a careless session cookie, and an OAuth server that grants too much."""
    issuer = f"http://{place.address}:{place.port(80)}"
    metadata = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "response_types_supported": ["code", "token"],
        "grant_types_supported": ["authorization_code", "implicit", "password"],
        "code_challenge_methods_supported": ["plain"],
    }
    return pages(
        {
            "/": html(MODEL, "<h1>Status</h1><p>Up.</p>", headers=(("Set-Cookie", "session=0; Path=/"),)),
            "/.well-known/oauth-authorization-server": Page(
                body=json.dumps(metadata).encode(), type="application/json"
            ),
        }
    )


async def settle(place: Place) -> None:
    """Listen on http and on https as of 2013."""
    key = place.workshop.rsa_key("legacy gateway")
    certificate = place.workshop.self_signed(key, "gw-1", not_before=VALID[0], not_after=VALID[1])
    context = place.workshop.context(
        key,
        certificate,
        lowest=ssl.TLSVersion.TLSv1,
        highest=ssl.TLSVersion.TLSv1_2,
        ciphers="AES128-SHA:AES256-SHA:@SECLEVEL=0",
    )
    await place.listen(80, serve(plain_site(), server=SERVER))
    await place.listen(443, over_tls(context, serve(secure_site(place), server=SERVER)))
