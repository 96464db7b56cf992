"""No account in the image has a known or a weakly hashed password.

## What it looks at
The accounts of the image: those of `/etc/passwd` and `/etc/shadow`, group passwords, and the password files that
nginx, lighttpd, BusyBox httpd, mosquitto and OpenWrt's rpcd are configured with. Whether a password is demanded at
all, whether the hash is that of a well-known default (tried offline: the account's own name, the commonest words,
the documented defaults of makers), and how it is hashed. Locked and expired accounts are in order. A hash that no
library here can test is not assessed, never taken for a good one. Hashes never leave the image.

## Why it matters
What stands in an image stands on every device made from it. An empty or well-known password is a login for
everybody; a DES or MD5 hash is guessed on one graphics card in hours, and then holds for the whole fleet.

## How to fix
Lock the accounts that need no password (`usermod -L`, `*` or `!` in the shadow file; no `debug-tweaks` and no
`empty-root-password` in Yocto's IMAGE_FEATURES, `BR2_TARGET_ENABLE_ROOT_LOGIN=n` in Buildroot) and set one for each
device at first start. Set `ENCRYPT_METHOD YESCRYPT` or `SHA512` in `/etc/login.defs`, and BusyBox's
`CONFIG_FEATURE_DEFAULT_PASSWD_ALGO="sha512"`; for web servers `htpasswd -B`, for brokers `mosquitto_passwd` of
mosquitto 2.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.1-1 and 5.1-3
- shadow(5), crypt(5), mosquitto_passwd(1), htpasswd(1)
- NIST SP 800-132 §5.2: at least 1,000 iterations of PBKDF2
"""

from iotscan.sdk import (
    Account,
    Accounts,
    AsOf,
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

WEAK = {
    "bsdi": "DES",
    "des": "DES",
    "md5": "MD5",
    "apr1": "MD5",
    "sunmd5": "MD5",
    "htdigest": "one MD5",
    "nt": "one MD4 without salt",
    "unsalted-sha1": "one SHA-1 without salt",
    "salted-sha1": "one SHA-1",
    "mosquitto-sha512": "one SHA-512",
}
LEAST_ROUNDS = {"sha256": 5000, "sha512": 5000, "pbkdf2-sha512": 1000}


def judge(account: Account, place: Subject) -> Verdict | None:
    """The verdict on one account, None when it is in order."""

    def found(variant: str, summary: str, expected: str = "locked, or a password of each device's own") -> Verdict:
        where = f"{place}: {account.name!r} {account.scheme}"
        return bad(variant, summary, observed=where, expected=expected, about=place, part=account.name)

    if account.scheme == "empty":
        if account.store == "system" and not account.has_shell:
            return found("empty-no-shell", f"{account.name!r} needs no password, though a login gets no shell")
        return found("empty", f"{account.name!r} needs no password")
    if account.default_password.known:
        return found("default", f"the password of {account.name!r} is a well-known default")
    if account.scheme == "plain":
        return found("plain", f"the password of {account.name!r} stands there in the clear", "a hash, if any")
    if account.scheme in WEAK:
        summary = f"the password of {account.name!r} is hashed with {WEAK[account.scheme]}"
        return found("weak-hash", summary, "yescrypt, bcrypt or SHA-512")
    if not account.default_password.is_answered:
        reason = account.default_password.reason or Reason.NOT_OBSERVABLE
        summary = f"the password of {account.name!r} could not be compared with known ones"
        return unknown(summary, reason=reason, about=place, part=account.name)
    least = LEAST_ROUNDS.get(account.scheme, 0)
    if account.rounds < least:
        summary = f"the password of {account.name!r} is hashed with {account.rounds:,} rounds of {account.scheme}"
        return found("few-rounds", summary, f"{least:,} rounds or more")
    return None


@check(
    id="password-hashes",
    aliases=("CRD-003", "CRD-004"),
    title="No account has a known or a weakly hashed password",
    element="keys",
    variants={
        "empty": ("critical", "An account needs no password"),
        "default": ("critical", "An account has a well-known default password"),
        "plain": ("high", "A password stands in the image in the clear"),
        "empty-no-shell": ("medium", "An account without a login shell needs no password"),
        "weak-hash": ("medium", "A password is hashed with DES, MD5 or one round of anything"),
        "few-rounds": ("low", "A password is hashed with fewer rounds than the scheme's default"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.1-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.1-3"),
        clause("UK PSTI (SI 2023/1007)", "2023", "Schedule 1 1(2)"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(b)"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "crypto", "image", "root-filesystem"),
    since="0.1",
    effort="low",
)
def password_hashes(found: Accounts, target: Target, as_of: AsOf) -> Returned:
    """Judge each account by itself, by the worst that is proved of it."""
    if not found.accounts:
        return skip("no account in the image")
    gone = [a for a in found.accounts if found.enforces_ageing and a.is_disabled(as_of)]
    open_to_some = [a for a in found.accounts if a.scheme != "locked" and a not in gone]
    image = target.subject.image
    judged = [judge(a, Subject(image=image, path=a.path, line=a.line)) for a in open_to_some]
    told = f"{len(found.accounts)} accounts, locked or with a sound password hash"
    return [v for v in judged if v] or good(told)
