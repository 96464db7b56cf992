"""SSH lets nobody in by a password that guessing can find.

## What it looks at
Who may log in to the SSH server that the image starts, and how: `PermitRootLogin`, `PasswordAuthentication`,
`PermitEmptyPasswords` (with `Include` and `Match`, and the defaults of the version that is installed), passwords that
PAM asks for, and Dropbear's arguments or its UCI section.

## Why it matters
SSH on a device is found within minutes, and passwords are tried until one fits; for root one hit is the whole device.
An empty password needs no try. Keys cannot be guessed.

## How to fix
OpenSSH, in `/etc/ssh/sshd_config` or a file of `sshd_config.d`: `PasswordAuthentication no`,
`KbdInteractiveAuthentication no`, `PermitRootLogin no` (or `prohibit-password`), `PermitEmptyPasswords no`. Dropbear:
`-s` (no passwords), `-g` (none for root), `-w` (no root), no `-B`; on OpenWrt `option PasswordAuth 'off'` and
`option RootPasswordAuth 'off'`. Put a key on each device when it is made, one of its own or of its owner.

## References
- ETSI EN 303 645 V3.1.3 provisions 5.1-1 and 5.1-5
- sshd_config(5), dropbear(8)
"""

from iotscan.sdk import Returned, SshPolicy, SshSetting, Subject, Target, Verdict, bad, check, clause, good

LOOSER = {
    "permitrootlogin": ("yes",),
    "passwordauthentication": ("yes",),
    "permitemptypasswords": ("yes",),
}


@check(
    id="ssh-login-policy",
    title="SSH demands a key of root and of everybody else",
    element="keys",
    variants={
        "empty": ("critical", "SSH lets in whoever has an empty password"),
        "root": ("high", "SSH lets root in by a password"),
        "password": ("low", "SSH lets users in by a password"),
        "for-some": ("low", "SSH is looser for some than for all"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.1-5"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("configuration", "credentials", "image", "root-filesystem", "ssh"),
    since="0.1",
    effort="low",
)
def ssh_login_policy(policy: SshPolicy, target: Target) -> Returned:
    """Judge by the worst that holds for all; what holds for some is a verdict of its own."""
    found = [*_for_all(policy, target), *_for_some(policy, target)]
    if found:
        return found
    for setting in (policy.passwords, policy.root_login, policy.empty_passwords):
        setting.value.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    return good("keys only", observed=f"root login: {policy.root_login.value.value}")


def _for_all(policy: SshPolicy, target: Target) -> list[Verdict]:
    passwords = policy.passwords
    if passwords.value.known != "yes":
        return []
    if policy.empty_passwords.value.known == "yes":
        said, place = "an account without a password is open to everybody", _place(policy.empty_passwords, target)
        return [bad("empty", said, observed="empty passwords are let in", expected="keys only", about=place)]
    if policy.root_login.value.known == "yes":
        place = _place(policy.root_login, target)
        observed = "root may log in by a password"
        return [bad("root", observed, observed=observed, expected="no root login, or by key", about=place)]
    by_default = "" if passwords.path else ", which is the default"
    said = f"users may log in by a password{by_default}"
    return [bad("password", said, observed=said, expected="keys only", about=_place(passwords, target))]


def _for_some(policy: SshPolicy, target: Target) -> list[Verdict]:
    image = target.subject.image
    return [
        bad(
            "for-some",
            f"{e.keyword} {e.value} holds for {e.match}",
            observed=f"Match {e.match}: {e.keyword} {e.value}",
            expected="no exception that is looser than the rule",
            about=Subject(image=image, path=e.path, line=e.line),
            part=f"{e.match} {e.keyword}",
        )
        for e in policy.exceptions
        if e.value in LOOSER.get(e.keyword, ()) and _general(policy, e.keyword) != e.value
    ]


def _general(policy: SshPolicy, keyword: str) -> str | None:
    settings = {"permitrootlogin": policy.root_login, "passwordauthentication": policy.passwords}
    return settings.get(keyword, policy.empty_passwords).value.known


def _place(setting: SshSetting, target: Target) -> Subject:
    """Where the setting stands; for a default the place of the service itself."""
    if not setting.path:
        return target.subject
    return Subject(image=target.subject.image, path=setting.path, line=setting.line)
