"""No client of the image is told to skip the check of its server's certificate.

## What it looks at
Service configurations, units, start-up scripts and the vendor's own programs in script languages: `curl -k`, `wget
--no-check-certificate`, `mosquitto_pub --insecure`, `bridge_insecure true`, `rejectUnauthorized: false`,
`verify=False`, `CERT_NONE`, `InsecureSkipVerify: true`, `SkipVerify`, `ssl_verify = false`, `TLS_REQCERT never` and
their like. Comments do not count; documentation, tests and what is not enabled (`sites-available`) little; compiled
programs are not read.

## Why it matters
Encryption with somebody whom nobody checked is encryption with the attacker. Whoever is on the path reads and changes
all of it, commands and updates too, and the device notices nothing.

## How to fix
Take the switch out and give the client the right root instead (`--cacert`, `bridge_cafile`,
`verify="/etc/ssl/own.pem"`, `ServerCertificate` of Mender). Where the clock is wrong at first start, fetch the time
first. For a name that does not match, issue the right certificate (`--connect-to` of curl for a test).

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-1; OWASP ISVS 4.1.3 (git edfda29b); CWE-295
"""

from iotscan.sdk import Returned, Subject, Target, VerificationSwitches, bad, check, clause, good, unknown


@check(
    id="tls-verification",
    aliases=("CLD-014",),
    title="No client is told to skip the check of its server's certificate",
    element="cloud",
    variants={
        "off": ("critical", "A client is told not to check its server's certificate"),
        "documentation": (
            "low",
            "An example, a test or a configuration that is not in use tells a client not to check certificates",
        ),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP ISVS", "edfda29b", "4.1.3"),
        clause("EN 18031-1", "2024", "SCM-1"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("certificates", "image", "root-filesystem", "tls"),
    since="0.1",
    confidence="firm",
    effort="low",
)
def tls_verification(found: VerificationSwitches, target: Target) -> Returned:
    """Fail on each place; an image in which nothing was read is no pass."""
    if not found.files_searched:
        return unknown("no configuration, script or unit was searched")
    findings = []
    for switch in found.switches:
        place = Subject(image=target.subject.image, path=switch.path, line=switch.line)
        finding = bad(
            "documentation" if switch.in_documentation else "off",
            "a client is told not to check the certificate of its server",
            observed=f"{place}: {switch.client}: {switch.setting}",
            expected="every certificate is checked",
            about=place,
            part=switch.client,
        )
        findings.append(finding)
    return findings or good(f"no client skips the check in {found.files_searched} files")
