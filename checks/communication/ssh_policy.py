"""SSH offers what the profile permits, and nothing else.

## What it looks at
The lists of algorithms of an SSH server, its host keys and the groups that it gives, beside those that the profile
states (`values: {ssh-policy: {...}}`): as lists that may be used in part and in any order, or exactly (`exact: true`).
A profile that states nothing asks nothing. `iotscan profiles import-ssh FILE` makes such a profile from a
policy file of ssh-audit. Names that are no methods (`ext-info-s`, `kex-strict-s-v00@openssh.com`) are left out of
account.

## Why it matters
A house standard is more than what is weak in general: it says which few algorithms all devices speak, so that a change
on one of them is seen and those that must be replaced one day can be found.

## How to fix
Set the lists on the device: for OpenSSH `KexAlgorithms`, `HostKeyAlgorithms`, `Ciphers` and `MACs` in
`/etc/ssh/sshd_config`, and `ssh-keygen -t rsa -b 4096 -f /etc/ssh/ssh_host_rsa_key` for another length. What dropbear
offers is fixed when it is built (`localoptions.h`). Or change the profile, where the device is right.

## References
- RFC 4253 section 7.1 (what both ends send); ssh-audit(1), "policy"
"""

from collections.abc import Iterator

from iotscan.sdk import (
    GroupExchange,
    Policy,
    Returned,
    SshServer,
    Target,
    Verdict,
    ask_group,
    bad,
    check,
    clause,
    good,
    list_algorithms,
    parameter,
    show_host_key,
    show_lists,
    skip,
    unknown,
)

NO_METHODS = ("ext-info-s", "ext-info-c", "kex-strict-s-v00@openssh.com", "kexguess2@matt.ucc.asn.au")
SHOWN = 12
Lists = tuple[tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ...]
"""Parameter, what an image may leave unsaid, how ssh calls the list, and what is offered: outwards and inwards."""


