"""Clients trust only the authority of their own back end.

## What it looks at
Whether a configuration, script or unit of the image binds a client to one authority or key: a CA file of its own
(`bridge_cafile`, `ca_file`, `--cacert`, `ServerCertificate` …) that is not the system's whole list, or a pinned key
(`--pinnedpubkey sha256//…`). Pins compiled into a program are not seen.

## Why it matters
With the whole list of public authorities, any of more than a hundred can issue a certificate for your broker, and so
can whoever breaks into one. Against an authority of your own that is worth nothing.

## How to fix
Issue the back end's certificates from an authority of your own, ship its root (and a spare one) with the client, and
name it there: `bridge_cafile` of mosquitto, `ServerCertificate` of Mender, `ssl_ca_file` of rauc-hawkbit-updater,
`curl --cacert`. Make sure that it can be replaced by an update before it expires.

## References
- OWASP ISVS 4.1.5 (git edfda29b); RFC 7525 and 9325 on trust anchors
"""

from iotscan.sdk import Backend, Backends, Returned, bad, check, clause, good, skip

ENCRYPTED = ("https", "mqtts", "wss", "amqps", "coaps", "ssl", "grpcs", "ftps")


@check(
    id="backend-pinning",
    aliases=("CLD-013",),
    title="Clients trust only the authority of their own back end",
    element="cloud",
    variants={"none": ("low", "Clients trust every public authority for the back end")},
    clauses=(
        clause("OWASP ISVS", "edfda29b", "4.1.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "image"),
    since="0.1",
    confidence="tentative",
    effort="medium",
)
def backend_pinning(found: Backends) -> Returned:
    """Pass on any pin; without a server that is reached with TLS there is nothing to pin."""
    if found.pins:
        pin = found.pins[0]
        return good(
            f"{len(found.pins)} settings bind a client to one authority or key",
            observed=f"{pin.path}:{pin.line} {pin.setting} {pin.value}",
        )
    servers = [b for b in found.backends if b.scheme in ENCRYPTED or (not b.scheme and may_be_tls(b))]
    if not servers:
        return skip("the image names no server that is reached with TLS")
    first = servers[0]
    return bad(
        "none",
        "no setting binds a client to the authority of its back end",
        observed=f"{len(servers)} servers reached with TLS, no CA file of their own; first {first.host} ({first.path})",
        expected="a CA file of the back end's own, or a pinned key",
    )


def may_be_tls(server: Backend) -> bool:
    """True for a name without a scheme that is reached with TLS by its kind or port."""
    return server.kind == "iot-platform" or (server.kind == "broker" and server.port not in (0, 1883))
