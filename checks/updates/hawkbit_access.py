"""hawkBit gives updates only to devices that show who they are.

## What it looks at
Whether a server of hawkBit's interface for devices (DDI) answers without credentials, and whether it is reached over
plain HTTP. It is asked for the artifacts of a module that does not exist, for a device that does not exist: an open
server says that it has no such device, a closed one answers 401. The address that devices poll is never asked: hawkBit
registers whoever polls. No credentials are ever tried.

## Why it matters
An open interface lets anybody register devices, pretend to be any of them, fetch the firmware that is meant for it and
report its updates as done or failed. Over plain HTTP every device shows its token to the whole path, and the gateway
token is that of all devices.

## How to fix
Turn anonymous access off (`hawkbit.server.ddi.security.authentication.anonymous.enabled=false`), give each device a
target token or a client certificate instead of one gateway token, and put the server behind TLS only. Devices verify
the signature of what they fetch all the same: hawkBit keeps checksums, no signatures.

## References
- Eclipse hawkBit, Direct Device Integration API and security configuration
- ETSI EN 303 645 V3.1.3 provisions 5.3-10 and 5.5-5
- OWASP ISVS 3.4.10 (git edfda29b)
"""

from iotscan.sdk import HawkbitServer, Returned, Target, bad, check, clause, command, good


@check(
    id="hawkbit-access",
    aliases=("OTA-010",),
    title="hawkBit gives updates only to devices that show who they are",
    element="updates",
    variants={
        "open": ("critical", "hawkBit's interface for devices answers without credentials"),
        "cleartext": ("high", "Devices show hawkBit their tokens over plain HTTP"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.3-10"),
        clause("OWASP ISVS", "edfda29b", "3.4.10"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("exposure", "network", "updates", "web"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def hawkbit_access(server: HawkbitServer, target: Target) -> Returned:
    """Fail on an interface that answers anybody, else on one without TLS."""
    scheme = "https" if server.tls else "http"
    asks = command("curl", "-g", "-k", "-m", "5", "-s", target.url(scheme, server.path))
    if server.is_open:
        return bad(
            "open",
            f"it looks up a device for anybody ({server.said})",
            observed=f"{server.path} without credentials: {server.said}",
            expected="401 for whoever shows no token and no certificate",
            reproduce=asks + " | grep -o 'hawkbit[.a-zA-Z]*'",
            shows="hawkbit",
        )
    if not server.tls:
        return bad(
            "cleartext",
            "it asks for credentials, and devices show them over plain HTTP",
            observed=f"{server.path} over http: {server.said}",
            expected="the interface over https only",
            reproduce=asks + " -o /dev/null -w '%{http_code}'",
            shows=server.said[:3],
        )
    return good("it asks for credentials, over TLS", observed=f"{server.path}: {server.said}")
