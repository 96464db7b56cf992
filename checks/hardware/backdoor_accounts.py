"""The image opens no way in beside its own accounts.

## What it looks at
Accounts with user id 0 other than root that somebody can log in to; public keys baked into `authorized_keys` of any
home, into Dropbear's own file or wherever `sshd_config` says; and commands of the start that give a shell away:
`telnetd -l /bin/sh`, `nc -e`, `socat EXEC:/bin/sh`, a shell over `/dev/tcp`, a shell in inetd.conf, `knockd`, or a
program whose path is hidden behind a dot. Scripts are read, not run.

## Why it matters
A key in the image opens every device to whoever holds its other half: a developer who left, a build server that was
broken into. A shell that asks nobody is open to the first machine that scans the network. Both look the same whether
forgotten or put there on purpose.

## How to fix
Take the key out of the recipe or overlay and enrol keys per device. Remove accounts with user id 0 but root. Remove
the line from the script of the start and look in the history who put it there.

## References
- ETSI EN 303 645 V3.1.3 provision 5.4-3 (no hard-coded critical security parameters)
- sshd(8), telnetd of BusyBox, ncat(1), socat(1), knockd(1)
"""

from collections.abc import Iterator

from iotscan.sdk import (
    Accounts,
    AuthorizedKeys,
    Presence,
    Reason,
    RemoteShells,
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

SHELLS = {
    "open": ("open-shell", "gives a shell to whoever connects"),
    "reverse": ("open-shell", "calls out and hands over a shell"),
    "knock": ("port-knock", "opens a door after a secret knock"),
    "hidden": ("hidden-program", "runs a program whose path is hidden"),
}


def extra_roots(found: Accounts, image: str) -> Iterator[Verdict]:
    """Accounts that are root by another name, beside another: a device whose only root is ``admin`` has no second."""
    if sum(account.uid == 0 for account in found.accounts) < 2:
        return
    for account in found.accounts:
        if account.uid != 0 or account.name == "root" or account.scheme == "locked" or not account.has_shell:
            continue
        place = Subject(image=image, path=account.path, line=account.line)
        text = f"{account.name!r} is root by another name and can log in"
        seen = f"{place}: user id 0, {account.scheme}, shell {account.shell or '/bin/sh'}"
        yield bad("second-root", text, observed=seen, expected="root alone", about=place, part=account.name)


def baked_keys(found: AuthorizedKeys, image: str) -> Iterator[Verdict]:
    """Public keys that every device accepts."""
    for key in found.keys:
        place = Subject(image=image, path=key.path, line=key.line)
        is_limited = "command" in key.options or "restrict" in key.options
        variant = "limited-key" if is_limited else "root-key" if key.uid == 0 else "user-key"
        text = f"a key in the image logs in as {key.user!r} on every device"
        seen = f"{place}: {key.algorithm}, SHA-256 {key.sha256[:16]}"
        yield bad(variant, text, observed=seen, expected="no key in the image", about=place, part=key.sha256[:16])


def shells(found: RemoteShells, image: str) -> Iterator[Verdict]:
    """Commands of the start that give a shell away."""
    for shell in found.shells:
        variant, what = SHELLS[shell.kind]
        place = Subject(image=image, path=shell.path, line=shell.line)
        text = f"the start {what}: {shell.program}"
        seen = f"{place}: {shell.shown}"
        yield bad(variant, text, observed=seen, expected="no such command", about=place, part=shell.program)


@check(
    id="backdoor-accounts",
    aliases=("HW-021",),
    title="No way into the image goes past its own accounts",
    element="hardware",
    variants={
        "second-root": ("critical", "A second account has user id 0 and can log in"),
        "root-key": ("critical", "A public key in the image logs in as root"),
        "open-shell": ("critical", "The start gives a shell to the network"),
        "user-key": ("high", "A public key in the image logs in as a user"),
        "port-knock": ("high", "A daemon opens ports after a secret knock"),
        "hidden-program": ("medium", "The start runs a program whose path is hidden"),
        "limited-key": ("medium", "A public key in the image logs in for a restricted purpose"),
    },
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.4-3"),
        clause("ETSI EN 303 645", "V3.1.3", "5.1-1"),
        clause("OWASP ISVS", "edfda29b", "2.1.9"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "image", "root-filesystem", "shared-keys"),
    since="0.1",
    effort="low",
)
def backdoor_accounts(
    keys: AuthorizedKeys, accounts: Presence[Accounts], started: RemoteShells, target: Target
) -> Returned:
    """Every way in that is found is a finding of its own."""
    image = target.subject.image
    verdicts = [*baked_keys(keys, image), *shells(started, image)]
    if accounts.fact is not None:
        verdicts += extra_roots(accounts.fact, image)
    if keys.damaged:
        text = f"whom {keys.damaged[0]} lets in could not be read"
        verdicts.append(unknown(text, reason=Reason.UNREADABLE))
    if not started.start.is_answered:
        verdicts.append(unknown(started.start.detail or "what the image starts is not known"))
    return verdicts or good(f"no baked key, no second root, no open shell in {started.commands} commands of the start")
