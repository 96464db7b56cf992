"""The image holds no private key.

## What it looks at
All files of the image, searched for private keys, be they PEM (wherever it stands: JSON, scripts, programs), DER,
PKCS#12, a key store of Java or Bouncy Castle, or of OpenSSH, Dropbear, PuTTY, GnuPG, WireGuard, tinc or age. Each is
parsed before it counts, so that the words `BEGIN PRIVATE KEY` inside a crypto library are not taken for a key. Keys
that everybody can download are recognised by their public half, those of your own list (`--known-keys FILE`), too.
Where the run holds devices as well, a key that one of their services proves to have is named with that service. What
lies among documentation and tests counts little, unless a link or a configuration uses it; so does what a library
carries for its own tests.

## Why it matters
An image is the same on every device, and anybody can download or unsolder it. A key in it is known to all who
care and shared by the whole fleet: it proves nothing and keeps nothing secret. A passphrase helps little where
the device must open the key by itself: then that stands in the image too.

## How to fix
Generate keys on the device at first start (`ssh-keygen -A`, `dropbear -R`, `openssl genpkey` in a unit with
`ConditionFirstBoot=yes`) and keep them on the data partition, in a TPM (`tpm2-openssl`) or secure element. Delete them
in the build: `rm -f ${IMAGE_ROOTFS}/etc/ssh/ssh_host_*` in `ROOTFS_POSTPROCESS_COMMAND`. Count every key found as
leaked: replace it, and revoke its certificate.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-3 (no hard-coded critical security parameters) and 5.4-4 (unique per device)
- OWASP ISVS 2.1.9 (git edfda29b)
"""

from collections import Counter

from iotscan.sdk import (
    KeyFile,
    Keyring,
    PrivateKeys,
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


@check(
    id="private-keys",
    aliases=("KEY-001",),
    title="The image holds no private key",
    element="keys",
    variants={
        "served": ("critical", "A private key in the image is the key of a service on the network"),
        "published": ("critical", "A private key that everybody can download stands in the image"),
        "unencrypted": ("critical", "A private key stands unencrypted in the image"),
        "encrypted": ("high", "A private key stands encrypted in the image"),
        "documentation": ("low", "A private key lies among the documentation or the tests of a program"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-3"),
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.1.9"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("image", "private-keys", "root-filesystem", "shared-keys"),
    since="0.1",
    effort="medium",
)
def private_keys(found: PrivateKeys, keyring: Keyring, target: Target) -> Returned:
    """Fail on each key, whatever its passphrase; an image nobody searched is no pass."""
    image = target.subject.image
    # A library brings a dozen keys of its self-tests at once: that is one thing to know.
    samples = Counter(key.path for key in found.keys if key.in_documentation)
    first = {key.path: key for key in reversed(found.keys) if key.in_documentation}
    findings = [
        judge(
            key,
            Subject(image=image, path=key.path, line=key.line),
            samples[key.path] if key.in_documentation else 1,
            keyring,
        )
        for key in found.keys
        if not key.in_documentation or first[key.path] is key or keyring.served_at(key.public_sha256)
    ]
    if not findings and not found.files_searched:
        return unknown("no file was searched for private keys")
    return findings or good(f"no private key in {found.files_searched} files")


def judge(key: KeyFile, place: Subject, count: int, keyring: Keyring) -> Verdict:
    """The finding about one key, or the first of ``count`` in a file."""
    form = "encrypted" if key.encrypted else "unencrypted"
    variant, summary = form, f"an {form} private key is in the image, and so on every device made from it"
    published = key.known_leaked or keyring.published(key.public_sha256)
    services = list(map(str, keyring.served_at(key.public_sha256)))
    record = f", published as {published}" if published else ""
    record += f", and {count - 1} more in this file" if count > 1 else ""
    if services:
        more = f" and {len(services) - 5} more" if len(services) > 5 else ""
        variant, summary = "served", f"a private key in the image is that of {', '.join(services[:5])}{more}"
    elif key.in_documentation:
        variant, summary = "documentation", "a private key lies among the documentation or the tests of a program"
    elif published:
        variant, summary = "published", "a private key in the image is one that everybody can download"
    return bad(
        variant,
        summary,
        observed=f"{place}: {key.format}, {form}, SHA-256 of the public half {key.public_sha256 or 'unknown'}{record}",
        expected="keys are generated on the device",
        about=place,
        part=key.format,  # not the key itself: a build that makes a new one each time still ships one
    )