@check(
    id="ssh-policy",
    aliases=("SVC-015-P",),
    title="SSH offers what the profile permits and nothing else",
    element="communication",
    variants={
        "not-permitted": ("medium", "SSH offers what the profile does not permit"),
        "differs": ("low", "SSH does not offer exactly what the profile states"),
        "size": ("medium", "A key or group of SSH has another size than the profile states"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "kex": parameter("texts", "The key exchange methods that are permitted"),
        "host_keys": parameter("texts", "The host key algorithms that are permitted"),
        "optional_host_keys": parameter("texts", "Host key algorithms that may be there or not, where lists are exact"),
        "ciphers": parameter("texts", "The ciphers that are permitted"),
        "macs": parameter("texts", "The checksums that are permitted"),
        "compression": parameter("texts", "The ways to compress that are permitted"),
        "exact": parameter("boolean", "The lists have to be exactly these, in this order", default=False),
        "host_key_bits": parameter("integers by name", "How long host keys of these kinds have to be", unit="bits"),
        "group_bits": parameter("integer", "How large the smallest group has to be, 0 for any", default=0, unit="bits"),
        "exact_sizes": parameter("boolean", "Sizes have to be exactly these, not at least", default=False),
    },
    tags=("configuration", "crypto", "network", "ssh"),
    since="0.1",
    effort="low",
)
def ssh_policy(ssh: SshServer, policy: Policy, target: Target) -> Returned:
    """Judge each list that the profile states, then the sizes."""
    stated = [entry for entry in _lists(ssh) if policy.texts(entry[0])]
    if not stated and not policy.integers_by_name("host_key_bits") and not policy.integer("group_bits"):
        return skip("the profile states no policy for SSH")
    if not ssh.kex and not ssh.unsaid:
        if ssh.protocol.startswith("1.") and ssh.protocol != "1.99":
            return skip("SSH 1 has no lists of algorithms: ssh-protocol-version judges it")
        return unknown("the server's list of algorithms was not read")
    found = [v for entry in stated for v in _of_list(entry, ssh, policy, target)]
    found += _of_keys(ssh, policy, target)
    found += _of_groups(ssh, policy, target)
    return found or good("it offers what the profile permits")


def _lists(ssh: SshServer) -> Lists:
    kex = tuple(name for name in ssh.kex if name not in NO_METHODS)
    return (
        ("kex", "kex", "KEX algorithms", kex, ()),
        ("host_keys", "host key algorithms", "host key algorithms", ssh.host_key_algorithms, ()),
        ("ciphers", "ciphers", "ciphers", ssh.ciphers, ssh.ciphers_in),
        ("macs", "macs", "MACs", ssh.macs, ssh.macs_in),
        ("compression", "compression", "compression", ssh.compression, ssh.compression_in),
    )


def _of_list(
    entry: tuple[str, str, str, tuple[str, ...], tuple[str, ...]], ssh: SshServer, policy: Policy, target: Target
) -> Iterator[Verdict]:
    name, unsaid, called, outwards, inwards = entry
    permitted = tuple(word for word in policy.texts(name) if word not in NO_METHODS)
    optional = policy.texts("optional_host_keys") if name == "host_keys" else ()
    if unsaid in ssh.unsaid or not (outwards or inwards):
        yield unknown(f"which {called} it offers is not known", part=name)
        return
    directions = [offered for offered in dict.fromkeys((outwards, inwards)) if offered]
    extra = list(dict.fromkeys(x for way in directions for x in way if x not in (*permitted, *optional)))
    if extra:
        yield bad(
            "not-permitted",
            f"{called}: {', '.join(extra[:SHOWN])} not permitted",
            observed=", ".join(extra),
            expected=f"at most {', '.join(permitted)}",
            reproduce=list_algorithms(target, extra[:SHOWN]),
            shows=extra[0],
            part=name,
        )
    elif policy.boolean("exact"):
        for offered in directions:
            if tuple(x for x in offered if x not in optional) != tuple(x for x in permitted if x not in optional):
                yield bad(
                    "differs",
                    f"{called} are not exactly those of the profile",
                    observed=", ".join(offered),
                    expected=", ".join(permitted),
                    reproduce=show_lists(target, called),
                    shows=",".join(offered[:2]),
                    part=name,
                )
                return


def _of_keys(ssh: SshServer, policy: Policy, target: Target) -> Iterator[Verdict]:
    stated = policy.integers_by_name("host_key_bits")
    if not stated:
        return
    # One RSA key serves ssh-rsa, rsa-sha2-256 and rsa-sha2-512.
    wanted = {("ssh-rsa" if name.startswith("rsa-sha2-") else name): bits for name, bits in stated.items()}
    if not ssh.host_keys.is_answered:
        yield unknown(
            f"its host keys are not known: {ssh.host_keys.detail}",
            part="host_key_bits",
        )
        return
    for key in ssh.host_keys.value:
        bits = wanted.get(key.algorithm, 0)
        if bits and key.bits and not _fits(key.bits, bits, policy):
            yield bad(
                "size",
                f"its {key.algorithm} host key has {key.bits} bits",
                observed=f"{key.bits} bits",
                expected=f"{'' if policy.boolean('exact_sizes') else 'at least '}{bits} bits",
                reproduce=show_host_key(target, key.algorithm),
                shows=f"{key.bits} SHA256:",
                part=key.algorithm,
            )
    if ssh.unread_keys:
        yield unknown(f"it offers a key that it did not show: {', '.join(ssh.unread_keys)}", part="unread")


def _of_groups(ssh: SshServer, policy: Policy, target: Target) -> Iterator[Verdict]:
    wanted = policy.integer("group_bits")
    if not wanted or not any(name.startswith("diffie-hellman-group-exchange-") for name in ssh.kex):
        return
    given = [group for group in ssh.groups.known or () if group.bits]
    if not given:
        yield unknown("which groups it gives is not known", part="group_bits")
        return
    smallest = min(given, key=_size)
    if not _fits(smallest.bits, wanted, policy):
        line, shows = ask_group(target, ssh, smallest)
        yield bad(
            "size",
            f"the smallest group that it gives has {smallest.bits} bits",
            observed=f"{smallest.bits} bits",
            expected=f"{'' if policy.boolean('exact_sizes') else 'at least '}{wanted} bits",
            reproduce=line,
            shows=shows,
            part="group_bits",
        )


def _size(group: GroupExchange) -> int:
    return group.bits


def _fits(bits: int, wanted: int, policy: Policy) -> bool:
    return bits == wanted if policy.boolean("exact_sizes") else bits >= wanted
