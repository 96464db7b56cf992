"""The certificate names the host that clients ask for.

## What it looks at
The names in a TLS server's certificate against the name that clients know it by, compared as clients do (RFC 9525):
the host name that you gave as the target; without one, the address it was asked at and the host names that it claims
by mDNS, LLMNR, NetBIOS or DHCP. Only subjectAltName counts, never the common name; an address only as an iPAddress
entry; `*` stands for one whole label, and not for `*.com` or `*.local`. Where neither a name was given nor one is
claimed, and the certificate does not name the address, there is nothing to compare. A name that stands only in the
certificate proves nothing: where it begins as the device calls itself (`gw.example.com` of a `gw`), that is open, and
so it is where a public CA issued it and only names and addresses are known for which none does. Whether anybody
vouches for it is the question of `certificate-trust`.

## Why it matters
A client that checks the name refuses the device; one that was told not to check accepts any certificate of the same
CA: that of another customer's device, or one that an attacker rightfully has for a name of his own. On a local network
that is medium; for a server on the internet, or a back end, which a device finds by its name alone, it is critical. A
device that serves another name than the one it announces on the link is low: few people use that name.

## How to fix
Issue it for the names and addresses by which clients reach it: `subjectAltName = DNS:gw.example.com,DNS:gw.local,
IP:192.0.2.7` in the OpenSSL profile (`-addext` of `openssl req`), `step ca certificate gw.local … --san 192.0.2.7`,
`certbot -d`. A common name alone has not been enough for browsers since 2017, nor for Go since 2021. Where the
address changes, use the name. A server of many names sends the one that it was asked for: set `server_name` and
`ssl_certificate` for each.

## References
- RFC 9525 (sections 2, 6.3 and 6.4: names, wildcards, addresses)
- RFC 5280 section 4.2.1.6 (subjectAltName)
- RFC 7925 section 4.4 (constrained devices may be known by a serial number, or EUI-64, instead)
"""

from ipaddress import ip_address

from iotscan.sdk import (
    Certificate,
    CertificateChain,
    Policy,
    Reason,
    Returned,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    host_name,
    names_address,
    names_host,
    show_certificate,
    skip,
    unknown,
)

PRIVATE = (".local", ".localdomain", ".lan", ".home", ".internal", ".intranet", ".private", ".corp", ".arpa")
"""Ends of names that nobody has in the DNS of the internet: no public CA issues for them (RFC 6762 appendix G)."""
KEPT = 100
"""Entries of a subjectAltName that a run keeps."""


