"""OPC UA is served with sign and encrypt only.

## What it looks at
The endpoints that an OPC UA server tells whoever asks (GetEndpoints): their message security mode, their security
policy, and which kinds of login each takes. No session is made and nobody logs in. An endpoint without security that
takes no login at all serves discovery alone, and is no finding.

## Why it matters
An endpoint without security that takes anonymous users lets everybody on the network browse the address space, read
process values and, as the server decides, write them and call methods. Without security but with a login, the session
can be read and taken over. Basic128Rsa15 and Basic256 rest on SHA-1, and the standard has deprecated both; the padding
of Basic128Rsa15 (PKCS#1 v1.5) let strangers in as trusted applications (CVE-2024-42512). Sign alone hides nothing.

## How to fix
Offer SignAndEncrypt with Basic256Sha256, Aes128_Sha256_RsaOaep or Aes256_Sha256_RsaPss, and switch the rest and
anonymous users off. Siemens S7-1500: OPC UA, Server, Security, clear "No security" and "Guest authentication". Kepware:
UA endpoint definition, clear None; Server properties, OPC UA, "Allow anonymous login" no. In asyncua:
`server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])` and
`server.set_identity_tokens([ua.UserNameIdentityToken])`. In open62541: `UA_ServerConfig_addAllSecureSecurityPolicies`
and no `UA_ServerConfig_addSecurityPolicyNone` (`securityPolicyNoneDiscoveryOnly = true`), `allowNone = false`.

## References
- OPC 10000-2 (security model), OPC 10000-4, 7.14 and 7.41, OPC 10000-7 (profiles of security policies)
- CVE-2024-42512 (OPC UA .NET Standard stack); BSI, OPC UA security analysis
"""

from collections.abc import Iterable

from iotscan.sdk import OpcUaEndpoint, OpcUaServer, Returned, Target, bad, check, clause, command, good, unknown

DEPRECATED = frozenset({"Basic128Rsa15", "Basic256"})


@check(
    id="opc-ua-security",
    aliases=("SVC-011",),
    title="OPC UA is served with sign and encrypt only",
    element="communication",
    variants={
        "anonymous": ("critical", "An OPC UA endpoint without security takes anonymous users"),
        "none": ("high", "An OPC UA endpoint without security takes logins"),
        "deprecated": ("medium", "An OPC UA endpoint uses a withdrawn security policy"),
        "sign-only": ("low", "An OPC UA endpoint signs messages and does not encrypt them"),
    },
    clauses=(
        clause("IEC 62443-4-2", "2019", "CR 3.1"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "crypto", "network"),
    since="0.1",
    effort="low",
)
def opc_ua_security(server: OpcUaServer, target: Target) -> Returned:
    """The gravest of what the endpoints allow; the rest stands beside it."""
    endpoints = server.endpoints.value
    listed = "; ".join(map(_shown, endpoints))
    for variant, words, found in _faults(endpoints):
        if found:
            return bad(
                variant,
                f"an endpoint {words}",
                observed=listed,
                expected="SignAndEncrypt with Basic256Sha256, Aes128_Sha256_RsaOaep or Aes256_Sha256_RsaPss",
                reproduce=command("uadiscover", "--url", f"opc.tcp://{target.authority}"),
                shows=f"SecurityPolicy#{found[0].policy}",
            )
    usable = [e for e in endpoints if e.tokens]
    if not usable or any(e.mode != "SignAndEncrypt" for e in usable):
        return unknown(f"it names no endpoint that we know how to judge: {listed or 'none at all'}")
    return good(f"SignAndEncrypt only: {listed}")


def _faults(endpoints: Iterable[OpcUaEndpoint]) -> tuple[tuple[str, str, list[OpcUaEndpoint]], ...]:
    usable = [e for e in endpoints if e.tokens]
    open_ones = [e for e in usable if e.mode == "None"]
    return (
        ("anonymous", "without security takes anonymous users", [e for e in open_ones if "anonymous" in e.tokens]),
        ("none", "without security takes logins", open_ones),
        ("deprecated", "uses a withdrawn security policy", [e for e in usable if e.policy in DEPRECATED]),
        ("sign-only", "signs and does not encrypt", [e for e in usable if e.mode == "Sign"]),
    )


def _shown(endpoint: OpcUaEndpoint) -> str:
    return f"{endpoint.mode} {endpoint.policy} ({', '.join(endpoint.tokens) or 'no login'})"
