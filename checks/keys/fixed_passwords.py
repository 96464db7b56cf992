"""No account is enabled with a password that every device made from the image shares.

## What it looks at
Every account of the image that has a password hash, in `/etc/shadow` and in the password files of its services, and
the commands that the image runs when it starts. A hash that is in the image is the same on every device, however
strong it is, unless something sets another one: a script of the first start that calls `chpasswd`, `passwd` or
`usermod`, or a password that must be changed with the first login where PAM enforces that. A script that always sets
the same text sets a shared password, too. Scripts are read, not run.

## Why it matters
One device opened on a bench, or one employee who leaves, and the password of the whole fleet is known. It cannot be
changed without an update of all devices, and nobody can tell who uses it.

## How to fix
Ship the account locked (`root:!:`) and let the first start set a password of the device's own: random, shown once to
the owner or printed on its label in production. Or set none and log in with keys. Take passwords out of the recipes
(`EXTRA_USERS_PARAMS`, `BR2_TARGET_GENERIC_ROOT_PASSWD`).

## References
- ETSI EN 303 645 V3.1.3 provisions 5.1-1 and 5.1-2
- UK SI 2023/1007 Schedule 1, 1(2): unique per product or defined by the user
- shadow(5), chpasswd(8)
"""

from iotscan.sdk import (
    Account,
    Accounts,
    FirstBoot,
    Returned,
    Subject,
    Target,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)

NO_HASH = ("locked", "empty", "other")


def is_replaced(account: Account, at_start: FirstBoot) -> bool:
    """True where a command of the start sets another password for this account, or for one it does not name."""
    names = ("", account.name) if account.store == "system" else (f"({account.store})", "(htpasswd)", "")
    makers = [m for m in at_start.password_makers if m.made_from != "constant"]
    return any(m.account in names for m in makers)


@check(
    id="fixed-passwords",
    aliases=("CRD-005",),
    title="No enabled account has a password that all devices share",
    element="keys",
    variants={
        "fixed": ("high", "An account is enabled with a password that is the same on every device"),
        "set-at-start": ("high", "A script sets the same password on every device when it starts"),
    },
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.1-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.1-2"),
        clause("UK PSTI (SI 2023/1007)", "2023", "Schedule 1 1(2)"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EN 18031-1", "2024", "AUM-5"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(b)"),
    ),
    tags=("credentials", "image", "root-filesystem", "shared-keys"),
    since="0.1",
    effort="medium",
)
def fixed_passwords(found: Accounts, at_start: FirstBoot, target: Target) -> Returned:
    """Fail on each account with a hash that nothing is seen to replace."""
    image = target.subject.image
    own = "locked in the image, set for each device alone"
    verdicts = []
    enabled = [a for a in found.accounts if a.scheme not in NO_HASH and a.store != "group"]
    for account in enabled:
        if (account.must_change and found.enforces_ageing) or is_replaced(account, at_start):
            continue
        place = Subject(image=image, path=account.path, line=account.line)
        if not at_start.start.is_answered:
            text = f"whether the start sets another password for {account.name!r} is not known"
            verdicts.append(unknown(text, about=place, part=account.name))
            continue
        text = f"the password of {account.name!r} is the same on every device made from the image"
        seen = f"{place}: {account.name!r} {account.scheme}, and no command of the start sets another"
        verdicts.append(bad("fixed", text, observed=seen, expected=own, about=place, part=account.name))
    for maker in at_start.password_makers:
        if maker.made_from == "constant" and maker.tool != "passwd":
            place = Subject(image=image, path=maker.path, line=maker.line)
            text = f"a script sets the same password for {maker.account or 'an account'!r} on every device"
            seen = f"{place}: {maker.tool} is given a constant"
            verdicts.append(bad("set-at-start", text, observed=seen, expected=own, about=place, part=maker.account))
    if verdicts:
        return verdicts
    if not enabled:
        return skip(f"none of {len(found.accounts)} accounts has a password hash in the image")
    return good(f"each of {len(enabled)} enabled accounts gets a password of the device's own")
