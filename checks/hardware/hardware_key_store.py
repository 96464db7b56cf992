"""Keys are kept in a hardware key store that something uses.

## What it looks at
Libraries for TPM 2.0, PKCS#11, OP-TEE and secure elements in the image, and lines of configuration that have one used:
`pkcs11:` URIs, OpenSSL engines and providers, `tpm2-device=`, `LoadCredentialEncrypted=`. A library that nobody
uses is worth little. Where there is neither, the image proves nothing: a chip may do it by itself. SoftHSM is a file
and does not count.

## Why it matters
A private key in a file can be copied by whoever reads the flash or breaks into the service. One in a TPM or secure
element can be used on the device, but never leaves it.

## How to fix
Make the device's key in the chip at production or first start (`tpm2_createprimary`, `tpm2_ptool`, `pkcs11-tool
--keypairgen`) and name it in the service by its PKCS#11 URI, with the provider in `openssl.cnf`.

## References
- OWASP ISVS 2.4.4 and 5.1.4
- RFC 7512 (PKCS#11 URI)
"""

from iotscan.sdk import KeyStores, Returned, Subject, Target, bad, check, clause, good, unknown


@check(
    id="hardware-key-store",
    aliases=("HW-015",),
    title="Keys are kept in a hardware key store that something uses",
    element="hardware",
    variants={"unused": ("low", "A library for a hardware key store is there, and nothing uses it")},
    confidence="firm",
    clauses=(
        clause("OWASP ISVS", "edfda29b", "2.4.4"),
        clause("OWASP ISVS", "edfda29b", "5.1.4"),
    ),
    tags=("image", "private-keys"),
    since="0.1",
    effort="high",
)
def hardware_key_store(found: KeyStores, target: Target) -> Returned:
    """Pass on a use, fail on a library without one."""
    if found.uses:
        places = ", ".join(f"{u.path}:{u.line}" for u in found.uses[:4])
        return good(f"used: {', '.join(sorted({u.store for u in found.uses}))}", observed=places)
    if found.libraries:
        return bad(
            "unused",
            f"{found.libraries[0]} is there, and no configuration uses it",
            observed=", ".join(found.libraries[:6]),
            expected="a service whose key is in the hardware key store",
            about=Subject(image=target.subject.image, path=found.libraries[0]),
        )
    return unknown("no key store in hardware shows in the image; the chip may hold keys by itself")
