"""A gateway done well: what a scan has nothing to say against, but that its CA is a private one."""

import base64
import gzip
import json
from datetime import timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from iotscan.lab import broker
from iotscan.lab.devices.ssh_box import MODERN, listen_ssh
from iotscan.lab.place import Place
from iotscan.lab.tls import over_tls
from iotscan.lab.web import NOT_FOUND, Headers, Page, Request, Site, html, pages, serve
from iotscan.lab.workshop import Workshop

MODEL = "Hardened Gateway GW-3"
SERVER = "gw3"
MANIFEST = "/firmware/manifest.json"
FIRMWARE = "/firmware/gw3-2.4.1.img"
LIFETIME = timedelta(days=90)
TRANSPORT: Headers = (("Strict-Transport-Security", "max-age=31536000"),)
COOKIE: Headers = (("Set-Cookie", "session=0; Path=/; Secure; HttpOnly; SameSite=Strict"),)


def security_txt(place: Place) -> Page:
    """Whom to tell about a hole (RFC 9116)."""
    expires = place.workshop.now + timedelta(days=180)
    text = f"Contact: mailto:security@acme.example\nExpires: {expires:%Y-%m-%dT%H:%M:%SZ}\nPreferred-Languages: en\n"
    return Page(body=text.encode(), type="text/plain; charset=utf-8", headers=TRANSPORT)


def oauth_metadata(place: Place) -> Page:
    """A frugal authorization server (RFC 8414, RFC 9700)."""
    issuer = f"https://{place.address}:{place.port(443)}"
    metadata = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oauth/authorize",
        "token_endpoint": f"{issuer}/oauth/token",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "dpop_signing_alg_values_supported": ["ES256"],
    }
    return Page(body=json.dumps(metadata).encode(), type="application/json", headers=TRANSPORT)


def signed_manifest(workshop: Workshop, image: bytes) -> bytes:
    """A manifest as a JSON object that carries its own signature: ES256 over the same object without it."""
    manifest: dict[str, object] = {
        "model": "GW-3",
        "version": "2.4.1",
        "file": FIRMWARE,
        "sha256": sha256(image).hexdigest(),
    }
    value = workshop.ec_key("update signer").sign(canonical(manifest), ec.ECDSA(SHA256()))
    signature = {"algorithm": "ES256", "keyid": "update signer", "value": base64.b64encode(value).decode()}
    return canonical({**manifest, "signature": signature})


def canonical(value: dict[str, object]) -> bytes:
    """JSON with sorted keys and no spaces, so that both sides sign the same bytes."""
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def update_pages(workshop: Workshop) -> dict[str, Page]:
    """Manifest and image, each with a detached CMS signature beside it."""
    image = gzip.compress(bytes(range(256)) * 64, mtime=0)
    manifest = signed_manifest(workshop, image)
    return {
        MANIFEST: Page(body=manifest, type="application/json", headers=TRANSPORT),
        f"{MANIFEST}.sig": _signature(workshop, manifest),
        FIRMWARE: Page(body=image, type="application/octet-stream", headers=TRANSPORT),
        f"{FIRMWARE}.sig": _signature(workshop, image),
    }


def _signature(workshop: Workshop, data: bytes) -> Page:
    return Page(body=workshop.sign_detached(data), type="application/pkcs7-signature", headers=TRANSPORT)


def secure_site(place: Place) -> Site:
    """Over TLS: everything."""
    return pages(
        {
            "/": html(MODEL, "<h1>Status</h1><p>Up.</p>", headers=TRANSPORT + COOKIE),
            "/.well-known/security.txt": security_txt(place),
            "/.well-known/oauth-authorization-server": oauth_metadata(place),
            **update_pages(place.workshop),
        }
    )


def plain_site(place: Place) -> Site:
    """Over http: the way to https, for the paths of a browser."""
    target = f"https://{place.address}:{place.port(443)}"

    def site(request: Request) -> Page:
        # The path is not repeated: it would carry a caller's text into our headers.
        return html("Moved", "", status=301, headers=(("Location", f"{target}/"),)) if request.reads else NOT_FOUND

    return site


async def settle(place: Place) -> None:
    """Listen on https, on http for the redirect, on MQTT over TLS for those with credentials, on ssh for keys."""
    age = "second" if place.is_maintained else "first"
    key = place.workshop.ec_key(f"gateway {place.address}, {age}")
    certificate = place.workshop.issue(key, "gw-3", lifetime=LIFETIME, address=place.address)
    context = place.workshop.context(key, certificate)
    await place.listen(80, serve(plain_site(place), server=SERVER))
    await place.listen(443, over_tls(context, serve(secure_site(place), server=SERVER)))
    await place.listen(8883, over_tls(context, broker.serve(admits=False, retained={})))
    await listen_ssh(place, MODERN, key="gateway", version="AcmeSSH_3.0", passwords=False)
