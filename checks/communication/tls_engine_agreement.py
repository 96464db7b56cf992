"""Two TLS engines read this server alike.

## What it looks at
Where iotscan's own hellos and sslyze answer the same question, whether they answer it alike: version and cipher
suite of a handshake, the server's certificate, whether a client certificate was asked for and an OCSP answer
stapled, all of one connection that both read; and whether sslyze was given a version or a cipher that our hellos
heard refused. This is a check of iotscan, not of the device: a disagreement is an error of ours, and never a finding.

## Why it matters
Every TLS verdict rests on one of the two. Where they contradict each other one is wrong, and then a pass of this
service may be wrong, too: the result stays open, and its severity is what may be hidden behind it. A server that
changes its mind between two connections (a balancer, a configuration reloaded in between) looks the same.

## How to fix
Scan again. Where it stays, report it to iotscan with the run file: both answers stand in it. Until then take the
TLS results of this service as open, and ask it with a third tool, such as `sslscan` or `testssl.sh`.

## References
- RFC 8446 section 4.1.3, RFC 5246 section 7.4 (what a server says of itself in its first flight)
"""

from iotscan.sdk import Returned, TlsHandshake, check, clause, disagree, good, skip


@check(
    id="tls-engine-agreement",
    title="Both TLS engines read the server alike",
    element="communication",
    variants={"disagreement": ("high", "Our two TLS engines contradict each other")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("network", "tls"),
    since="0.1",
    effort="low",
)
def tls_engine_agreement(handshake: TlsHandshake) -> Returned:
    """Say what was compared, or where they contradict each other."""
    if handshake.disagreements:
        return disagree(
            "disagreement",
            f"our own two engines disagree, so that one is wrong: {handshake.disagreements[0]}",
            observed="; ".join(handshake.disagreements),
        )
    if not handshake.compared:
        return skip("both engines answered no question in common")
    return good(f"alike in {', '.join(handshake.compared)}")
