"""The DNS of a back end says who may issue certificates for it.

## What it looks at
What the DNS says of the name of a back end (`--backend NAME`), as the resolver of this machine or that of `--resolver`
tells it: CAA records, its own or those of the nearest domain above it that has any; whether its answers are signed
(DNSSEC) and the zone above vouches for that; TLSA records of its TLS services (DANE) and whether the certificate that
was shown is one of theirs. TLSA records that name an authority, or the whole certificate, are not compared. Signatures
are noted and not verified: whether a resolver did is its own word.

## Why it matters
Any of some hundred public CAs may issue for a name that says nothing; CAA leaves those that you use. Without DNSSEC
whoever answers first decides where devices go, and only the certificate is left to stop them. TLSA records that nobody
can prove protect nobody, and those that fit no certificate turn away every client that asks for them.

## How to fix
Say who may issue: `acme.example. CAA 0 issue "letsencrypt.org"`, with `CAA 0 iodef "mailto:security@acme.example"` to
hear of refusals. Sign the zone (`dnssec-policy default;` in BIND, `dnssec-signing: on` in Knot DNS, one switch at most
providers) and hand its DS to the registrar. Put the TLSA record of a new certificate beside the old one before the
certificate changes, and give both the time of their TTL.

## References
- RFC 8659 (CAA), RFC 8657 (CAA parameters for ACME); RFC 4033 section 3 (what DNSSEC gives)
- RFC 6698 section 2.1 and RFC 7671 (TLSA, DANE)
"""

from collections.abc import Iterator

from iotscan.sdk import CertificateChain, Each, NameRecords, Returned, Verdict, bad, check, clause, command, good

END_ENTITY = (1, 3)
SHA256 = 1


@check(
    id="backend-dns",
    aliases=("CLD-015",),
    title="The DNS of a back end says who may issue certificates for it",
    element="cloud",
    variants={
        "tlsa-mismatch": ("medium", "No TLSA record fits the certificate that a back end shows"),
        "no-caa": ("low", "Any public CA may issue for the name of a back end"),
        "tlsa-unsigned": ("low", "TLSA records of a back end can be proved by nobody"),
        "unsigned": ("info", "The DNS answers for a back end are not signed"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "network", "tls"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def backend_dns(records: NameRecords, chains: Each[CertificateChain]) -> Returned:
    """Say each thing by itself; a pass wants an answer about who may issue."""
    found = [*tlsa(records, chains), *caa(records), *signatures(records)]
    if any(verdict.variant != "unsigned" for verdict in found):
        return found
    said = ", ".join(f'{r.tag} "{r.value}"' for r in records.caa.value)
    return [*found, good("it says who may issue for it", observed=f"CAA of {records.caa_at}: {said}")]


def caa(records: NameRecords) -> Iterator[Verdict]:
    """Without an ``issue`` nobody is kept from issuing: ``issuewild`` is of wildcards alone."""
    known = records.caa.known
    if known is None or any(record.tag == "issue" for record in known):
        return
    domains = names_above(records.name)
    each = "; ".join(command("dig", "+short", "CAA", domain) for domain in domains)
    others = ", ".join(sorted({record.tag for record in known}))
    yield bad(
        "no-caa",
        f"no CAA record says who may issue for {records.name}",
        observed=f"CAA of {records.caa_at} says only {others}" if known else f"no CAA at {', '.join(domains)}",
        expected='CAA 0 issue "…" at the name or a domain above it',
        reproduce=f"{{ {each}; }} | grep -cE '^[0-9]+ issue '",
        shows="0",
    )


def signatures(records: NameRecords) -> Iterator[Verdict]:
    """Signed without a DS above is signed for nobody."""
    if records.is_signed.known is False or records.is_delegated.known is False:
        is_signed = bool(records.is_signed.known)
        yield bad(
            "unsigned",
            "the zone above vouches for no key of it"
            if is_signed
            else f"the answers for {records.name} are not signed",
            observed="RRSIG records, and no DS above" if is_signed else "no RRSIG with its addresses",
            expected="a signed zone, with a DS in the one above",
        )


def tlsa(records: NameRecords, chains: Each[CertificateChain]) -> Iterator[Verdict]:
    """What cannot be compared fits; what is not signed is for nobody."""
    known = records.tlsa.known or ()
    if known and (records.is_signed.known is False or records.is_delegated.known is False):
        yield bad(
            "tlsa-unsigned",
            f"TLSA records stand where answers are not signed: clients must not use them ({records.name})",
            observed=", ".join(sorted({f"_{r.port}._tcp.{records.name}" for r in known})),
            expected="a signed zone, with a DS in the one above, or no TLSA records",
        )
    for port in sorted({record.port for record in known}):
        own = [record for record in known if record.port == port]
        shown = [seen for seen in chains if seen.subject.port == port and seen.fact.certificates]
        is_compared = all(r.usage in END_ENTITY and r.matching == SHA256 and r.selector in (0, 1) for r in own)
        hashes = {h for s in shown for c in s.fact.certificates[:1] for h in ((0, c.sha256), (1, c.spki_sha256))}
        if shown and is_compared and not {(r.selector, r.data) for r in own} & hashes:
            yield bad(
                "tlsa-mismatch",
                f"no TLSA record of port {port} fits the certificate that it shows",
                observed=", ".join(f"{r.usage} {r.selector} {r.matching} {r.data[:16]}…" for r in own[:4]),
                expected=f"3 1 1 {shown[0].fact.certificates[0].spki_sha256}",
                reproduce=command("dig", "+short", "TLSA", f"_{port}._tcp.{records.name}"),
                shows=f"{own[0].usage} {own[0].selector} {own[0].matching}",
                part=str(port),
            )


def names_above(name: str) -> list[str]:
    """The name and the domains above it, without the root."""
    labels = name.split(".")
    return [".".join(labels[at:]) for at in range(len(labels))]
