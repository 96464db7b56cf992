"""The same question gets the same answer.

## What it looks at
Answers of one TLS or DTLS server that contradict each other: what it accepted in one hello and refused in another,
though nothing else had changed. Other checks leave a question open to which it gave two answers.

## Why it matters
Behind one address stand two configurations: a load balancer in front of unequal machines, a process that was not
restarted, a middlebox that answers for some. The weaker of them is the one that counts, since an attacker has only to
try again, and whoever measures once sees the one or the other by luck. It may also be a server that is breaking down.

## How to fix
Ask it again with the command below and tell by the answers who is who; then give all machines and processes behind the
address one configuration, and restart what still runs an old one (`nginx -t && nginx -s reload`, a restart of
mosquitto or stunnel: they read their TLS settings at the start).

## References
- RFC 8446 section 4.1.1 (a server selects from what one hello offers, and from nothing else)
"""

from iotscan.sdk import ANY_CIPHER, ANY_KEY, Returned, Target, TlsEndpoint, ask_often, bad, check, clause, good, unknown


@check(
    id="tls-consistency",
    title="A TLS server gives one answer to one question",
    element="communication",
    variants={"contradictory": ("low", "One question got two different answers")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("network", "tls"),
    since="0.1",
    effort="medium",
)
def tls_consistency(tls: TlsEndpoint, target: Target) -> Returned:
    """What the probe noted as contradictory, with both answers."""
    if not tls.hellos:
        # What was read of traffic was asked nothing: nothing could have been contradicted.
        return unknown("the server was asked nothing")
    if not tls.contradictions:
        return good(f"{tls.hellos} hellos, and no answer contradicts another: {', '.join(tls.accepted_versions)}")
    key = ANY_KEY if tls.suites and all("PSK" in s.name for s in tls.suites) else ()
    return bad(
        "contradictory",
        "two different answers to one question: " + "; ".join(tls.contradictions),
        observed="; ".join(tls.contradictions),
        expected="the same answer each time",
        reproduce=ask_often(target, *key, *ANY_CIPHER, show="Cipher is|alert", opening=tls.opening),
    )
