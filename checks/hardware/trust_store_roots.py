"""The image trusts only authorities that it should.

## What it looks at
The certificates that TLS programs of the image trust by default, each once, compared with Mozilla's list of roots (a
dated copy, by fingerprint) and with the fingerprints that the profile allows (`allowed_roots`). Roots that Mozilla
withdrew, expired ones, and short keys that sign with SHA-1 or MD5 are told apart, and so is what says itself that it
is no authority (Debian's `ssl-cert-snakeoil`). Java's own store is not read.

## Why it matters
Whoever holds the key of one trusted root can pose as every server that the device talks to, its update server too. A
root that a developer added for a test proxy is such a key in strange hands. Those that were withdrawn for cause are a
smaller matter: distributions carry some for years, and servers that use one fail with everybody else.

## How to fix
Take the extra file out of `/usr/local/share/ca-certificates` or `/etc/pki/ca-trust/source/anchors` and run
`update-ca-certificates` or `update-ca-trust` in the build. Update the package (`ca-certificates`, `ca-bundle`); where
the newest still carries a withdrawn root, put `!` before its line in `/etc/ca-certificates.conf`, or add it to
`/etc/pki/ca-trust/source/blocklist`, and build the bundle anew. Give a root of your own to the one program that needs
it (`cafile`, `--cacert`), or allow its fingerprint in the profile.

## References
- Mozilla, Included CA Certificate List; OWASP ISVS 4.1.5 (git edfda29b)
- update-ca-certificates(8), update-ca-trust(8)
"""

from iotscan.sdk import (
    AsOf,
    Policy,
    Returned,
    Subject,
    Target,
    TrustAnchor,
    TrustStore,
    Verdict,
    bad,
    check,
    clause,
    good,
    parameter,
    unknown,
)

SHORT, WEAK = 2048, ("md5", "sha1")
ONE_BY_ONE = {
    "unknown": "a root that Mozilla never listed is trusted",
    "weak": "a trusted root has a short key and signs with a broken hash",
    "own-name": "a certificate that is no authority is trusted for its own names",
}
TOGETHER = {
    "distrusted": "were withdrawn for cause",
    "former": "are no longer in Mozilla's list",
    "expired": "have expired",
}


@check(
    id="trust-store-roots",
    aliases=("HW-020",),
    title="Only roots of Mozilla's list and those that the profile allows are trusted",
    element="hardware",
    variants={
        "unknown": ("high", "A root that is in no list is trusted"),
        "distrusted": ("medium", "Roots that were withdrawn for cause are trusted"),
        "weak": ("high", "A trusted root has a short key and signs with MD5 or SHA-1"),
        "own-name": ("low", "A certificate that is no authority is in the trust store"),
        "former": ("low", "Roots are trusted that Mozilla no longer lists"),
        "expired": ("low", "Expired roots are in the trust store"),
    },
    clauses=(
        clause("OWASP ISVS", "edfda29b", "4.1.5"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("certificates", "image", "root-filesystem"),
    since="0.1",
    parameters={"allowed_roots": parameter("texts", "SHA-256 fingerprints of roots that are trusted on purpose")},
    effort="low",
)
def trust_store_roots(store: TrustStore, target: Target, policy: Policy, as_of: AsOf) -> Returned:
    """Judge each root by the worst that holds; what only ages is told once for all."""
    allowed = {text.replace(":", "").lower() for text in policy.texts("allowed_roots")}
    sorts: dict[str, list[TrustAnchor]] = {}
    for anchor in store.anchors:
        sorts.setdefault("" if anchor.sha256 in allowed else sort_of(anchor, as_of), []).append(anchor)
    image = target.subject.image
    found: list[Verdict] = [finding(sort, a, image) for sort in ONE_BY_ONE for a in sorts.get(sort, ())]
    found += [together(sort, sorts[sort], store, image) for sort in TOGETHER if sort in sorts]
    if store.unread:
        found.append(unknown(f"not read: {', '.join(store.unread[:3])}"))
    if not store.anchors:
        return found or unknown("the trust store holds no certificate: it may be filled at first start")
    return found or good(f"{len(store.anchors)} roots, all of Mozilla's list of {store.mozilla_dated} or allowed")


def sort_of(anchor: TrustAnchor, as_of: AsOf) -> str:
    """The worst that is to be said of a root; empty when nothing is."""
    if anchor.mozilla == "unlisted":
        return "unknown" if anchor.signs_others else "own-name"
    if anchor.mozilla == "distrusted":
        return "distrusted"
    if anchor.not_after < as_of:
        return "expired"
    if anchor.key_type == "rsa" and anchor.key_bits < SHORT and anchor.signature_hash in WEAK:
        return "weak"
    return "former" if anchor.mozilla == "former" else ""


def finding(sort: str, anchor: TrustAnchor, image: str) -> Verdict:
    """The finding about one root."""
    place = Subject(image=image, path=anchor.path, line=anchor.line)
    observed = f"{place}: {anchor.subject}, SHA-256 {anchor.sha256}"
    expected = "only roots of Mozilla's list, or allowed by the profile"
    return bad(sort, ONE_BY_ONE[sort], observed=observed, expected=expected, about=place, part=anchor.sha256[:16])


def together(sort: str, anchors: list[TrustAnchor], store: TrustStore, image: str) -> Verdict:
    """One finding about all roots of a sort, at the first."""
    place = Subject(image=image, path=anchors[0].path, line=anchors[0].line)
    names = "; ".join(a.subject.split(",")[0] for a in anchors[:3])
    rest = f" and {len(anchors) - 3} more" if len(anchors) > 3 else ""
    brought = f", brought by {store.package}" if store.package else ""
    summary = f"{len(anchors)} of {len(store.anchors)} trusted roots {TOGETHER[sort]}"
    expected = f"a list of roots as up to date as Mozilla's of {store.mozilla_dated}"
    return bad(sort, summary, observed=f"{place}: {names}{rest}{brought}", expected=expected, about=place, part=sort)
