"""Every device shows its servers a certificate of its own.

## What it looks at
The programs of an image that are configured with a client certificate (bridges of Mosquitto, SWUpdate, RAUC, Mender,
AWS IoT and Greengrass, Azure IoT Edge, aktualizr, 802.1X, OpenVPN, ChirpStack's bridge, curl, wget and mosquitto_pub in
scripts of the start), and where the private key to it is. A key that the image holds is one identity for all devices.
One in a TPM or behind PKCS#11, one that the start makes, or one that the image does not hold while a client of EST,
SCEP, CMP or step-ca is run, is in order as configured. A key that comes from elsewhere is not assessed, nor a
certificate that is only to get another with (AWS' provisioning by claim). Programs of a vendor's own are not seen.

That a private key stands in the image at all, and where, is `private-keys`'s to say, of SSH host keys
`first-boot-keys`'s, that nothing renews keys `key-rotation-mechanism`'s. Here it is said who is known by such a key.
Certificates that devices show on a network are compared by `certificate-identity`.

## Why it matters
The certificate is how a server tells devices apart. Where all have the same, whoever opens one device speaks for every
other, reads what is meant for them and sends what they would send; and the certificate cannot be revoked without
taking the whole fleet off the net.

## How to fix
Make the key on the device at production or first start, in a TPM or secure element where there is one (`tpm2_ptool`,
`pkcs11-tool --keypairgen`; then `pkcs11:…` in the configuration), and have it certified there: EST (RFC 7030), CMP
(RFC 9810), SCEP, or the provider's enrolment, with the serial number in the subject. Keep it on the data partition.

## References
- IEEE 802.1AR (IDevID, LDevID); RFC 7030 (EST), RFC 9810 (CMP), RFC 8894 (SCEP)
- ETSI EN 303 645 V3.1.3 provision 5.4-4; OWASP ISVS 2.4.1; IEC 62443-4-2 CR 1.8
"""

from iotscan.sdk import (
    DeviceIdentities,
    DeviceIdentity,
    FirstBoot,
    KeyMaker,
    Presence,
    PrivateKeys,
    Returned,
    RotationTools,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)

ENROL = (
    "EST client", "SCEP client", "OpenSSL CMP", "strongSwan pki", "step", "certmonger", "Azure IoT certificate service",
)  # fmt: skip
"""Those of ACME certify servers, by their names."""


def judge(found: DeviceIdentity, held: set[str], makers: list[KeyMaker], enrols: str, place: Subject) -> Verdict | str:
    """The verdict on one identity; words for what is in order."""
    maker = next((m for m in makers if m.writes and m.writes == found.key), None)
    if found.kept == "hardware":
        return f"{found.client}: {found.key}"
    part = found.client
    if found.kept == "absent":
        if maker is not None:
            return f"{found.client}: made by {maker.tool} ({maker.path}:{maker.line})"
        if enrols:
            return f"{found.client}: {found.key} is not in the image, and {enrols} is run"
        text = f"the key of {found.client} ({found.key}) is not in the image; who makes it, and where, is not known"
        return unknown(text, about=place, part=part)
    if found.key not in held:
        text = f"{found.key} is there for {found.client}, and no private key that can be read is in it"
        return unknown(text, about=place, part=part)
    if found.is_claim:
        text = f"{found.client} gets another certificate with the one in the image; what else that opens is not known"
        return unknown(text, about=place, part=part)
    if maker is not None:
        where = f"{maker.path}:{maker.line}"
        text = f"{found.key} is in the image, and {where} writes it; whether it does so in any case is open"
        return unknown(text, about=place, part=part)
    return bad(
        "shared",
        f"{found.client} shows its server the same identity on every device made from the image",
        observed=f"{place}: the private key in {found.key}, certificate {found.certificate or 'not named'}",
        expected="a key that each device makes, or has in hardware, and a certificate for it alone",
        about=place,
        part=part,
    )


@check(
    id="device-identity",
    aliases=("KEY-015",),
    title="Every device shows its servers a certificate of its own",
    element="keys",
    variants={"shared": ("medium", "A client certificate and its key are the same on every device")},
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("IEC 62443-4-2", "2019", "CR 1.8"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("certificates", "image", "private-keys", "shared-keys"),
    since="0.1",
    effort="high",
)
def device_identity(
    found: DeviceIdentities,
    keys: PrivateKeys,
    at_start: Presence[FirstBoot],
    tools: Presence[RotationTools],
    target: Target,
) -> Returned:
    """Judge every client that is configured with a certificate; without any the question does not arise."""
    if not found.identities:
        return skip("no program that we know is configured with a client certificate")
    held = {key.path for key in keys.keys}
    makers = [m for m in at_start.fact.key_makers if m.makes == "tls-key"] if at_start.fact else []
    at_work = [t for t in (tools.fact.tools if tools.fact else ()) if t.name in ENROL and t.configured and t.scheduled]
    enrols = at_work[0].name if at_work else ""
    image = target.subject.image
    judged = [
        judge(each, held, makers, enrols, Subject(image=image, path=each.path, line=each.line))
        for each in found.identities
    ]
    verdicts = [said for said in judged if not isinstance(said, str)]
    return verdicts or good(
        "every client certificate is the device's own, as configured",
        observed="; ".join(said for said in judged if isinstance(said, str))[:500],
    )
