"""The groups that SSH really gives are large enough.

## What it looks at
Where an SSH server offers Diffie-Hellman group exchange, the primes that it gives when it is asked for small ones.
The name of the method says nothing of them. In an image: the groups of OpenSSH's `moduli` file, less those that its
version never gives.

## Why it matters
Who can solve the discrete logarithm of one group reads every connection that uses it, also those recorded years ago.
For 1024 bits and a group that many use, states are believed to have done the work (Logjam); below that, a rented
cluster does. The smallest group that a server gives is what an attacker in between makes it use.

## How to fix
OpenSSH 7.2 and later gives nothing below 2048 bits whoever asks: update. Before: `awk '$5 >= 2047' /etc/ssh/moduli >
/etc/ssh/moduli.new && mv /etc/ssh/moduli.new /etc/ssh/moduli`. Or leave the method out: `KexAlgorithms
-diffie-hellman-group-exchange-*`. On network gear: `ip ssh dh min size 2048`.

## References
- RFC 8270 (2048 bits at least), RFC 4419 (group exchange), RFC 9142 section 3.2.1
- weakdh.org (Logjam)
"""

from iotscan.sdk import (
    GroupExchange,
    Policy,
    Returned,
    SshServer,
    Target,
    ask_group,
    bad,
    check,
    clause,
    good,
    parameter,
    skip,
    unknown,
)

METHOD = "diffie-hellman-group-exchange-"
BROKEN_BITS = 1024


@check(
    id="ssh-group-exchange",
    aliases=("SVC-015-G",),
    title="SSH gives no Diffie-Hellman group below 2048 bits",
    element="communication",
    variants={
        "broken": ("high", "SSH gives Diffie-Hellman groups of 1024 bits or less"),
        "short": ("medium", "SSH gives Diffie-Hellman groups below 2048 bits"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    parameters={
        "group_bits": parameter("integer", "The smallest group that is accepted", default=2048, unit="bits"),
    },
    tags=("configuration", "crypto", "network", "ssh"),
    since="0.1",
    effort="low",
)
def ssh_group_exchange(ssh: SshServer, policy: Policy, target: Target) -> Returned:
    """Judge the smallest group that came; where none came for any bounds, nothing is known."""
    if not ssh.kex:
        if ssh.protocol.startswith("1.") and ssh.protocol != "1.99":
            return skip("SSH 1 knows no group exchange")
        return unknown("which key exchanges it offers was not read")
    if not any(name.startswith(METHOD) for name in ssh.kex):
        return skip("it offers no group exchange")
    asked = ssh.groups.value
    given = [group for group in asked if group.bits]
    if not given:
        return unknown("it gave no group at all")
    smallest, least = min(given, key=_size), policy.integer("group_bits")
    if smallest.bits >= least:
        # A server that was only asked for large ones proves nothing about small ones.
        if all(group.least >= least for group in asked):
            return unknown(f"it was asked for no group below {least} bits")
        return good(f"the smallest group that it gives has {smallest.bits} bits")
    line, shows = ask_group(target, ssh, smallest)
    return bad(
        "broken" if smallest.bits <= BROKEN_BITS else "short",
        f"it gives a group of {smallest.bits} bits",
        observed=f"asked for {smallest.wanted} bits ({smallest.least} to {smallest.most}): {smallest.bits} bits",
        expected=f"at least {least} bits, or none",
        reproduce=line,
        shows=shows,
    )


def _size(group: GroupExchange) -> int:
    return group.bits
