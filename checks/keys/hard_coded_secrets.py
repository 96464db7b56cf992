"""No secret stands in the files of the image.

## What it looks at
The text files of the image: tokens of cloud and development services by their own form, signed tokens (JWT), user
information in addresses, what configurations, scripts and environment files call by such a name, and the files
that exist for it (`.netrc`, `chap-secrets`, `ipsec.secrets`, `snmpd.conf`, `wpa_supplicant.conf`, `config.json` of
Docker). Placeholders, variables, hashes and comments do not count; in programs and libraries of the distribution only
the form of a token does; manuals and translations are not read. What it is, where and how long is told, never itself.

## Why it matters
An image is the same on every device, and anybody can download or unsolder it. What stands in it opens the same
broker, account or network for all who look, and cannot be changed without a new image for the whole fleet.

## How to fix
Take it out of the image and count it as known: revoke it where it was issued. Give each device its own at
manufacture or at first start (fleet provisioning of AWS IoT, Azure DPS, EST, LwM2M bootstrap), kept on the data
partition or in a TPM. What only the build needs is handed in by the builder (`--secret` of Docker BuildKit), not by a
file or the environment. Let the pipeline look for such texts before it builds (gitleaks).

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-3 (no hard-coded critical security parameters)
- OWASP ISVS 2.1.9 (git edfda29b); CWE-798
"""

from iotscan.sdk import (
    EmbeddedSecret,
    EmbeddedSecrets,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    unknown,
)

WORDS = {
    "service-token": "a token of a service",
    "bearer-token": "a signed token",
    "password": "what logs in to a service",
    "wifi": "what joins a radio network",
    "vpn": "what opens a tunnel",
    "community": "an SNMP community of its own",
}


@check(
    id="hard-coded-secrets",
    aliases=("CRD-008",),
    title="No secret stands in the files of the image",
    element="keys",
    variants={
        "service-token": ("critical", "A token or key of a cloud service stands in the image"),
        "password": ("critical", "What logs in to a service stands in the image"),
        "bearer-token": ("high", "A signed token stands in the image"),
        "wifi": ("high", "What joins a radio network stands in the image"),
        "vpn": ("high", "What opens a tunnel stands in the image"),
        "community": ("medium", "An SNMP community of its own stands in the image"),
        "documentation": (
            "low",
            "A secret lies among the documentation, the tests or the unused configurations of a program",
        ),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-3"),
        clause("OWASP ISVS", "edfda29b", "2.1.9"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "image", "root-filesystem", "shared-keys"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def hard_coded_secrets(found: EmbeddedSecrets, target: Target) -> Returned:
    """Fail on each secret by what it opens; an image nobody searched is no pass."""
    image = target.subject.image
    findings: list[Verdict] = [judge(s, Subject(image=image, path=s.path, line=s.line)) for s in found.secrets]
    if not found.files_searched:
        return unknown("no file was searched for secrets")
    if found.is_cut_off:
        findings.append(unknown(f"more than {len(found.secrets)} secrets: the rest of the image was not judged"))
    return findings or good(f"no secret in {found.files_searched} files")


def judge(secret: EmbeddedSecret, place: Subject) -> Verdict:
    """The finding about one secret."""
    digest = f", SHA-256 begins {secret.sha256_prefix}" if secret.sha256_prefix else ""
    named = f" named {secret.name}" if secret.name else ""
    what = WORDS[secret.group]
    return bad(
        "documentation" if secret.in_documentation else secret.group,
        f"{what} stands in the image, and so on every device made from it",
        observed=f"{place}: {secret.form}{named}, {secret.length} characters{digest}",
        expected="each device gets its own after manufacture",
        about=place,
        part=f"{secret.form} {secret.name}".strip(),
    )
