"""Logins over the network and what counts their failures: sshd_config(5), dropbear(8), PAM, fail2ban, sshguard.

Sources: jail.conf(5), pam_faillock(8), pam_tally2(8), sshd_config(5) ``PerSourcePenalties`` (on by itself since
OpenSSH 9.8, which brought the program sshd-session), Dropbear's option ``-T`` (10 tries unless said otherwise).
"""

import re
from collections.abc import Iterator

from iotscan.model.facts import LoginGuard, LoginGuards, LoginService
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.sshd_settings import SshdSetting, sshd_settings
from iotscan.observe.image.startup.boot_commands import start_of
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.service import Service
from iotscan.observe.image.texts import lines_of, texts_below
from iotscan.observe.image.tree import Tree
from iotscan.observe.image.unreadable import Unreadable

_TELNETDS = ("telnetd", "in.telnetd", "utelnetd", "inetutils-telnetd")
_SESSION = ("/usr/lib/openssh/sshd-session", "/usr/libexec/openssh/sshd-session", "/usr/libexec/sshd-session",
            "/usr/lib/ssh/sshd-session")  # fmt: skip
_STACKS = ("common-auth", "system-auth", "password-auth", "common-account", "system-login", "base-auth")
_PAM = re.compile(r"-?\s*(?:auth|account)\s+.{0,80}?\bpam_(faillock|tally2|tally)\.so")
_RATES = ("/etc/nftables.conf", "/etc/iptables/rules.v4", "/etc/iptables.rules", "/etc/firewall.user")
_LIMITS = re.compile(r"(?=.*dport\s+(?:\{[^}]*\b)?(?:22|ssh)\b)(?=.*(?:\blimit\b|recent|hashlimit|connlimit))")


def _inspect(tree: Tree) -> Heard:
    try:
        settings = sshd_settings(tree)
        services = tuple(_services(tree, settings))
        guards = tuple(_guards(tree, settings, services)) if services else ()
    except Unreadable as error:
        return all_missed((LoginGuards,), AttemptStatus.UNREADABLE, Reason.UNREADABLE, f"login guards: {error}")
    return Heard(facts=(LoginGuards(start=start_of(tree), services=services, guards=guards),))


def _services(tree: Tree, settings: dict[str, SshdSetting]) -> Iterator[LoginService]:
    names = set()
    for service in startup_of(tree).running("sshd", "dropbear", *_TELNETDS):
        name = "telnetd" if service.called in _TELNETDS else service.called
        if name in names:
            continue
        names.add(name)
        if name == "sshd":
            yield _sshd(tree, service, settings)
        elif name == "dropbear":
            yield _dropbear(tree, service)
        else:
            path = tree.show(service.path)
            yield LoginService(name=name, path=path, line=service.line, takes_passwords=True, tries=0, uses_pam=True)


def _sshd(tree: Tree, service: Service, settings: dict[str, SshdSetting]) -> LoginService:
    def says(keyword: str, default: str) -> str:
        return settings[keyword].words[0].lower() if keyword in settings else default

    uses_pam = says("usepam", "no") == "yes"
    asks = says("kbdinteractiveauthentication", says("challengeresponseauthentication", "yes")) == "yes"
    tries = says("maxauthtries", "6")
    where = settings.get("maxauthtries") or settings.get("passwordauthentication")
    return LoginService(
        name="sshd",
        path=tree.show(where.path if where else service.path),
        line=where.line if where else service.line,
        takes_passwords=says("passwordauthentication", "yes") == "yes" or (asks and uses_pam),
        tries=int(tries) if tries.isascii() and tries.isdecimal() and len(tries) < 6 else 6,
        uses_pam=uses_pam,
    )


def _dropbear(tree: Tree, service: Service) -> LoginService:
    words = service.arguments
    path, line = service.path, service.line
    takes, tries = not any(re.fullmatch(r"-[A-Za-z]*s[A-Za-z]*", w) for w in words), 10
    for place, word in enumerate(words):
        value = word[2:] or (words[place + 1] if place + 1 < len(words) else "")
        if word.startswith("-T") and value.isascii() and value.isdecimal() and len(value) < 5:
            tries = int(value)
    for number, text in enumerate(lines_of(tree, "/etc/config/dropbear") or [], start=1):
        option = re.match(r"\s*option\s+['\"]?(PasswordAuth|MaxAuthTries)['\"]?\s+['\"]?(\w{1,8})", text)
        if option and option[1] == "PasswordAuth":
            path, line, takes = "/etc/config/dropbear", number, option[2] not in ("off", "0", "no")
        elif option and option[2].isdecimal():
            tries = int(option[2])
    return LoginService(name="dropbear", path=tree.show(path), line=line, takes_passwords=takes, tries=tries)


