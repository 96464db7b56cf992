"""No account becomes root without a password.

## What it looks at
The rules of sudo (`/etc/sudoers` with what it includes, `Defaults !authenticate`, `exempt_group`), of doas and of
polkit that ask for no password: who they are for among the image's accounts, after the rules that follow them, and
what may be run. Everything; a shell, or a program that the account may replace; a program that starts others or writes
any file when its arguments are free (editors, interpreters, `find`, `tar`, `systemctl` and their like). A command with
fixed arguments is in order. Rules that ask for a password, rules for who sits at the device, and rules for becoming
another than root are not judged.

## Why it matters
Such a rule makes two accounts one. A flaw in a web server that runs as `www-data` is then a flaw as root, and who
gets hold of a login's key has the whole device.

## How to fix
Name the command with its arguments (`www-data ALL=(root) NOPASSWD: /usr/bin/systemctl restart gateway`), in a file
that only root may write. Better: let a small service do it that is asked over a socket. Where people administer, keep
the password (`%sudo ALL=(ALL) ALL`); take the rules of cloud images and installers away
(`/etc/sudoers.d/90-cloud-init-users`). `sudo -l -U NAME` and `visudo -c` show what holds.

## References
- ETSI EN 303 645 V3.1.3 provision 5.6-7 (least necessary privileges)
- sudoers(5), doas.conf(5), polkit(8)
- GTFOBins, function "sudo": which programs start others
"""

