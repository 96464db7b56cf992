"""The servers behind the device are known, and none is addressed in clear.

## What it looks at
Every server that the configurations, start-up scripts and the vendor's own programs of the image name: brokers,
endpoints of AWS IoT and Azure IoT, update and time servers, log collectors, web addresses, with the place of each.
Libraries, manuals, comments and addresses of the local network do not count. What is put together at run time is not
seen.

## Why it matters
The back end is as much part of the product as the device, and as much of its risk. What nobody has on a list, nobody
assesses, renews or switches off; a name that lapses can be bought by somebody else.

## How to fix
Keep the list with the product's documentation, and take out what is no longer used. Use `mqtts://`, `https://` and
`coaps://` addresses. Then let the servers be assessed, too: `iotscan scan --backend HOST`.

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-7; OWASP ISVS 4.2.1 (git edfda29b)
"""

from iotscan.sdk import Backend, Backends, Returned, Subject, Target, bad, check, clause, good, unknown

CLEARTEXT = ("http", "mqtt", "ws", "amqp", "coap", "ftp", "tftp", "tcp", "coap+tcp", "redis", "nats", "grpc")
SHOWN = 20


@check(
    id="backend-inventory",
    aliases=("CLD-001",),
    title="The servers behind the device are known and addressed with encryption",
    element="cloud",
    variants={"cleartext": ("info", "A server is addressed without encryption")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP ISVS", "edfda29b", "4.2.1"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I II(1)"),
    ),
    tags=("cleartext", "image"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def backend_inventory(found: Backends, target: Target) -> Returned:
    """List them; none found says nothing of the cloud."""
    if not found.backends:
        return unknown(f"no server is named in {found.files_searched} files")
    clear = [b for b in found.backends if b.scheme in CLEARTEXT and b.kind != "update"]
    image = target.subject.image
    findings = [
        bad(
            "cleartext",
            f"{b.host} is addressed by {b.scheme}://",
            observed=f"{Subject(image=image, path=b.path, line=b.line)}: {named(b)}",
            expected="an address with TLS or DTLS",
            about=Subject(image=image, path=b.path, line=b.line),
            part=named(b),
        )
        for b in clear
    ]
    listed = "; ".join(f"{named(b)} ({b.kind}, {b.path})" for b in found.backends[:SHOWN])
    return findings or good(f"{len(found.backends)} servers are named by the image", observed=listed)


def named(server: Backend) -> str:
    """A server as its address says it."""
    scheme = f"{server.scheme}://" if server.scheme else ""
    return f"{scheme}{server.host}{f':{server.port}' if server.port else ''}"
