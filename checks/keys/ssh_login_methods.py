"""SSH takes keys and no passwords.

## What it looks at
The ways to log in that an SSH server names to whoever connects, none of which is tried. `keyboard-interactive` may ask
for a password or for a second factor: which, nobody sees without trying, and then the question is open. What an image
is configured to allow, and whom, `ssh-login-policy` judges.

## Why it matters
SSH on a device is found within minutes, and passwords are tried until one fits. Keys cannot be guessed. A server that
lets everybody in has no login at all. `hostbased` trusts another machine's word on who its user is.

## How to fix
OpenSSH, in `/etc/ssh/sshd_config`: `PasswordAuthentication no`, `KbdInteractiveAuthentication no`,
`HostbasedAuthentication no`, `PermitEmptyPasswords no`. dropbear: `-s` (no passwords), no `-B`; on OpenWrt `option
PasswordAuth 'off'`. Put a key on each device when it is made, one of its own or of its owner, and make sure before you
switch passwords off that it works.

## References
- RFC 4252 sections 5.1 and 5.2 (methods that can continue), 8 and 9 (password, hostbased); RFC 4256
- ETSI EN 303 645 V3.1.3 provisions 5.1-1 and 5.1-5
"""

from iotscan.sdk import Returned, SshServer, Target, Verdict, ask_login_methods, bad, check, clause, good, skip, unknown

ASKS = "keyboard-interactive"
KEYS = ("publickey", "gssapi-with-mic", "gssapi-keyex", "publickey-hostbound-v00@openssh.com")


@check(
    id="ssh-login-methods",
    aliases=("SVC-015-L",),
    title="SSH takes keys and no passwords",
    element="keys",
    variants={
        "open": ("critical", "SSH lets in whoever asks"),
        "hostbased": ("medium", "SSH believes other machines who their users are"),
        "password": ("low", "SSH takes passwords"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.1-5"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "network", "ssh"),
    since="0.1",
    effort="low",
)
def ssh_login_methods(ssh: SshServer, target: Target) -> Returned:
    """Judge each way by itself; what cannot be told without trying stays open."""
    if target.subject.image:
        return skip("ssh-login-policy judges what an image is configured to allow")
    if ssh.protocol.startswith("1.") and ssh.protocol != "1.99":
        return skip("SSH 1 names no ways to log in: ssh-protocol-version judges it")
    if ssh.admits_strangers:
        return _bad("open", "it lets in whoever asks, without any proof", ("none",), "a login", target)
    methods = ssh.login_methods.value
    if not methods:
        return unknown("it names no way to log in")
    found: list[Verdict] = []
    for way, summary in (("hostbased", "it takes another machine's word"), ("password", "it takes passwords")):
        if way in methods:
            found.append(_bad(way, summary, methods, "publickey", target))
    strange = [name for name in methods if name not in (*KEYS, ASKS, "hostbased", "password")]
    if strange:
        found.append(unknown(f"what these ways ask for is not known: {', '.join(strange[:5])}", part="strange"))
    if ASKS in methods and "password" not in methods:
        found.append(unknown("it asks questions (keyboard-interactive): for a password, or for more", part=ASKS))
    return found or good("it takes keys only", observed=", ".join(methods))


def _bad(way: str, summary: str, methods: tuple[str, ...], expected: str, target: Target) -> Verdict:
    return bad(
        way,
        summary,
        observed=", ".join(methods),
        expected=expected,
        reproduce=ask_login_methods(target),
        shows='using "none"' if way == "open" else way,
        part=way,
    )