from iotscan.sdk import (
    AllowedCommand,
    PrivilegeRule,
    PrivilegeRules,
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

_SHELLS = "ash bash busybox chroot csh dash doas env fish ksh mksh nsenter setpriv sh su sudo tcsh toybox unshare zsh"
SHELLS = frozenset(_SHELLS.split())
_EDITORS = "ed emacs joe less man mc more most nano pico vi view vim vim.basic vim.tiny vimdiff"
INTERACTIVE = frozenset(_EDITORS.split())
"""Programs that start others on a key, whatever their arguments are."""
_RUNNERS = """
    apk apt apt-get at awk crontab ctr dnf docker dpkg expect find flock ftp gawk gdb git insmod ionice ip journalctl
    logrotate lua ltrace make mawk modprobe mount mysql nawk nice nmap node npm nohup opkg openssl parallel perl php pip
    podman psql python rpm rsync ruby runc scp screen script sed service setsid snap socat sqlite ssh
    start-stop-daemon stdbuf strace systemctl systemd-run tar tclsh tcpdump time timeout tmux watch xargs yum zip
"""
RUNNERS = frozenset(_RUNNERS.split())
_WRITERS = """
    chmod chown chpasswd cp curl dd install ln mv passwd patch rsync sed setcap sponge tar tee useradd usermod vipw
    visudo wget
"""
WRITERS = frozenset(_WRITERS.split())
SHELL_PATHS = ("/bin/sh", "/usr/bin/sh", "/bin/bash", "/usr/bin/env", "/usr/bin/su")
ROOT_ACTIONS = (
    "org.freedesktop.machine1.host-shell",
    "org.freedesktop.packagekit.package-install-untrusted",
    "org.freedesktop.policykit.exec",
    "org.freedesktop.systemd1.manage-units",
)
READERS = {"sudo": {"sudo", "sudo-rs"}, "doas": {"doas"}, "polkit": {"pkexec", "polkitd"}}


def reaches_shell(pattern: str) -> bool:
    """True for a folder or a pattern of paths that has a shell in it."""
    folder, _, name = pattern.rpartition("/")
    places = [path.rpartition("/") for path in SHELL_PATHS]
    return any(folder == place and (name in ("", "*") or name.rstrip("*") == own) for place, _, own in places)


def is_everything(rule: PrivilegeRule, command: AllowedCommand) -> bool:
    """True where the command is any command, or a shell."""
    if rule.system == "polkit":
        return command.program in ("ALL", "*", "org.", "org.freedesktop.", ROOT_ACTIONS[2]) and not is_held(command)
    name = command.program.rpartition("/")[2].rstrip("0123456789.")
    is_shell = name in SHELLS and command.arguments in ("any", "none") and rule.runs_others
    return command.program == "ALL" or (is_shell and not is_held(command)) or reaches_shell(command.program)


def is_held(command: AllowedCommand) -> bool:
    """True where the rule says what stands behind the program."""
    return command.arguments == "fixed"


def is_disguise(rule: PrivilegeRule, command: AllowedCommand) -> bool:
    """True for a command that starts others, or writes any file, as it is told."""
    if rule.system == "polkit":
        return command.program in ROOT_ACTIONS and not is_held(command)
    name = command.program.rpartition("/")[2].rstrip("0123456789.")
    if name in INTERACTIVE:
        return rule.runs_others or not is_held(command)
    if command.program == "sudoedit":
        return command.arguments == "any"
    if command.arguments in ("fixed", "none"):
        return False
    return name in WRITERS or (rule.runs_others and name in RUNNERS | SHELLS)


def judge(rule: PrivilegeRule, place: Subject) -> Verdict | None:
    """The verdict on a rule without a password, by the worst that it gives to the worst it is for."""
    changed = [c for c in rule.allowed if c.changed_by]
    everything = [c for c in rule.allowed if is_everything(rule, c)] or changed
    found = everything or [c for c in rule.allowed if is_disguise(rule, c)]
    if not found or not (rule.accounts or rule.is_for_everyone):
        return None
    # Who may change a program is not everybody that may run it.
    holders = {n for c in changed for n in c.changed_by} if everything and everything == changed else rule.accounts
    served = sorted(set(rule.services).intersection(holders))
    if everything:
        variant = "account" if set(rule.logins).intersection(holders) else "unused"
        variant = "service" if served else "everyone" if rule.is_for_everyone and everything != changed else variant
    else:
        variant = "service-disguise" if served or rule.is_for_everyone else "disguise"
    names = served or sorted(holders)
    who = "whoever has an account" if rule.is_for_everyone and not served else ", ".join(map(repr, names[:3]))
    who += f" and {len(names) - 3} more" if len(names) > 3 and not who.startswith("who") else ""
    what = "everything" if any(c.program == "ALL" for c in found) else found[0].program
    if everything and everything == changed:
        also = ", which may then be another program: the account may change it"
    else:
        also = "" if everything else ", which starts others or writes any file"
    text = f"{who} may run {what} as root without a password{also}"
    if rule.unsettled:
        return unknown(f"{text}, if it holds: {rule.unsettled}", about=place, part=rule.who)
    seen = f"{rule.system}: {rule.who or 'everybody'} may run {', '.join(c.program for c in found[:3])}"
    expected = "single commands with their arguments, or a password"
    return bad(variant, text, observed=seen, expected=expected, about=place, part=f"{rule.who} {what}")


@check(
    id="privilege-rules",
    title="No account becomes root without a password",
    element="hardware",
    variants={
        "everyone": ("high", "Whoever has an account may do everything as root without a password"),
        "service": ("high", "A user of a network service may do everything as root without a password"),
        "account": ("medium", "An account that can log in may do everything as root without a password"),
        "service-disguise": ("medium", "A user of a network service may start any program as root in a roundabout way"),
        "disguise": ("low", "An account may start any program as root in a roundabout way, without a password"),
        "unused": ("low", "An account that cannot log in may do everything as root without a password"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-7"),
        clause("IEC 62443-4-2", "2019", "CR 2.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("hardening", "image", "root-filesystem"),
    since="0.1",
    effort="low",
)
def privilege_rules(found: PrivilegeRules, target: Target) -> Returned:
    """Judge each rule that asks for no password and ends as root."""
    image = target.subject.image
    free = [rule for rule in found.rules if not rule.asks_password and rule.becomes_root]
    verdicts: list[Verdict] = []
    for rule in free:
        verdict = judge(rule, Subject(image=image, path=rule.path, line=rule.line))
        if verdict is None:
            continue
        if READERS[rule.system].isdisjoint(found.programs):
            text = (
                f"{rule.system} has such a rule for {rule.who or 'everybody'}, and no program that reads it was found"
            )
            verdict = unknown(text, about=Subject(image=image, path=rule.path, line=rule.line), part=rule.who)
        if verdict not in verdicts:
            verdicts.append(verdict)
    if found.not_understood:
        what = f"not every rule could be read: {found.not_understood[0]}"
        return [*verdicts, unknown(what, reason=Reason.UNREADABLE)]
    if verdicts:
        return verdicts
    if not found.rules and not found.programs:
        return skip("neither sudo, doas nor polkit is in the image, and no rule for one of them")
    idle = sum(not rule.accounts and not rule.is_for_everyone for rule in found.rules)
    also = f"; {idle} are for nobody that the image has" if idle else ""
    return good(f"{len(found.rules)} rules, {len(free)} without a password, none gives root away{also}")