def _guards(tree: Tree, settings: dict[str, SshdSetting], services: tuple[LoginService, ...]) -> Iterator[LoginGuard]:
    there = {service.name for service in services}
    startup = startup_of(tree)
    yield from _fail2ban(tree, there) if any(startup.running("fail2ban-server", "fail2ban-client")) else ()
    for name, kind in (("sshguard", "sshguard"), ("denyhosts", "denyhosts"), ("denyhosts.py", "denyhosts")):
        for service in startup.running(name):
            guards = tuple(sorted(there & {"sshd", "dropbear"}))
            yield _guard(tree, service.path, service.line, kind, guards)
    yield from _pam(tree, services)
    if "sshd" in there:
        said = settings.get("persourcepenalties")
        by_itself = next((p for p in _SESSION if tree.find(p) is not None), "")
        if said is not None and said.words[0].lower() != "no":
            yield _guard(tree, said.path, said.line, "penalties", ("sshd",))
        elif said is None and by_itself:
            yield _guard(tree, by_itself, 0, "penalties", ("sshd",))
    for path in _RATES:
        for number, line in enumerate(lines_of(tree, path) or [], start=1):
            if not line.lstrip().startswith("#") and _LIMITS.match(line[:2000]):
                yield _guard(tree, path, number, "rate", tuple(sorted(there & {"sshd", "dropbear"})))
                break


def _guard(tree: Tree, path: str, line: int, kind: str, guards: tuple[str, ...]) -> LoginGuard:
    return LoginGuard(
        path=tree.show(path),
        line=line,
        kind=kind,  # type: ignore[arg-type]  # every caller passes one of the literals
        guards=guards,
    )


def _fail2ban(tree: Tree, there: set[str]) -> Iterator[LoginGuard]:
    """jail.conf(5): of two settings the later file counts (jail.conf, jail.d/*.conf, jail.local, jail.d/*.local)."""
    below = list(texts_below(tree, "/etc/fail2ban/jail.d"))
    files = [("/etc/fail2ban/jail.conf", lines_of(tree, "/etc/fail2ban/jail.conf") or [])]
    files += [f for f in below if f[0].endswith(".conf")]
    files += [("/etc/fail2ban/jail.local", lines_of(tree, "/etc/fail2ban/jail.local") or [])]
    files += [f for f in below if f[0].endswith(".local")]
    enabled: dict[str, tuple[bool, str, int]] = {}
    for path, lines in files:
        section = ""
        for number, line in enumerate(lines, start=1):
            header = re.match(r"\[([\w-]{1,60})\]", line)
            said = re.match(r"enabled\s*=\s*(\w+)", line)
            if header:
                section = header[1]
            elif said:
                enabled[section] = (said[1].lower() in ("true", "yes", "1", "on"), path, number)
    default = enabled.get("DEFAULT", (False, "", 0))
    for name in ("sshd", "dropbear"):
        is_on, path, number = enabled.get(name, default)
        if is_on and name in there:
            yield _guard(tree, path, number, "fail2ban", (name,))


def _pam(tree: Tree, services: tuple[LoginService, ...]) -> Iterator[LoginGuard]:
    with_pam = {service.name for service in services if service.uses_pam}
    covers = dict.fromkeys(_STACKS, with_pam) | {"sshd": with_pam & {"sshd"}, "login": with_pam & {"telnetd"}}
    for stack, names in covers.items():
        for number, line in enumerate(lines_of(tree, f"/etc/pam.d/{stack}") or [], start=1):
            match = _PAM.match(line[:500])
            if match and names:
                yield _guard(tree, f"/etc/pam.d/{stack}", number, f"pam_{match[1]}", tuple(sorted(names)))
                break


INSPECTOR = Inspector(name="login-guards", version=1, gives=(LoginGuards,), inspect=_inspect)
