"""Certificates of public CAs are on record.

## What it looks at
Whether a certificate that Mozilla's roots vouch for comes with signed certificate timestamps (SCTs), by which public
logs promise to show it to everybody: in the certificate itself, or beside it in the handshake of TLS 1.2 and older.
Browsers want those of two logs at least. Those in a stapled OCSP response are not read, and TLS 1.3 encrypts what
comes beside a certificate. Certificates of a CA of your own need none.

Which CAs may issue for a name is said by its CAA records (RFC 8659): of a back end they are asked for (`backend-dns`);
of a device they are not, because the name servers of a public name are not in the scope of a scan. The line to ask them
stands with the result.

## Why it matters
Any of some hundred public CAs can issue for your name, by mistake or because somebody broke in; logs are where the
owner of a name sees it. A certificate that is in no log is refused by Chrome, Safari and Firefox, and is what a CA
issues when nobody is to see it.

## How to fix
Have it issued again: every CA of the web puts timestamps into its certificates unless it is told not to. Then watch
the logs for your names (`certspotter`, crt.sh), and say who may issue: `example.com. CAA 0 issue "letsencrypt.org"`.
Where names of devices must not become public, issue from a CA of your own.

## References
- RFC 6962 sections 3.2 and 3.3, RFC 9162 (certificate transparency)
- RFC 8659 (CAA)
- Chrome and Apple certificate transparency policies (two logs, three for more than 180 days)
"""

from iotscan.sdk import (
    Certificate,
    CertificateChain,
    Returned,
    Target,
    bad,
    check,
    clause,
    good,
    show_certificate,
    skip,
    unknown,
)

# Prints only when a certificate came: a server that is down proves nothing.
COUNT = (
    "awk '/Not After/ {came = 1} /Signed Certificate Timestamp:/ {n += 1} "
    'END {if (came) print "timestamps in it: " n + 0}\''
)
ENOUGH = 2
"""Timestamps that browsers want at least."""


@check(
    id="certificate-transparency",
    title="The certificate of a public CA is in public logs",
    element="communication",
    variants={
        "none": ("low", "A certificate of a public CA comes with no signed certificate timestamp"),
        "few": ("low", "A certificate of a public CA comes with fewer timestamps than browsers want"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "network", "tls"),
    since="0.1",
    effort="low",
)
def certificate_transparency(chain: CertificateChain, target: Target) -> Returned:
    """Timestamps are counted, in the certificate first; without any, the handshake must have been asked."""
    if not chain.trusted_by:
        chain.trusted.value  # noqa: B018  # nobody knows whether it needs any
    if "Mozilla" not in chain.trusted_by:
        return skip("no public CA vouches for it")
    said = chain.leaf.extensions
    if said is None:
        return unknown("the run does not say which extensions are in the certificate")
    found = said.embedded_scts
    if not found:
        if chain.ocsp_stapled.known:
            return unknown("none is in the certificate, and what the stapled OCSP response holds of them is not read")
        found = chain.handshake_scts.value
    if found >= ENOUGH:
        return good(f"{found} logs promise to show it", observed=authorities(chain.leaf))
    return bad(
        "few" if found else "none",
        f"the certificate comes with {found or 'no'} signed certificate timestamp{'s' * (not found)}",
        observed=f"{found} timestamps; issued by {chain.leaf.issuer}; {authorities(chain.leaf)}",
        expected=f"those of {ENOUGH} logs at least",
        reproduce=f"{shown(chain, target)} | {COUNT}",
        shows=f"timestamps in it: {said.embedded_scts}",
    )


def shown(chain: CertificateChain, target: Target) -> str:
    """The command that prints the certificate."""
    return show_certificate(target, 0, "-text", opening=chain.opening)


def authorities(leaf: Certificate) -> str:
    """How to ask which CAs may issue for the first of its names."""
    names = [name for name in leaf.names if name not in (leaf.addresses or ())]
    return f"CAA not asked: dig +short CAA {names[0].removeprefix('*.')}" if names else "no name to ask CAA for"
