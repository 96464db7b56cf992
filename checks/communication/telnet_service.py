"""No telnet service answers.

## What it looks at
Whether a service speaks telnet (RFC 854) and what it shows before anything is typed. No login is tried; an empty
line is sent only where a shell seems to be open already. In an image: whether it starts telnetd, and what its
arguments let in.

## Why it matters
Telnet sends every key stroke in the clear, the password first, to anyone on the path; and nothing proves that the
other end is the device. It is also what worms try first: Mirai and all its children spread by telnet and default
passwords alone. (A prompt without any login is worse still: `telnet-open-shell`.)

## How to fix
Switch it off and use SSH: remove `telnetd` from `/etc/inittab`, `/etc/inetd.conf` or the init scripts (BusyBox:
`CONFIG_TELNETD=n`; OpenWrt: `/etc/init.d/telnet disable`; Debian: `apt purge inetutils-telnetd`; Cisco: `transport
input ssh`), and start dropbear or OpenSSH with keys. A vendor's device often hides the switch under "local
management"; without one, block ports 23 and 2323 at the switch or put the device on a network of its own.

## References
- RFC 854 (telnet), RFC 4253 (SSH, what replaced it)
- OWASP IoT Top 10 2018, I2 (insecure network services)
"""

import re

from iotscan.sdk import Returned, Target, TelnetServer, bad, check, clause, command


@check(
    id="telnet-service",
    aliases=("SVC-001",),
    title="No telnet service answers",
    element="communication",
    variants={"cleartext": ("high", "Telnet answers, and all that is typed crosses the network in the clear")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP IoT Top 10", "2018", "I2"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "configuration", "exposure", "network", "telnet"),
    since="0.1",
    effort="low",
)
def telnet_service(telnet: TelnetServer, target: Target) -> Returned:
    """Every telnet service is bad news, whatever it asks for."""
    asked = {"login": "asks for a login", "password": "asks for a password", "shell": "shows a shell prompt"}
    is_configured = bool(target.subject.image)
    # The question is the same on every connection, clocks and terminal names in a banner are not.
    question = re.search(r"(?i)(login|user|account|password|passwd|passcode)\S*\W*$", telnet.banner)
    words = re.findall(r"[!-~]+", re.sub(r"\\x[0-9a-f]{2}", " ", telnet.banner))
    return bad(
        "cleartext",
        f"{'telnetd is started and' if is_configured else 'telnet answers and'} "
        f"{asked.get(telnet.asks, 'says nothing that is known')}",
        observed=telnet.banner or ("telnetd is started" if is_configured else "telnet negotiation"),
        expected="no telnet; SSH in its place",
        # The pause keeps telnet's input open until the device has spoken.
        reproduce=f"sleep 4 | {command('timeout', '8', 'telnet', target.host, str(target.port))}",
        shows=question.group(1) if question else max(words, key=len, default="Connected to "),
    )
