"""The SNMP agent does not answer the community public.

## What it looks at
Whether an SNMP agent answers GET sysDescr.0 with the community `public` in version 1 or 2c, and then whether it also
answers a community that nobody can have set. Two values are read; nothing is ever written, and no other community is
tried (that is the question of `default-credentials`, with its grant). An agent whose SNMPv3 engine answers before and
after, and that does not answer `public` in between, has refused it; silence alone is not assessed. Who is told of
wrong communities (`authenticationFailure` traps) hears of these. In an image: the communities of `snmpd.conf` that
others can use, and whether they may write. What SNMPv3 lets users without a password do is not asked.

## Why it matters
Versions 1 and 2c have no encryption and no user: the community is a password that crosses the network in the
clear, and `public` is the one that everybody tries first. Behind it stand interface and ARP tables, running
processes with their arguments, Wi-Fi names and on many gateways the keys of the Wi-Fi. An agent that takes any
community has no password at all. Open agents are also used to flood third parties (UDP amplification).

## How to fix
Use SNMPv3 with privacy or switch the agent off. net-snmp, in `/etc/snmp/snmpd.conf`: remove `rocommunity` and
`rwcommunity` (and `com2sec` lines), add `createUser monitor SHA-256 "…" AES "…"` and `rouser monitor priv`, and
`agentaddress 127.0.0.1,10.0.0.5` for the management network only. MikroTik: `/snmp community set public
security=private` with SHA1 and AES keys, or `/snmp set enabled=no`. Printers and UPSs: set "SNMPv1/v2c access" to
disabled, at least rename the community and limit the addresses.

## References
- RFC 3414 and RFC 3826 (SNMPv3 user security, AES)
- OWASP IoT Top 10 2018, I1 (weak, guessable passwords)
"""

from iotscan.sdk import Returned, SnmpAgent, Target, bad, check, clause, command

STRANGER = "no-such-community-4f1c"


@check(
    id="snmp-community",
    aliases=("SVC-005",),
    title="SNMP does not answer the community public",
    element="communication",
    variants={
        "public": ("high", "SNMP answers the community public in the clear"),
        "write": ("critical", "SNMP lets the community public write"),
        "other": ("medium", "SNMP is configured with a community, which crosses the network in the clear"),
        "any": ("high", "SNMP answers every community: it asks for no password at all"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("OWASP IoT Top 10", "2018", "I1"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("cleartext", "configuration", "credentials", "network", "snmp"),
    since="0.1",
    effort="low",
)
def snmp_community(snmp: SnmpAgent, target: Target) -> Returned:
    """An agent that answered is bad news; a silent one never gets here."""
    if target.subject.image:
        return _configured(snmp)
    is_any = snmp.answers_any_community
    place = f"udp6:{target.authority}" if ":" in target.host else target.authority
    options = ("-v", snmp.version, "-c", STRANGER if is_any else "public", "-t", "2", "-r", "1", "-On")
    return bad(
        "any" if is_any else "public",
        "SNMP answers a community that nobody has set" if is_any else "SNMP answers the community public",
        observed=f"SNMPv{snmp.version}: {snmp.description}",
        expected="no answer to SNMPv1 and SNMPv2c; SNMPv3 with privacy",
        reproduce=command("snmpget", *options, place, "1.3.6.1.2.1.1.1.0"),
        shows=".1.3.6.1.2.1.1.1.0 = ",
    )


def _configured(snmp: SnmpAgent) -> Returned:
    is_public = snmp.community == "public"
    variant = "other" if not is_public else "write" if snmp.writable else "public"
    name = "the community public" if is_public else "a community of its own"
    limits = f" from {snmp.limited_to}" if snmp.limited_to else ""
    return bad(
        variant,
        f"{name} {'reads and writes' if snmp.writable else 'reads'} by SNMP{limits}",
        observed=f"{name}, {'read and write' if snmp.writable else 'read only'}{limits}",
        expected="no community; SNMPv3 with privacy",
    )
