"""Something in the image renews keys and certificates.

## What it looks at
Whether the image has a client of ACME, EST, CMP, SCEP or step-ca (certbot, acme.sh, lego, uacme, dehydrated, step,
libest, sscep, certmonger, `openssl cmp`, strongSwan's pki, the certificate service of Azure IoT Edge), whether it is
configured, and whether a crontab, timer or start-up file runs it. A vendor's own agent is not recognised: attest it.

## Why it matters
A key that cannot be changed in the field stays in use after it leaked, and its certificate ends in an outage. What is
renewed every few weeks by a machine needs no revocation list and no night shift.

## How to fix
Choose one client for the authority you have: EST or CMP for device identities, ACME for web interfaces that have a
name. Configure it, run it from a systemd timer or cron well before a third of the lifetime is left, and let it make a
new key each time (`reuse_key = False` of certbot, `--rekey` of step).

## References
- ETSI EN 303 645 V3.1.3 provision 5.5-8 (secure management of critical security parameters)
- RFC 8555 (ACME), RFC 7030 (EST), RFC 9810 (CMP), RFC 8894 (SCEP)
"""

from iotscan.sdk import Returned, RotationTools, bad, check, clause, good


@check(
    id="key-rotation-mechanism",
    aliases=("KEY-008",),
    title="A configured client renews keys and certificates",
    element="keys",
    variants={
        "none": ("medium", "Nothing that renews keys and certificates was recognised"),
        "idle": ("low", "A client that renews keys and certificates is there, but not configured and run"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-8"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("certificates", "image", "key-rotation"),
    since="0.1",
    confidence="firm",
    effort="high",
)
def key_rotation_mechanism(found: RotationTools) -> Returned:
    """Pass on one client that is configured and run."""
    at_work = [t for t in found.tools if t.configured and t.scheduled]
    if at_work:
        return good(f"{at_work[0].name} is configured ({at_work[0].configured}) and run by {at_work[0].scheduled}")
    expected = "a client of ACME, EST, CMP or SCEP, configured, and run by a timer or cron"
    if not found.tools:
        return bad("none", "nothing that renews keys was recognised", observed="no such client", expected=expected)
    there = "; ".join(
        f"{t.path}, configured: {t.configured or 'no'}, run by: {t.scheduled or 'nothing'}" for t in found.tools[:4]
    )
    return bad("idle", "a client that renews keys is there, but not at work", observed=there, expected=expected)
