"""Logins over the network slow down whoever guesses passwords.

## What it looks at
The logins over the network that the image starts (OpenSSH, Dropbear, telnet) as far as they take passwords, and
whether something counts failures over all connections: a jail of fail2ban, sshguard, DenyHosts, `pam_faillock` or
`pam_tally2` in a stack of PAM that the service uses, `PerSourcePenalties` of OpenSSH 9.8, a limit of the firewall
for its port. A limit of tries for one connection (`MaxAuthTries`, Dropbear's `-T`) only makes guessers connect again.
Nothing is tried: what the image configures is what is judged.

## Why it matters
Machines that guess passwords find every device that is reachable within hours and try day and night. Without a limit
a weak password is a matter of time, and a good one of luck with the logs.

## How to fix
Take keys only (`PasswordAuthentication no`, Dropbear's `-s`). Where passwords are needed: OpenSSH 9.8 or later with
its penalties left on, `pam_faillock` in `/etc/pam.d/common-auth` with `UsePAM yes`, or a jail for sshd in
`/etc/fail2ban/jail.d`. Replace telnet by SSH.

## References
- ETSI EN 303 645 V3.1.3 provision 5.1-5
- sshd_config(5), pam_faillock(8), jail.conf(5), dropbear(8)
"""

from iotscan.sdk import LoginGuards, Returned, Subject, Target, bad, check, clause, good, skip, unknown

FEW = 3
"""Tries for one connection that still slow a guesser a little."""


@check(
    id="login-throttling",
    aliases=("CRD-007",),
    title="Logins over the network limit failed tries",
    element="keys",
    variants={
        "unlimited": ("medium", "A login takes passwords and nothing counts failures over all connections"),
        "per-connection": ("low", "A login limits the tries of one connection alone"),
    },
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.1-5"),
        clause("OWASP ISVS", "edfda29b", "2.1.12"),
        clause("EN 18031-1", "2024", "AUM-6"),
        clause("IEC 62443-4-2", "2019", "CR 1.11"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "image", "root-filesystem", "ssh"),
    since="0.1",
    effort="low",
)
def login_throttling(found: LoginGuards, target: Target) -> Returned:
    """Judge each login that takes passwords by what guards it."""
    if not found.start.is_answered:
        return unknown(found.start.detail or "what the image starts is not known")
    if not found.services:
        return skip("the image starts no login over the network that we know")
    verdicts = []
    for service in found.services:
        if not service.takes_passwords or any(service.name in guard.guards for guard in found.guards):
            continue
        place = Subject(image=target.subject.image, path=service.path, line=service.line)
        is_limited = 0 < service.tries <= FEW
        limit = f"{service.tries} tries for one connection" if service.tries else "no limit that is known"
        finding = bad(
            "per-connection" if is_limited else "unlimited",
            f"nothing stops whoever guesses passwords of {service.name} from connecting again",
            observed=f"{place}: {service.name} takes passwords, {limit}, and nothing counts over all connections",
            expected="keys only, or a guard that counts failures over all connections",
            about=place,
            part=service.name,
        )
        verdicts.append(finding)
    guards = ", ".join(sorted({guard.kind for guard in found.guards})) or "keys only"
    return verdicts or good(f"{len(found.services)} logins over the network, guarded by {guards}")