@check(
    id="certificate-name",
    aliases=("CRT-006",),
    title="The certificate names the host that clients ask for",
    element="communication",
    variants={
        "internet": ("critical", "The certificate of a server on the internet, or of a back end, is for another name"),
        "mismatch": ("medium", "The certificate is for another name"),
        "common-name": ("medium", "The certificate has its name only where clients no longer look"),
        "own-name": ("low", "The certificate is for neither the address nor the names that the device claims"),
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
def certificate_name(chain: CertificateChain, policy: Policy, target: Target) -> Returned:
    """The user's name for it first; without one, any name or address by which it is known will do."""
    if not target.host:
        return skip("a file of an image is asked for by no name")
    leaf, asked = chain.leaf, chain.server_name
    if chain.is_unproved:
        return unknown(chain.trusted.detail, reason=Reason.UNREADABLE)
    if asked:
        return as_asked(chain, target, is_server=policy.kind == "server")
    if names_address(addresses(leaf), target.host):
        return good(f"it names the address {target.host}", observed=shown(leaf))
    known = [name for name in target.host_names if host_name(name)]
    named = next((name for name in known if names_host(hosts(leaf), name)), "")
    if named:
        return good(f"it names {named}, as the device calls itself on the link", observed=shown(leaf))
    if is_open(leaf, target.host):
        return unknown("more names are in the certificate than the run holds of them")
    if longer := with_domain(leaf, known):
        return unknown(f"it names {longer}, and whether that is the device is not known: give its name as the target")
    if not known and policy.kind == "server":
        return unknown("by which name devices ask for it is not known: give that name, as in --backend NAME")
    if not known:
        return skip("the device was asked by its address alone, and nobody says what it is called")
    if policy.kind == "constrained" and not leaf.names and leaf.extensions and leaf.extensions.serial_number:
        return skip(f"it is known by its serial number {leaf.extensions.serial_number}, as constrained devices may be")
    if "Mozilla" in chain.trusted_by and not any(map(is_public, (target.host, *known))):
        return unknown("a public CA issues for no name or address that it has on the link: give its name as the target")
    return bad(
        "own-name",
        f"the certificate is for neither {target.host} nor {' nor '.join(known[:3])}, as the device calls itself",
        observed=shown(leaf),
        expected=f"one of {', '.join((target.host, *known[:5]))}",
        reproduce=show_certificate(target, 0, "-checkip", target.host.partition("%")[0], opening=chain.opening),
        shows="does NOT match certificate",
    )


def as_asked(chain: CertificateChain, target: Target, *, is_server: bool) -> Verdict:
    """The verdict on the host name that the user gave."""
    leaf, asked = chain.leaf, chain.server_name
    if names_host(hosts(leaf), asked):
        return good(f"it names {asked}", observed=shown(leaf))
    if is_open(leaf, asked):
        return unknown("more names are in the certificate than the run holds of them")
    common = leaf.extensions.common_names if leaf.extensions else ()
    is_common = names_host(common, asked) and not hosts(leaf)
    where = f"names {asked} only as its common name" if is_common else f"is not for {asked}"
    # What OpenSSL takes all the same, a common name or a star within a label, is shown instead of asked.
    is_taken = is_common or any("*" in name for name in leaf.names)
    look = ("-subject", "-ext", "subjectAltName") if is_taken else ("-checkhost", asked)
    return bad(
        "internet" if is_server or is_public(target.host) else "common-name" if is_common else "mismatch",
        f"the certificate {where}",
        observed=shown(leaf),
        expected=f"a dNSName entry that is {asked}",
        reproduce=show_certificate(target, 0, *look, opening=chain.opening),
        shows="subject=" if is_taken else "does NOT match certificate",
    )


def hosts(leaf: Certificate) -> tuple[str, ...]:
    """The dNSName entries."""
    return tuple(name for name in leaf.names if name not in (leaf.addresses or ()))


def addresses(leaf: Certificate) -> tuple[str, ...]:
    """The iPAddress entries, as far as an older run tells them from names."""
    return leaf.addresses or ()


def with_domain(leaf: Certificate, known: list[str]) -> str:
    """A name in the certificate that begins as the device calls itself: the domain is the certificate's word alone."""
    short = {name.lower() for name in known if "." not in name}
    first = ((name, *name.lower().partition(".")) for name in hosts(leaf) if not name.endswith(".local"))
    return next((name for name, label, dot, _ in first if dot and (label in short or (short and label == "*"))), "")


def is_open(leaf: Certificate, wanted: str) -> bool:
    """True where what is not among the names that are known may be in the certificate all the same."""
    is_unlike = leaf.addresses is None and names_address((n for n in leaf.names if is_address(n)), wanted)
    others = (*leaf.extensions.uris, *leaf.extensions.emails) if leaf.extensions else ()
    return len((*leaf.names, *others)) >= KEPT or is_unlike


def is_address(text: str) -> bool:
    """True for the text of an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_public(host: str) -> bool:
    """True for an address of the internet, and for a name that may be one there: not ``gw`` or ``gw.local``."""
    if is_address(host):
        return ip_address(host).is_global
    return "." in host and not host.endswith(PRIVATE)


def shown(leaf: Certificate) -> str:
    """The names of a certificate as a report shows them."""
    more = f" and {len(leaf.names) - 5} more" if len(leaf.names) > 5 else ""
    return f"for {', '.join(leaf.names[:5])}{more}" if leaf.names else f"no subjectAltName; subject {leaf.subject}"
