"""Servers beyond the network choose current versions and sound suites, and show certificates that hold.

## What it looks at
Captured TLS and DTLS handshakes with servers beyond the device's network: the version and suite that the server chose
of what this device offered, and up to TLS 1.2 its certificate at the time of the capture. What else a server would
take is not known from this: `iotscan scan --backend HOST` asks it. Dates are judged by the clock of whoever captured,
and left open where the capture itself contradicts it, or hardly bears it out. Whether the device minds a wrong
certificate is `server-certificate-validation`'s question. Where nobody here vouches for a certificate, what it is
worth is open, as it is where none was seen: TLS 1.3 hides them. Whoever showed a certificate for another
name, or of an issuer whom nobody knows, and was sent away is not taken for the back end: portals and proxies on the way
do that.

## Why it matters
The server has as much to do with the device's security as the device: who reads or takes over a connection to it reads
the data of all its devices, and may command them.

## How to fix
Let the server choose TLS 1.2 or 1.3 with forward secret AEAD suites (`ssl_protocols TLSv1.2 TLSv1.3` and
`ssl_ciphers` of nginx, `tls_version` and `ciphers` of mosquitto), and renew its certificate by itself (ACME, RFC 8555).
Where only old devices keep old versions alive, give those a name or port of their own until they are updated.

## References
- RFC 9325 sections 3.1.1 and 4.1; RFC 8996; RFC 5280 section 6; RFC 9525
- ETSI EN 303 645 V3.1.3 provision 5.5-1
"""

from collections.abc import Sequence

from iotscan.sdk import (
    ENOUGH,
    Policy,
    Returned,
    ServerProof,
    TlsSession,
    TlsUse,
    TrafficProfile,
    Verdict,
    bad,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    list_some,
    peer_name,
    peer_part,
    seen_in,
    too_little_seen,
    unknown,
)

CURRENT = ("TLSv1.2", "TLSv1.3", "DTLSv1.2", "DTLSv1.3")
BROKEN = (
    "_NULL_",
    "_anon_",
    "TLS_SHA256_SHA256_",
    "TLS_SHA384_SHA384_",
    "EXPORT",
    "_RC4_",
    "_RC2_",
    "_DES_",
    "_DES40_",
)
SECRET = ("_DHE_", "_ECDHE_", "TLS_AES_", "TLS_CHACHA20_", "ECCPWD")
"""What the names of forward secret suites hold; those of TLS 1.3 name no key exchange, and all but plain keys are."""
SHORTEST_RSA = 2048


