"""Certificates say what they may be used for, and are used for that.

## What it looks at
What the certificates of a chain say of their use: whether the server's own may serve TLS (extKeyUsage, keyUsage) and
whether it may sign others (basicConstraints), whether those above it are authorities that may sign it and are marked
so, and extensions that are critical and that nobody knows. In an image: those that its services are configured with.
Roots are left out: a client trusts them for being in its store.

A certificate that signs itself and says CA:TRUE is what `openssl req -x509` makes unasked. It is told apart from one
that somebody else issued: only who trusts it by name gives it that power.

Under the `constrained` policy the profile of TLS 1.3 for IoT is asked as well: version 3, a critical keyUsage with
digitalSignature, extKeyUsage, ECDSA, one name and no wildcard, an end, no addresses of CRLs and OCSP responders. A
subjectKeyIdentifier, which that profile forbids for the bytes it costs, is not told.

## Why it matters
A device whose own certificate may sign others is an authority: whoever opens the device issues certificates for every
other, or, where people imported the certificate to silence a warning, for every site that they visit. A certificate
that says it is for something else is refused by clients that look, so that those which are used with it do not look.

## How to fix
Issue by a profile: `basicConstraints = critical,CA:FALSE`, `keyUsage = critical,digitalSignature`, `extendedKeyUsage =
serverAuth` in an OpenSSL section, given by `-extfile` and `-extensions`; with `openssl req -x509` add `-addext
"basicConstraints=critical,CA:FALSE"`. Authorities: `critical,CA:TRUE` and `keyUsage = critical,keyCertSign,cRLSign`.
step-ca and ACME do all this by themselves.

## References
- RFC 5280 sections 4.2 (critical), 4.2.1.3 (keyUsage), 4.2.1.9 (basicConstraints), 4.2.1.10 (nameConstraints) and
  4.2.1.12 (extKeyUsage)
- draft-ietf-uta-tls13-iot-profile (certificates of devices and their authorities); RFC 7925 section 4.4; IEEE 802.1AR
"""

from iotscan.sdk import (
    Certificate,
    CertificateChain,
    Extensions,
    Policy,
    Returned,
    Target,
    Verdict,
    bad,
    check,
    clause,
    command,
    good,
    show_certificate,
)

ANY_OF = {
    "rsa": ("digitalSignature", "keyEncipherment"),
    "ec": ("digitalSignature", "keyAgreement"),
}
"""What keyUsage has to allow for a server of TLS, by the kind of key; a signature for all others."""


