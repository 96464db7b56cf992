"""The MQTT broker refuses clients without credentials.

## What it looks at
How a broker answers CONNECT without user name, password and client certificate, in MQTT 3.1.1 or 5, over TCP, TLS or
WebSocket. Where it lets us in it is asked for its own version (`$SYS/broker/version`); nothing of anybody else is
subscribed to and nothing is published. In an image: `allow_anonymous` of `mosquitto.conf`, or
its default in that version.

## Why it matters
MQTT brokers pass everything to whoever subscribes: readings, presence, commands, credentials. Whoever may connect
without a name may read it all and, with nothing but the default access rules, switch what listens.

## How to fix
mosquitto: `allow_anonymous false` with `password_file /etc/mosquitto/passwd` (made by `mosquitto_passwd -c`), or
`require_certificate true` and `use_identity_as_username true`; then an `acl_file` with the topics of each client. EMQX:
add an authenticator (without one it lets all in). RabbitMQ: `mqtt.allow_anonymous = false`. Add TLS (port 8883).

## References
- MQTT 3.1.1 section 3.2.2.3 (CONNACK return codes 4 and 5)
- mosquitto.conf(5), `allow_anonymous`
- ETSI EN 303 645 V3.1.3 provision 5.5-5; OWASP ISVS 4.2.2 (git edfda29b)
"""

from iotscan.sdk import MqttBroker, Returned, Target, bad, check, clause, connect_mqtt, good


@check(
    id="mqtt-anonymous-access",
    aliases=("CLD-004",),
    title="The MQTT broker refuses clients without credentials",
    element="cloud",
    variants={"anonymous": ("critical", "The MQTT broker accepts anybody")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP ISVS", "edfda29b", "4.2.2"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("configuration", "credentials", "mqtt", "network"),
    since="0.1",
    effort="low",
)
def mqtt_anonymous_access(broker: MqttBroker, target: Target) -> Returned:
    """Fail on a broker that accepts CONNECT without credentials."""
    is_configured = broker.return_code < 0
    if not broker.anonymous.value:
        said = "allow_anonymous is off" if is_configured else f"CONNACK {broker.return_code}"
        return good("it refuses clients without credentials", observed=said)
    ask, shows = connect_mqtt(target, broker)
    return bad(
        "anonymous",
        "it accepts clients without any credentials",
        observed="allow_anonymous is on" if is_configured else f"CONNACK {broker.return_code}",
        expected="allow_anonymous false" if is_configured else "CONNACK 4 or 5, or a client certificate demanded",
        reproduce=ask,
        shows=shows,
    )