@check(
    id="backend-tls",
    aliases=("CLD-003",),
    title="Servers beyond the network choose current TLS and show certificates that hold",
    element="cloud",
    variants={
        "broken": ("critical", "A server beyond the network chose a broken cipher suite"),
        "version": ("high", "A server beyond the network chose a version before TLS 1.2"),
        "certificate": ("high", "A server beyond the network shows a certificate that does not hold"),
        "weak-certificate": ("medium", "A server beyond the network has a weak key or signature"),
        "secrecy": ("medium", "A server beyond the network chose a suite without forward secrecy"),
    },
    clauses=(
        clause("RFC 9325", "2022", "3.1.1"),
        clause("RFC 9325", "2022", "4.1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EN 18031-1", "2024", "SCM-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "crypto", "tls", "traffic"),
    since="0.1",
    confidence="certain",
    effort="medium",
    parameters=ENOUGH,
)
def backend_tls(use: TlsUse, profile: TrafficProfile, policy: Policy) -> Returned:
    """Each server and each fault by itself; speak well only of what was seen, and enough of it."""
    chosen = [s for s in use.sessions if s.is_outbound and s.version and not is_stranger(s)]
    found: dict[tuple[str, str], list[TlsSession]] = {}
    for session in chosen:
        for variant in faults(session, policy):
            found.setdefault((variant, peer_part(session)), []).append(session)
    if found:
        return [finding(variant, sessions) for (variant, _), sessions in found.items()]
    if not chosen:
        return unknown("no server beyond the network was seen to choose a version")
    if use.is_cut_off:
        return unknown("it was seen in more kinds of handshakes than could be listed")
    if little := too_little_seen(profile, chosen, policy):
        return unknown(f"what the servers chose is sound, and little was seen: {little}")
    undated = [s.proof.open_dates for s in chosen if s.proof is not None and s.proof.open_dates]
    if undated:
        return unknown(f"whether a certificate held is open: {list_some(undated, 2)}")
    strange = [s for s in chosen if s.proof is not None and not is_vouched_for(s.proof)]
    if strange:
        names = list_some(map(peer_name, strange), 5)
        return unknown(f"nobody here vouches for the certificate of {names}: give its root with --trust-store")
    sound = f"what its servers chose in {seen_in(profile, chosen)} is sound"
    if hidden := without_certificate(chosen):
        return unknown(f"{sound}, and the certificate of {hidden} was not seen: ask for it with iotscan scan --backend")
    return good(sound, observed=list_some(s.version for s in chosen))


def faults(session: TlsSession, policy: Policy) -> list[str]:
    """The variants of what is wrong with what one server chose."""
    suite = f"{session.suite}_"
    is_broken = any(piece in suite for piece in BROKEN)
    is_secret = any(piece in suite for piece in SECRET) or session.version.endswith("1.3")
    proof = session.proof
    # RFC 7925 section 4.2 gives constrained devices suites with a key alone.
    is_allowed = policy.kind == "constrained" and "_PSK_" in suite
    return [
        *(["broken"] if is_broken else []),
        *(["version"] if session.version not in CURRENT else []),
        *(["certificate"] if proof is not None and proof.faults else []),
        *(["weak-certificate"] if proof is not None and weakness(proof) else []),
        *(["secrecy"] if session.suite and not (is_secret or is_broken or is_allowed) else []),
    ]


def without_certificate(chosen: Sequence[TlsSession]) -> str:
    """The servers of which no certificate was seen at any time, though they have one; empty where there is none."""
    shown = {peer_part(s) for s in chosen if s.proof is not None}
    is_keyed = ("_PSK_" in s.suite and "_RSA_PSK_" not in s.suite for s in chosen)
    hidden = [s for s, keyed in zip(chosen, is_keyed, strict=True) if not keyed and peer_part(s) not in shown]
    return list_some(map(peer_name, hidden), 3)


def is_stranger(session: TlsSession) -> bool:
    """Whether the device sent somebody away who is not whom it wanted: a portal or proxy, no back end."""
    proof = session.proof
    if proof is None or session.ending != "refused-by-client":
        return False
    is_another = bool({"wrong-name", "bad-signature"} & set(proof.faults))
    # Whom neither the device nor anybody here knows may be a proxy that looks into what is encrypted.
    return is_another or (session.alert in ("unknown_ca", "bad_certificate") and not is_vouched_for(proof))


def is_vouched_for(proof: ServerProof) -> bool:
    """Whether it leads to a root of the web, or to one that the user gave."""
    return bool(proof.publicly_trusted.known or proof.privately_trusted.known)


def weakness(proof: ServerProof) -> str:
    """What is weak of the server's own certificate; empty where nothing is."""
    leaf = proof.certificates[0]
    if leaf.key_type == "rsa" and leaf.key_bits < SHORTEST_RSA:
        return f"its key is RSA of {leaf.key_bits} bits"
    is_weak = leaf.signature_hash in ("md5", "sha1") and not proof.is_self_signed
    return f"it is signed with {leaf.signature_hash}" if is_weak else ""


def finding(variant: str, sessions: Sequence[TlsSession]) -> Verdict:
    """One fault of one server."""
    first = sessions[0]
    proof = first.proof
    said = {
        "broken": f"chose {first.suite}",
        "version": f"chose {list_some(s.version for s in sessions)}",
        "certificate": f"shows a certificate that does not hold: {proof.detail if proof else ''}",
        "weak-certificate": f"shows a weak certificate: {weakness(proof) if proof else ''}",
        "secrecy": f"chose {first.suite}, with which a stolen key opens what was recorded",
    }[variant]
    count = sum(s.count for s in sessions)
    return bad(
        variant,
        f"{peer_name(first)} {said}",
        observed=f"{first.version} {first.suite}; {counted(count, 'handshake')}; {said}",
        expected="TLS 1.2 or 1.3, a forward secret AEAD suite, a certificate in order",
        reproduce=filter_traffic(first),
        part=peer_part(first),
    )