@check(
    id="certificate-usage",
    aliases=("CRT-011",),
    title="Certificates say what they may be used for, and are used for that",
    element="communication",
    variants={
        "issues-certificates": ("medium", "The server's certificate, issued by an authority, may sign others"),
        "no-server": ("medium", "The server's certificate is not for servers"),
        "no-authority": ("medium", "A certificate was issued by one that may not sign it"),
        "unknown-critical": ("medium", "A certificate has a critical extension that nobody knows"),
        "self-signed-authority": ("low", "The server's self-signed certificate is an authority"),
        "unmarked": ("low", "An authority is not marked as one as it has to be"),
        "profile": ("low", "A certificate of a constrained device is outside of the profile for TLS in IoT"),
    },
    clauses=(
        clause("RFC 7925", "2016", "4.4"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "configuration", "network", "tls"),
    since="0.1",
    effort="low",
)
def certificate_usage(chain: CertificateChain, policy: Policy, target: Target) -> Returned:
    """Judge the server's certificate by itself, and those above it by what they sign."""
    chain.leaf.uses  # noqa: B018  # without what the leaf says there is no question
    found: list[tuple[str, int, str]] = []
    for position, certificate in chain.placed:
        if certificate.extensions is not None:
            said = of_leaf(certificate, certificate.extensions) if position == 0 else []
            said += of_authority(certificate, certificate.extensions) if signs_another(certificate, chain) else []
            said += (
                unknown_critical(certificate, certificate.extensions)
                if position == 0 or not certificate.is_root
                else []
            )
            if policy.kind == "constrained":
                said += outside_profile(certificate, certificate.extensions, is_leaf=position == 0)
            found += [(variant, position, text) for variant, text in said]
    if found:
        variants = dict.fromkeys(variant for variant, _, _ in found)
        return [told(variant, [(p, t) for v, p, t in found if v == variant], chain, target) for variant in variants]
    chain.require_all()
    for _, certificate in chain.placed:
        certificate.uses  # noqa: B018  # of what is damaged nothing is known
    return good("the server's certificate and those above it are for what they are used for")


def of_leaf(certificate: Certificate, uses: Extensions) -> list[tuple[str, str]]:
    """What speaks against the server's own certificate."""
    found = []
    may_sign = uses.key_usage is None or "keyCertSign" in uses.key_usage
    if certificate.is_ca and may_sign:
        found.append(("self-signed-authority" if certificate.is_root else "issues-certificates", "it says CA:TRUE"))
    purposes = uses.extended_key_usage
    if purposes is not None and "serverAuth" not in purposes:
        found.append(("no-server", f"its extKeyUsage is {', '.join(purposes) or 'empty'}"))
    needed = ANY_OF.get(certificate.key_type, ("digitalSignature",))
    if uses.key_usage is not None and not set(needed) & set(uses.key_usage):
        found.append(("no-server", f"its keyUsage is {', '.join(uses.key_usage) or 'empty'}"))
    return found


def signs_another(certificate: Certificate, chain: CertificateChain) -> bool:
    """Whether another of the chain names it as its issuer; roots are in a store and not asked.

    A server's certificate may bear the name of its CA, as in many a guide: then the key identifiers tell them apart,
    and a root is signed by nobody else.
    """
    others = (other for other in chain.certificates if other is not certificate and not other.is_root)
    return not certificate.is_root and any(is_named(certificate, other) for other in others)


def is_named(signer: Certificate, other: Certificate) -> bool:
    """Whether names, and key identifiers where both have them, say that ``signer`` signed ``other``."""
    own = signer.extensions.subject_key if signer.extensions else ""
    wanted = other.extensions.authority_key if other.extensions else ""
    return other.issuer == signer.subject and (not (own and wanted) or own == wanted)


def of_authority(certificate: Certificate, uses: Extensions) -> list[tuple[str, str]]:
    """What speaks against a certificate that signs another."""
    if not certificate.is_ca:
        return [("no-authority", "it is no authority (CA:TRUE is missing)")]
    if uses.key_usage is not None and "keyCertSign" not in uses.key_usage:
        return [("no-authority", f"its keyUsage is {', '.join(uses.key_usage) or 'empty'}, without keyCertSign")]
    found = []
    if uses.extended_key_usage is not None and "serverAuth" not in uses.extended_key_usage:
        found.append(("no-authority", f"its extKeyUsage is {', '.join(uses.extended_key_usage) or 'empty'}"))
    if "basicConstraints" not in uses.critical:
        found.append(("unmarked", "its basicConstraints are not critical"))
    if uses.key_usage is None:
        found.append(("unmarked", "it has no keyUsage"))
    if (uses.permitted or uses.excluded) and "nameConstraints" not in uses.critical:
        found.append(("unmarked", "its nameConstraints are not critical"))
    return found


def unknown_critical(certificate: Certificate, uses: Extensions) -> list[tuple[str, str]]:
    """Extensions over which a client that keeps to RFC 5280 section 4.2 refuses the certificate."""
    return [("unknown-critical", f"the critical extension {oid} is not known") for oid in uses.unknown_critical]


def outside_profile(certificate: Certificate, uses: Extensions, *, is_leaf: bool) -> list[tuple[str, str]]:
    """Where it leaves the profile of TLS 1.3 for IoT."""
    if certificate.is_root and not is_leaf:
        return []
    said = of_device(certificate, uses) if is_leaf else []
    if not is_leaf and uses.extended_key_usage is not None:
        said.append("an authority with extKeyUsage")
    if certificate.key_type != "ec":
        said.append(f"a key of {certificate.key_type} instead of ECDSA")
    if uses.version != 3:
        said.append(f"version {uses.version} instead of 3")
    if uses.key_usage is None or "keyUsage" not in uses.critical:
        said.append("no keyUsage that is critical")
    ways = [word for word, urls in (("CRLs", certificate.crl_urls), ("OCSP responders", certificate.ocsp_urls)) if urls]
    if ways:
        said.append(f"addresses of {' and '.join(ways)}")
    critical = {"cRLDistributionPoints", "authorityInfoAccess"} & set(uses.critical)
    said += [f"{name} is critical" for name in sorted(critical)]
    return [("profile", text) for text in said]


def of_device(certificate: Certificate, uses: Extensions) -> list[str]:
    """What the profile says of the certificates of devices alone."""
    has_no_end = certificate.not_after.year == 9999
    said = []
    if uses.key_usage is not None and "digitalSignature" not in uses.key_usage:
        said.append("no digitalSignature in keyUsage")
    if uses.extended_key_usage is None and not has_no_end:
        said.append("no extKeyUsage")
    if any("*" in name for name in certificate.names):
        said.append("a wildcard")
    if len(certificate.names) > 1:
        said.append(f"{len(certificate.names)} names instead of one")
    if "subjectAltName" in uses.critical and certificate.subject:
        said.append("a critical subjectAltName")
    if has_no_end:
        said.append("no end, which only the birth certificate (IDevID) of a client may be without")
    return said


def told(variant: str, said: list[tuple[int, str]], chain: CertificateChain, target: Target) -> Verdict:
    """One finding for all that is said of a kind; the command shows the first certificate that it is said of."""
    position = said[0][0]
    whose = {p: "the server's certificate" if p == 0 else c.subject or f"certificate {p + 1}" for p, c in chain.placed}
    texts = [f"{whose[p]}: {text}" for p, text in said]
    look, shows = shown(variant, said[0][1])
    return bad(
        variant,
        texts[0],
        observed="; ".join(texts)[:600],
        expected=EXPECTED[variant],
        reproduce=f"{show_certificate(target, position, '-text', opening=chain.opening, chain=chain)} | {look}",
        shows=shows,
    )


EXPECTED = {
    "issues-certificates": "CA:FALSE",
    "self-signed-authority": "CA:FALSE",
    "no-server": "extKeyUsage with serverAuth, keyUsage with digitalSignature, or neither of them",
    "no-authority": "CA:TRUE, keyCertSign, and no extKeyUsage for other purposes alone",
    "unknown-critical": "critical extensions of RFC 5280 alone",
    "unmarked": "critical basicConstraints, keyUsage, and nameConstraints that are critical where there are any",
    "profile": "a certificate as draft-ietf-uta-tls13-iot-profile describes it",
}


def shown(variant: str, text: str) -> tuple[str, str]:
    """What the text of a certificate is put through, and what comes out where this is so."""
    if variant in ("issues-certificates", "self-signed-authority"):
        return "grep CA:TRUE", "CA:TRUE"
    if variant == "unknown-critical":
        oid = text.split()[3]
        return command("grep", oid), f"{oid}: critical"
    if "keyUsage is" in text:
        return "grep -A1 'X509v3 Key Usage'", "X509v3 Key Usage"
    if "extKeyUsage is" in text:
        return lacking("TLS Web Server Authentication", where="Extended Key Usage")
    if variant == "no-authority":
        return lacking("CA:TRUE")
    if text == "its basicConstraints are not critical":
        return lacking("X509v3 Basic Constraints: critical")
    if text == "its nameConstraints are not critical":
        return lacking("X509v3 Name Constraints: critical")
    if text == "it has no keyUsage":
        return lacking("X509v3 Key Usage")
    return "grep -A1 -E 'Version:|Public Key Algorithm|Not After|X509v3|URI:'", "Version:"


def lacking(text: str, where: str = "Not After") -> tuple[str, str]:
    """What prints something only where a certificate came without this: a server that is down proves nothing."""
    said = f"no {text}"
    return f"awk '/{where}/ {{came = 1}} /{text}/ {{found = 1}} END {{if (came && !found) print \"{said}\"}}'", said
