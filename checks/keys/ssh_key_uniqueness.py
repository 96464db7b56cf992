"""Each device has SSH host keys of its own.

## What it looks at
The host keys that SSH servers prove to hold, compared over all devices of the run. The same key on two ports of
one device is as it should be. Two addresses may be one machine or a virtual router: a key on both is a finding only
where something shows that they are two (MAC addresses on one link, serial numbers, another host key or other software
at the same port, a rule of `--identity`), and *not assessed* where nothing does. A port forward to another device looks
like a shared key; if it is one, waive it.

## Why it matters
A host key on two devices came from the image or from a copied disk: whoever has one of them can stand in for
any other, see the passwords typed there, and no client will warn.

## How to fix
Ship images without `/etc/ssh/ssh_host_*` and `/etc/dropbear/dropbear_*_host_key` and generate them at first start:
`ssh-keygen -A`, or `dropbear -R`. Where the root file system is read-only, keep them on the data partition (`HostKey
/data/ssh/ssh_host_ed25519_key`). In the field: delete them, generate anew, tell the users the new fingerprints.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-4 (critical security parameters are unique per device)
- RFC 4253 section 8 (the host key is proved in the key exchange); RFC 4251 section 4.1 (host keys)
"""

from iotscan.sdk import (
    Apart,
    Fleet,
    HostKey,
    Reason,
    Returned,
    Seen,
    SshServer,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    hash_host_key,
    unknown,
)


def keys_of(seen: Seen[SshServer]) -> dict[str, HostKey]:
    """Its host keys by fingerprint; none where they could not be read."""
    return {key.sha256: key for key in seen.fact.host_keys.known or ()}


def name_some(seen: list[Seen[SshServer]]) -> str:
    """The subjects of the others, the first five by name."""
    names = sorted({str(s.subject) for s in seen})
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


@check(
    id="ssh-key-uniqueness",
    aliases=("KEY-003",),
    title="Each device has SSH host keys of its own",
    element="keys",
    variants={"shared": ("critical", "The same SSH host key is on several devices")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-4"),
        clause("OWASP ISVS", "edfda29b", "2.4.1"),
        clause("EN 18031-1", "2024", "CCK-3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("network", "shared-keys", "ssh"),
    since="0.1",
    confidence="firm",
    effort="medium",
)
def ssh_key_uniqueness(fleet: Fleet[SshServer], apart: Apart) -> Returned:
    """Fail every server whose key another device has too; unread keys leave that server open."""
    servers = sorted(fleet, key=lambda s: s.subject)
    readable = [seen for seen in servers if keys_of(seen)]
    holders: dict[str, list[int]] = {}
    for number, seen in enumerate(readable):
        for name in keys_of(seen):
            holders.setdefault(name, []).append(number)
    is_comparable = len({seen.subject.owner for seen in readable}) > 1
    verdicts: list[Verdict] = []
    for seen in servers:
        keys = keys_of(seen)
        sharing = sorted({number for name in keys for number in holders[name]})
        alike = [o for o in (readable[n] for n in sharing) if o.subject.owner != seen.subject.owner]
        proofs = {o.subject.owner: apart.proof(seen.subject.owner, o.subject.owner) for o in alike}
        twins = [o for o in alike if proofs[o.subject.owner]]
        if twins:
            key = keys[min(keys.keys() & keys_of(twins[0]).keys())]
            finding = bad(
                "shared",
                f"a host key is also on {name_some(twins)}",
                observed=f"{key.algorithm} SHA-256 {key.sha256}; two devices: {proofs[twins[0].subject.owner]}",
                expected="host keys of its own on each device",
                reproduce="; ".join(hash_host_key(Target(subject=s.subject), key.algorithm) for s in (seen, twins[0])),
                shows=key.sha256,
                about=seen.subject,
            )
            verdicts.append(finding)
        elif alike:
            why = apart.doubt(seen.subject.owner, alike[0].subject.owner) or "nothing shows that they are two machines"
            verdicts.append(unknown(f"a host key is also on {name_some(alike)}: {why}", about=seen.subject))
        elif not keys:
            reason = seen.fact.host_keys.reason or Reason.NOT_OBSERVABLE
            verdicts.append(unknown("its host keys could not be read", reason=reason, about=seen.subject))
        elif seen.fact.unread_keys:
            summary = (
                f"it offers a key that it did not show, which may be elsewhere, too: {', '.join(seen.fact.unread_keys)}"
            )
            verdicts.append(unknown(summary, reason=Reason.UNREADABLE, about=seen.subject))
        elif not is_comparable:
            verdicts.append(unknown("there is no other device to compare its host keys with", about=seen.subject))
    return verdicts or good("no SSH host key is on two devices")
