"""AMQP lets nobody log in without a name, and takes no password in the clear.

## What it looks at
The ways to log in (SASL mechanisms) that an AMQP broker lists to everybody before any login, in AMQP 0-9-1 and in
1.0, and whether it does so over TLS. No login is begun: a broker that lists ANONYMOUS offers it, and may still give
such guests few rights (RabbitMQ lets its `guest` in from the same machine alone).

## Why it matters
ANONYMOUS is a login without a name: what it opens depends on the rights of an account that nobody looks at. PLAIN,
AMQPLAIN and LOGIN send the password as it is: without TLS, whoever reads one connection can publish and consume as
that device, and reads every message besides.

## How to fix
Serve AMQP inside TLS only, and offer no mechanism ANONYMOUS. RabbitMQ: `listeners.tcp = none` and
`listeners.ssl.default = 5671` with `ssl_options.*`; `anonymous_login_user = none` (4.x), `auth_mechanisms.1 = PLAIN`
or, with client certificates, `EXTERNAL` (plugin `rabbitmq_auth_mechanism_ssl`); delete the account `guest`. ActiveMQ
Artemis: `<security-enabled>true</security-enabled>`, `sslEnabled=true` in the acceptor and
`saslMechanisms=SCRAM-SHA-512`. Qpid: remove the `Anonymous` authentication provider.

## References
- AMQP 1.0 part 5 (security), section 5.3; AMQP 0-9-1 section 1.4.2.1; RFC 4505 (ANONYMOUS), RFC 4616 (PLAIN)
- OWASP IoT Top 10 2018, I7
"""

from iotscan.sdk import AmqpBroker, Returned, Target, bad, check, clause, command, good, unknown

BY_PASSWORD = frozenset({"PLAIN", "AMQPLAIN", "LOGIN"})
HEADER = r"AMQP\000\000\011\001"
SASL_HEADER = r"AMQP\003\001\000\000"


def list_mechanisms(broker: AmqpBroker, target: Target, *, mechanism: str = "") -> str:
    """A command that prints what the broker lists, in the version in which it lists a mechanism."""
    header = HEADER if (mechanism in broker.mechanisms if mechanism else broker.mechanisms) else SASL_HEADER
    if broker.tls:
        way = command("timeout", "4", "openssl", "s_client", "-quiet", "-connect", target.authority)
    else:
        way = command("nc", "-w", "2", target.host, str(target.port))
    return f"{command('printf', header)} | {way} 2>/dev/null | tr -cd {command('[:print:]')}"


@check(
    id="amqp-authentication",
    aliases=("SVC-013",),
    title="AMQP lets nobody log in without a name, and takes no password in the clear",
    element="communication",
    variants={
        "anonymous": ("high", "AMQP offers a login without a name"),
        "cleartext-password": ("high", "AMQP takes passwords in the clear"),
        "cleartext": ("medium", "AMQP runs without TLS"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "credentials", "network"),
    since="0.1",
    effort="medium",
    confidence="firm",
)
def amqp_authentication(broker: AmqpBroker, target: Target) -> Returned:
    """Who may log in and how it is protected are verdicts of their own."""
    listed = tuple(dict.fromkeys((*broker.mechanisms, *broker.sasl)))
    found = []
    if "ANONYMOUS" in listed:
        said = bad(
            "anonymous",
            "it offers a login without a name",
            observed=f"it lists {', '.join(listed)}",
            expected="ANONYMOUS is not listed",
            reproduce=list_mechanisms(broker, target, mechanism="ANONYMOUS"),
            shows="ANONYMOUS",
        )
        found.append(said)
    if not broker.tls:
        by_password = sorted(BY_PASSWORD.intersection(listed))
        said = bad(
            "cleartext-password" if by_password else "cleartext",
            "it takes passwords in the clear" if by_password else "it answers without TLS",
            observed=f"it lists {', '.join(listed)} over plain TCP",
            expected="AMQP over TLS (port 5671)",
            reproduce=list_mechanisms(broker, target, mechanism=by_password[0] if by_password else ""),
            shows=by_password[0] if by_password else "AMQP",
        )
        found.append(said)
    if not found and not listed:
        return unknown("it lists no way to log in")
    return found or good("it lists no login without a name, behind TLS", observed=f"it lists {', '.join(listed)}")
