"""LwM2M clients bootstrap over a secured channel with a secret of their own.

## What it looks at
The command lines by which units and start-up scripts of the image start the LwM2M clients of Leshan, Wakaama and Anjay:
whether they bootstrap, over `coap://` or with a key or certificate, and whether that key stands in the image. Of
several images in one run, whether one key stands in more than one. Where the same client of another image has another
key, the images may be copies of single devices, each with its own: then the question is left open. How a vendor's own
client is set up is not seen, and keys that somebody could guess are not compared.

## Why it matters
The bootstrap server tells a device whom to trust from then on. Whoever can pose as it, because there is no DTLS or
because its key is in every image, takes over each device that starts anew.

## How to fix
Bootstrap over `coaps://` with a certificate or key that was put into each device where it was made, outside the image
(factory bootstrap, EST over coaps), and let the bootstrap server replace it at once.

## References
- OMA LwM2M Core 1.2 sections 5.2.4 (bootstrap security) and 5.2.8; OWASP ISVS 2.4.1 (git edfda29b)
- ETSI EN 303 645 V3.1.3 provision 5.4-4
"""

from collections.abc import Iterator

from iotscan.sdk import (
    Fleet,
    Lwm2mClient,
    Lwm2mClients,
    Returned,
    Seen,
    Subject,
    Verdict,
    bad,
    check,
    clause,
    good,
    list_some,
    skip,
    unknown,
)

EXPECTED = "coaps:// with a key or certificate of each device's own"
Placed = tuple[Subject, Lwm2mClient]


@check(
    id="lwm2m-bootstrap",
    aliases=("KEY-012",),
    title="LwM2M clients bootstrap over a secured channel with a secret of their own",
    element="keys",
    variants={
        "unsecured": ("high", "A client bootstraps without DTLS"),
        "several": ("high", "A client bootstraps with a key that stands in several images"),
        "shared": ("high", "A client bootstraps with a key that stands in the image"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("coap", "credentials", "image"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def lwm2m_bootstrap(fleet: Fleet[Lwm2mClients]) -> Returned:
    """Judge each client that bootstraps, beside those of the other images."""
    placed = [place for seen in fleet for place in booting(seen)]
    silent = [seen for seen in fleet if seen.subject.image not in {subject.image for subject, _ in placed}]
    nothing = "no LwM2M client that bootstraps is started"
    return [*(judge(*each, placed) for each in placed), *(skip(nothing, about=seen.subject) for seen in silent)]


def booting(seen: Seen[Lwm2mClients]) -> Iterator[Placed]:
    """The clients of an image that bootstrap, and where they are started."""
    for client in seen.fact.clients:
        if client.bootstraps:
            yield Subject(image=seen.subject.image, path=client.path, line=client.line), client


def judge(place: Subject, client: Lwm2mClient, placed: list[Placed]) -> Verdict:
    """The verdict on one client."""
    where = f"{place}: {client.program} {client.server}".strip()
    if client.security == "none" or client.server.startswith(("coap:", "coap+tcp:")):
        summary = "a client bootstraps without DTLS"
        return bad("unsecured", summary, observed=where, expected=EXPECTED, about=place, part=client.program)
    if client.security == "psk":
        return judge_key(place, client, placed, where)
    if client.security == "certificate":
        return good("a client bootstraps with a certificate", observed=where, about=place)
    return unknown("how a client secures its bootstrap is not on its command line", about=place, part=client.program)


def judge_key(place: Subject, client: Lwm2mClient, placed: list[Placed], where: str) -> Verdict:
    """The verdict on a key on a command line, by those on the command lines of other images."""
    others = [(at, other) for at, other in placed if at.image != place.image and other.key_sha256_prefix]
    same = [str(at) for at, other in others if other.key_sha256_prefix == client.key_sha256_prefix]
    if same:
        summary = "a client bootstraps with a key that stands in another image, too"
        observed = f"{where}; the same key: {list_some(same, 5)}"
        return bad("several", summary, observed=observed, expected=EXPECTED, about=place, part=client.program)
    if client.key_sha256_prefix and (unlike := [str(at) for at, other in others if is_alike(other, client)]):
        summary = f"the same client has another key in {list_some(unlike, 3)}: each image may be of one device"
        return unknown(summary, about=place, part=client.program)
    summary = "a client bootstraps with a key that stands in the image"
    return bad("shared", summary, observed=where, expected=EXPECTED, about=place, part=client.program)


def is_alike(one: Lwm2mClient, other: Lwm2mClient) -> bool:
    """Whether two images start one client in one way."""
    return (one.path, one.program, one.server) == (other.path, other.program, other.server)
