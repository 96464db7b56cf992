"""Updates are fetched encrypted, as captured traffic shows.

## What it looks at
Captured traffic: what the device fetched that is firmware, a package or a list of them, by its first bytes, its path,
its client or its server; over which protocol; and, where the content crossed in clear, whether it carries a signature
of a known form. It is called unsigned only where its form has a place for a signature and that was seen to be empty:
half a file, one of an unknown form or of one without such a place (a legacy U-Boot image), one with a signature in a
file beside it or after a signed list may be signed. To look for updates encrypted is good, and says nothing of how
they come: it passes only where one was seen to be fetched.
What a system of updates brings to the device (LwM2M) counts like what it fetches. A firmware that somebody else uploads
to it, or that it sends away, does not: it may be a file to keep.
Whether a signature verifies, and whether the device asks for one, is not seen here: an image shows that
(`update-source-transport`, `update-artefact-signature`).

## Why it matters
On plain HTTP, FTP or TFTP anybody on the path replaces what is fetched. Unsigned, it is his code that is installed.
Signed, he can still hold updates back, replay an older one, and read which firmware runs here.

## How to fix
Serve and fetch updates over HTTPS (or coaps), and verify the server's certificate; sign what is served, and let the
device refuse what is not signed. `ServerURL` of Mender, `url =` of suricatta, `https://` in `/etc/apt/sources.list`
and `/etc/opkg/*.conf`.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.3-7 and 5.3-10; OWASP ISVS 3.4.12 (git edfda29b)
"""

from collections.abc import Sequence

from iotscan.sdk import (
    ProtocolUse,
    Returned,
    UpdateContact,
    UpdateUse,
    Verdict,
    bad,
    check,
    clause,
    counted,
    filter_traffic,
    good,
    list_some,
    peer_name,
    peer_part,
    unknown,
)

SIGNATURES = ("sig", "sign", "asc", "gpg", "p7s", "p7b", "cms", "minisig", "signature", "sha256.sig", "sha256.asc")
"""Endings of files that hold a signature of another."""
SIGNED_LISTS = ("apt", "apk", "tuf")
"""Systems that refuse unsigned lists unless told not to, and so need no signature in each package."""

PLACELESS = ("squashfs", "trx", "uf2", "uimage")
"""Formats with checksums at most: what vouches for one, if anything does, stands elsewhere (a list over TLS)."""


@check(
    id="update-download-transport",
    title="Updates are fetched encrypted, as captured traffic shows",
    element="updates",
    variants={
        "unsigned": ("critical", "An update without a signature is fetched in clear"),
        "cleartext": ("medium", "An update that may be signed is fetched in clear"),
        "metadata": ("medium", "What updates there are is asked in clear"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.3-10"),
        clause("OWASP ISVS", "edfda29b", "3.4.12"),
        clause("OWASP IoT Top 10", "2018", "I4"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(f)"),
    ),
    tags=("cleartext", "traffic", "updates"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def update_download_transport(used: UpdateUse, spoken: ProtocolUse) -> Returned:
    """One finding a server and kind; only fetches that were seen can be good."""
    fetched = [c for c in used.contacts if c.is_for_device]
    groups: dict[tuple[str, str], list[UpdateContact]] = {}
    for contact in fetched:
        if not contact.is_encrypted:
            groups.setdefault((peer_part(contact), _variant(contact, fetched, spoken)), []).append(contact)
    if groups:
        return [_finding(variant, contacts) for (_, variant), contacts in groups.items()]
    if not fetched:
        brought = [c for c in used.contacts if c.role == "server" and c.direction == "to-server"]
        whom = list_some(map(peer_name, brought), 5)
        but = f": {whom} brought it a firmware, which it may only keep" if brought else ""
        return unknown(f"it was not seen to fetch, or ask for, an update{but}")
    if used.is_cut_off:
        return unknown("it asked for more than is listed")
    servers = list_some(map(peer_name, fetched), 5)
    does = "talks to servers of updates" if all(c.how == "server name" for c in fetched) else "looks for updates"
    if all(c.kind in ("poll", "manifest") for c in fetched):
        return unknown(f"it {does} encrypted ({servers}), and was not seen to fetch one: capture while it updates")
    return good(f"it {does} encrypted: {servers}", observed=list_some(map(_shown, fetched), 5))


def _variant(contact: UpdateContact, fetched: Sequence[UpdateContact], spoken: ProtocolUse) -> str:
    if contact.kind in ("poll", "manifest"):
        return "metadata"
    may_be_signed = (
        contact.system in SIGNED_LISTS
        or contact.format in PLACELESS
        or _is_listed(contact, fetched)
        or _has_signature_beside(contact, spoken)
    )
    return "unsigned" if contact.signature == "none" and not may_be_signed else "cleartext"


def _is_listed(contact: UpdateContact, fetched: Sequence[UpdateContact]) -> bool:
    """Whether the same server sent a signed list, which may hold the hash of the file."""
    return any(c.signature == "present" and c.kind == "manifest" and c.peer == contact.peer for c in fetched)


def _has_signature_beside(contact: UpdateContact, spoken: ProtocolUse) -> bool:
    """Whether a file was fetched as well whose name says that it signs this one."""
    stem = contact.path.rpartition(".")[0] or contact.path
    names = {f"{name}.{ending}" for name in (contact.path, stem) for ending in SIGNATURES}
    return any(e.path in names and e.peer == contact.peer and 200 <= e.status < 300 for e in spoken.http)


def _finding(variant: str, contacts: Sequence[UpdateContact]) -> Verdict:
    # What may be without a signature is told first.
    first = min(contacts, key=lambda contact: bool(_by(contact)))
    way = ("fetches an update", "from") if first.role == "client" else ("is brought an update", "by")
    does, whose = ("asks for updates", "from") if variant == "metadata" else way
    signed = {"unsigned": ", without a signature", "cleartext": f", {_by(first) or 'signed or not'}"}
    return bad(
        variant,
        f"it {does} in clear {whose} {peer_name(first)}{signed.get(variant, '')}",
        observed=list_some(map(_shown, contacts), 5),
        expected="updates over TLS or DTLS, and signed",
        reproduce=filter_traffic(first),
        part=f"{peer_part(first)} {variant}",
    )


def _shown(contact: UpdateContact) -> str:
    what = contact.format or contact.kind
    size = f", {counted(contact.size, 'byte')}" if contact.size else ""
    host = contact.host or contact.peer.label
    path = contact.path if contact.path.startswith("/") or not contact.path else f" {contact.path}"
    return f"{what} by {contact.protocol or contact.transport}: {host}{path}{size} (told by {contact.how})"


def _by(contact: UpdateContact) -> str:
    """What speaks for a signature; empty where nothing does."""
    if contact.signature == "present":
        return "signed"
    return f"and {contact.system} asks for signed lists as it comes" if contact.system in SIGNED_LISTS else ""
