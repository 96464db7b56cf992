"""The chain is sent whole, in order, and with nothing beside it.

## What it looks at
The certificates that a TLS server sends, or that a configuration gives it: whether each is signed by one that follows,
up to one that a root signed; whether one is there twice or belongs to no way from the server's own; whether the root
itself is sent along. That one is missing is said where it can be known: signatures lead to no root of a known store,
and the server's own certificate is of a public CA (it carries timestamps of the public logs, or a policy of the
CA/Browser Forum), whose roots sign no servers. Of any other the root may be one that nobody gave (`--trust-store`),
and the question stays open.

## Why it matters
Clients on devices, and every program that uses OpenSSL or mbed TLS, do not fetch what is missing: they fail where a
browser, which knows most intermediates, shows a lock. Then somebody turns verification off to make it work. A wrong
order stops strict clients too (TLS 1.2). A root that is sent proves nothing, and costs a constrained client
half a kilobyte in each handshake.

## How to fix
Put the intermediates behind the server's certificate, each signed by the next, without the root:
`cat server.crt intermediate.crt > fullchain.pem` (certbot's and step's own `fullchain.pem` is right), and give that
file to `ssl_certificate` in nginx, `certfile` in mosquitto. Look with `openssl s_client -showcerts`.

## References
- RFC 5246 section 7.4.2 (order, root left out); RFC 8446 section 4.4.2
- CA/Browser Forum, TLS Baseline Requirements 6.1.7 (what the key of a root may sign), 7.1.6.1 (policies)
- draft-ietf-uta-tls13-iot-profile-21 (trust anchors are not sent)
"""

from iotscan.sdk import (
    Certificate,
    CertificateChain,
    Returned,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    show_certificate,
    skip,
    unknown,
)

Certificates = tuple[Certificate, ...]
OF_THE_FORUM = "2.23.140.1."
"""Policies that the CA/Browser Forum names: domain, organisation, individual and extended validation."""
MOST = 5
"""Certificates out of place that are told one by one."""


@check(
    id="certificate-chain-order",
    aliases=("CRT-007",),
    title="The chain of certificates is sent whole and in order",
    element="communication",
    variants={
        "incomplete": ("low", "A certificate between the server's own and a root is not sent"),
        "disordered": ("low", "The certificates are not in the order in which they sign each other"),
        "unrelated": ("low", "A certificate is sent that has nothing to do with the server's own"),
        "repeated": ("low", "A certificate is sent twice"),
        "root-sent": ("info", "The root is sent along"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "configuration", "network", "tls"),
    since="0.1",
    effort="low",
)
def certificate_chain_order(chain: CertificateChain, target: Target) -> Returned:
    """Tell what is too much and out of place, then what is missing."""
    sent = chain.certificates
    if chain.malformed or not sent:
        places = ", ".join(str(m.position + 1) for m in chain.malformed[:MOST])
        return unknown(f"certificates of the chain cannot be read: {places or 'all'}")
    if len(sent) == 1 and sent[0].is_self_issued:
        return skip("one certificate that is signed by itself: there is no chain")
    found = [*misplaced(chain, target), *missing(chain, target), *roots(chain, target)]
    return found or good(whole(chain))


def whole(chain: CertificateChain) -> str:
    """The sentence on a chain with which everything is right."""
    if len(chain.certificates) == 1:
        return f"one certificate, signed by a root: {chain.leaf.issuer}"
    return f"{len(chain.certificates)} certificates, each signed by one that follows, the last by a root"


def signs(one: Certificate, other: Certificate) -> bool:
    """Whether names and key identifiers say that ``one`` signed ``other``."""
    if one.subject != other.issuer:
        return False
    own = one.extensions.subject_key if one.extensions else ""
    wanted = other.extensions.authority_key if other.extensions else ""
    return not (own and wanted) or own == wanted


def related(sent: Certificates) -> set[str]:
    """The fingerprints of those on some way up from the first."""
    on_way, ends = {sent[0].sha256}, [sent[0]]
    while ends:
        below = ends.pop()
        above = [c for c in sent if c.sha256 not in on_way and signs(c, below)]
        on_way.update(c.sha256 for c in above)
        ends += above
    return on_way


def misplaced(chain: CertificateChain, target: Target) -> list[Verdict]:
    """What is sent twice, for nothing, or before what it signed."""
    sent, found = chain.certificates, []
    on_way = related(sent)
    seen: list[Certificate] = []
    for place, one in enumerate(sent):
        if one.sha256 in {s.sha256 for s in seen}:
            found.append(
                about("repeated", f"certificate {place + 1} is sent twice: {one.subject}", place, chain, target)
            )
        elif one.sha256 not in on_way:
            said = f"certificate {place + 1} signs none of the others: {one.subject}"
            found.append(about("unrelated", said, place, chain, target))
        elif seen and not any(signs(one, below) for below in seen):
            said = f"certificate {place + 1} stands before what it signed: {one.subject}"
            found.append(about("disordered", said, place, chain, target))
        seen.append(one)
    return found[:MOST]


def missing(chain: CertificateChain, target: Target) -> list[Verdict]:
    """The end of a way that neither is a root nor was signed by one."""
    sent = chain.certificates
    way = related(sent)
    on_way = [c for c in sent if c.sha256 in way]
    if any(c.is_self_issued for c in on_way) or chain.anchored.known or chain.trusted.known:
        return []
    last = next((c for c in on_way if not any(signs(o, c) for o in on_way if o is not c)), chain.leaf)
    if not chain.anchored.is_answered:
        return [unknown(f"whether a root signed the last one was not asked: {last.issuer}")]
    if last is not sent[0] or not is_public(last):
        return [unknown(f"no known store has {last.issuer}: a root that you can give with --trust-store, or missing")]
    said = f"the certificate of {last.issuer} is not sent, and no known store has it"
    return [about("incomplete", said, 0, chain, target, show="-issuer", shows="issuer=")]


def is_public(one: Certificate) -> bool:
    """Whether a public CA issued it, whose roots sign nothing but other CAs (CA/Browser Forum, BR 6.1.7)."""
    said = one.extensions
    return said is not None and (said.embedded_scts > 0 or any(p.startswith(OF_THE_FORUM) for p in said.policies))


def roots(chain: CertificateChain, target: Target) -> list[Verdict]:
    """Roots that are sent along, which nobody needs."""
    sent = enumerate(chain.certificates)
    found = [place for place, one in sent if place and one.is_self_issued]
    on_way = related(chain.certificates)
    return [
        about("root-sent", f"a root is sent along: {one.subject}", place, chain, target)
        for place in found
        if (one := chain.certificates[place]).sha256 in on_way
    ][:1]


def about(
    variant: str,
    said: str,
    place: int,
    chain: CertificateChain,
    target: Target,
    *,
    show: str = "-subject",
    shows: str = "subject=",
) -> Verdict:
    """A finding at one place of the chain."""
    one = chain.certificates[place]
    return bad(
        variant,
        said,
        observed=f"{len(chain.certificates)} certificates; number {place + 1} is {one.subject}, issued by {one.issuer}",
        expected="the server's own, then each signer, without the root",
        reproduce=show_certificate(target, place, show, "-nameopt", "RFC2253", opening=chain.opening),
        shows=shows,
        part=f"{variant} {one.sha256[:16]}",
    )
