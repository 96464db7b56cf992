"""No account in the image has a known or a weakly hashed password.

## What it looks at
The accounts in `/etc/passwd` and `/etc/shadow` of the image: whether a password is demanded at all, whether its hash
is that of a well-known default password (tried offline), and how it is hashed. Locked accounts are in order.
Hashes never leave the image.

## Why it matters
What stands in an image stands on every device made from it. An empty or well-known password is a login for
everybody; a DES or MD5 hash is guessed on one graphics card in hours, and then holds for the whole fleet.

## How to fix
Lock the accounts that need no password (`usermod -L`, `*` or `!` in the shadow file; no `debug-tweaks` and no
`empty-root-password` in Yocto's IMAGE_FEATURES, `BR2_TARGET_ENABLE_ROOT_LOGIN=n` in Buildroot) and set one for each
device at first start. Set `ENCRYPT_METHOD YESCRYPT` or `SHA512` in `/etc/login.defs`, and BusyBox's
`CONFIG_FEATURE_DEFAULT_PASSWD_ALGO="sha512"`.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.1-1 and 5.1-3
- shadow(5), crypt(5)
"""

from iotscan.sdk import (
    Account,
    Accounts,
    Reason,
    Returned,
    Subject,
    Target,
    Verdict,
    bad,
    check,
    clause,
    good,
    skip,
    unknown,
)

WEAK = ("des", "bsdi", "md5")


def judge(account: Account, place: Subject) -> Verdict | None:
    """The verdict on one account, None when it is in order."""
    where = f"{place}: {account.name!r} {account.scheme}"
    own = "locked, or a password of each device's own"
    if account.scheme == "locked":
        return None
    if account.scheme == "empty":
        return bad(
            "empty", f"{account.name!r} needs no password", observed=where, expected=own, about=place, part=account.name
        )
    if account.default_password.known:
        summary = f"the password of {account.name!r} is a well-known default"
        return bad("default", summary, observed=where, expected=own, about=place, part=account.name)
    if account.scheme in WEAK:
        summary = f"the password of {account.name!r} is hashed with {account.scheme}"
        return bad(
            "weak-hash", summary, observed=where, expected="yescrypt, bcrypt or SHA-512", about=place, part=account.name
        )
    if not account.default_password.is_answered:
        reason = account.default_password.reason or Reason.NOT_OBSERVABLE
        summary = f"the password of {account.name!r} could not be compared with known ones"
        return unknown(summary, reason=reason, about=place, part=account.name)
    return None


@check(
    id="password-hashes",
    aliases=("CRD-003", "CRD-004"),
    title="No account has a known or a weakly hashed password",
    element="keys",
    variants={
        "empty": ("critical", "An account needs no password"),
        "default": ("critical", "An account has a well-known default password"),
        "weak-hash": ("medium", "A password is hashed with DES or MD5"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.1-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.1-3"),
        clause("UK PSTI (SI 2023/1007)", "2023", "Schedule 1 1(2)"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(b)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "crypto", "image"),
    since="0.1",
    effort="low",
)
def password_hashes(found: Accounts, target: Target) -> Returned:
    """Judge each account by itself, by the worst that is proved of it."""
    if not found.accounts:
        return skip("no account in the image")
    image = target.subject.image
    judged = [judge(a, Subject(image=image, path=a.path, line=a.line)) for a in found.accounts]
    return [v for v in judged if v] or good(f"{len(found.accounts)} accounts, locked or with a sound password hash")
