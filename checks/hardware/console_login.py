"""No terminal of the device gives a shell without asking who is there.

## What it looks at
What the image opens on serial lines and screens: lines of `/etc/inittab` (`askfirst`, `respawn`), the gettys of
systemd with their drop-ins, `debug-shell.service`, OpenWrt's `askconsole` with `ttylogin`, scripts that put a shell on
a line, and the shell that BusyBox init opens by itself where there is no inittab. The console of the boot loader is
another question.

## Why it matters
Three pads on the board and a cable for two euros are all it takes: a root shell reads every key, password and program
of the device, and what it reads is often the same on all of them.

## How to fix
Start a getty that asks, or nothing at all: no `askfirst:/bin/sh` in inittab, `serial-autologin-root` out of Yocto's
IMAGE_FEATURES, `option ttylogin '1'` in OpenWrt's `/etc/config/system`, `systemctl mask debug-shell.service`, no
`--autologin` in drop-ins. Lock root's password or give each device its own.

## References
- ETSI EN 303 645 V3.1.3 provision 5.6-4A (physical debug interfaces)
- inittab(5), agetty(8), systemd-debug-generator(8), OpenWrt `/usr/libexec/login.sh`
"""

from iotscan.sdk import Console, Consoles, Returned, Subject, Target, Verdict, bad, check, clause, good, unknown


def judge(console: Console, place: Subject) -> Verdict | None:
    """The verdict on one terminal, None where it asks."""
    if console.login == "asks":
        return None
    where = f"on {console.terminal}" if console.terminal else "on the console"
    if console.login == "none":
        variant, text = "shell", f"a shell of {console.user} is open {where}, and nobody is asked"
    else:
        variant = "autologin" if console.user == "root" else "autologin-user"
        text = f"{console.user or 'somebody'!r} is logged in by itself {where}"
    return bad(
        variant,
        text,
        observed=f"{place}: {console.program} ({console.started_by})",
        expected="a login that asks, or no terminal",
        about=place,
        part=console.terminal,
    )


@check(
    id="console-login",
    aliases=("HW-010",),
    title="Every console asks for a login",
    element="hardware",
    variants={
        "shell": ("high", "A console gives a shell without a login"),
        "autologin": ("high", "A console logs root in by itself"),
        "autologin-user": ("medium", "A console logs a user in by itself"),
    },
    confidence="firm",
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.6-4A"),
        clause("OWASP ISVS", "edfda29b", "1.2.4"),
        clause("OWASP IoT Top 10", "2018", "I10"),
        clause("IEC 62443-4-2", "2019", "EDR 2.13"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(j)"),
    ),
    tags=("credentials", "image", "root-filesystem"),
    since="0.1",
    effort="low",
)
def console_login(found: Consoles, target: Target) -> Returned:
    """Judge each terminal by itself."""
    image = target.subject.image
    judged = [judge(c, Subject(image=image, path=c.path, line=c.line)) for c in found.consoles]
    verdicts = [v for v in judged if v]
    if not found.start.is_answered:
        verdicts.append(unknown(found.start.detail or "what the image starts is not known"))
    asking = f"{len(found.consoles)} consoles, each with a login" if found.consoles else "no console is opened"
    return verdicts or good(f"{asking} ({found.start.known})")
