"""Known attacks on TLS servers fail.

## What it looks at
With the grant `--intrusive` only: whether a TLS server falls for Heartbleed, the early ChangeCipherSpec, or ROBOT.
For Heartbleed it is asked to return up to 63 bytes more than were sent; what comes back is counted, never kept.
For ROBOT five broken key exchanges are sent, and the answers compared; a difference is asked for a second time.

## Why it matters
Each was found in the libraries that devices are built with, and each has ready-made tools. Heartbleed reads the
server's memory: keys, passwords, sessions. The early ChangeCipherSpec lets whoever is on the path read and change
everything between two such OpenSSLs. ROBOT signs and decrypts with the server's key without having it, which opens
recorded sessions of suites without forward secrecy.

## How to fix
Update the TLS library: OpenSSL 1.0.1h or newer ends the first two, but take a line that is still maintained, with
the firmware. Then make new keys and passwords, since Heartbleed may have told the old ones. Against ROBOT
also switch off every suite with static RSA (`kRSA`): `ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;`.

## References
- CVE-2014-0160 (Heartbleed), RFC 6520 section 4
- CVE-2014-0224 (early ChangeCipherSpec)
- Böck, Somorovsky, Young: Return Of Bleichenbacher's Oracle Threat, USENIX Security 2018
"""

from iotscan.sdk import Returned, Target, TlsAttacks, bad, check, clause, command, good


@check(
    id="tls-known-attacks",
    aliases=("TLS-019",),
    title="Heartbleed, the early ChangeCipherSpec and ROBOT fail",
    element="communication",
    variants={
        "heartbleed": ("critical", "Heartbleed reads the server's memory"),
        "ccs-injection": ("high", "An early ChangeCipherSpec is taken"),
        "robot": ("high", "The server is an oracle for its RSA key (ROBOT)"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("IEC 62443-4-2", "2019", "CR 4.3"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(a)"),
    ),
    tags=("crypto", "network", "tls"),
    since="0.1",
    effort="medium",
)
def tls_known_attacks(attacks: TlsAttacks, target: Target) -> Returned:
    """Each attack that works is a verdict of its own; one that was not settled keeps the rest from passing."""
    found = []
    if attacks.heartbleed.is_answered and attacks.heartbleed.value:
        found.append(
            bad(
                "heartbleed",
                "Heartbleed works: the server returns memory that nobody sent it",
                observed="a heartbeat answer longer than the heartbeat",
                expected="no answer (RFC 6520 section 4)",
                reproduce=nmap(target, "ssl-heartbleed"),
                shows="State: VULNERABLE",
            )
        )
    if attacks.ccs_injection.is_answered and attacks.ccs_injection.value:
        found.append(
            bad(
                "ccs-injection",
                "a ChangeCipherSpec is taken before there are keys",
                observed="a record was decrypted after an early ChangeCipherSpec",
                expected="alert unexpected_message",
                reproduce=nmap(target, "ssl-ccs-injection"),
                shows="State: VULNERABLE",
            )
        )
    if attacks.robot.is_answered and attacks.robot.value:
        found.append(
            bad(
                "robot",
                "the server answers differently to right and wrong RSA padding",
                observed="; ".join(attacks.robot_answers) or "different answers",
                expected="the same answer to every padding",
                reproduce=command("testssl.sh", "--robot", target.authority),
                shows="VULNERABLE",
            )
        )
    if found:
        return found
    for answer in (attacks.heartbleed, attacks.ccs_injection, attacks.robot):
        answer.value  # noqa: B018  # reading an unanswered question makes the result not assessed
    return good("Heartbleed, the early ChangeCipherSpec and ROBOT fail")


def nmap(target: Target, script: str) -> str:
    """The command that runs a script of nmap's against the service."""
    family = ("-6",) if ":" in target.host else ()
    return command("nmap", *family, "-n", "-Pn", "-p", str(target.port), "--script", script, target.host)
