"""MQTT runs over TLS.

## What it looks at
Whether an MQTT broker answers CONNECT on a listener without TLS. Whether it asks for a password there is another
question; it makes no difference to what can be read on the way. In an image: the listeners of `mosquitto.conf`.

## Why it matters
User name, password and every message of every device cross the network in the clear; whoever reads one CONNECT can
publish as that device: open the valve, report the door as shut. Nothing tells the device that it talks to the
broker it means either.

## How to fix
mosquitto: replace `listener 1883` with `listener 8883` and `cafile`, `certfile`, `keyfile` below it, and keep at
most `listener 1883 127.0.0.1` for programs on the same machine; `require_certificate true` gives every device an
identity. EMQX: disable the `tcp` default listener and enable `ssl`. Tasmota: a build with `USE_MQTT_TLS`; ESP-IDF:
`mqtts://` and `broker.verification.crt_bundle_attach`. Change the MQTT passwords afterwards: they have been in the
clear until today.

## References
- MQTT 3.1.1 section 5 (security: TLS on port 8883)
- OWASP IoT Top 10 2018, I7 (insecure data transfer)
"""

from iotscan.sdk import MqttBroker, Returned, Target, bad, check, clause, good, meet_mqtt


@check(
    id="mqtt-encryption",
    aliases=("SVC-012",),
    title="MQTT is spoken over TLS only",
    element="communication",
    variants={"cleartext": ("high", "An MQTT broker answers without TLS")},
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-1"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-7"),
        clause("OWASP IoT Top 10", "2018", "I7"),
        clause("IEC 62443-4-2", "2019", "CR 4.1"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(e)"),
    ),
    tags=("cleartext", "configuration", "mqtt", "network"),
    since="0.1",
    effort="medium",
)
def mqtt_encryption(mqtt: MqttBroker, target: Target) -> Returned:
    """A CONNACK on a listener without TLS is enough, whatever its return code."""
    if mqtt.tls:
        return good("this listener speaks TLS")
    reproduce, shows = meet_mqtt(target, mqtt)
    return bad(
        "cleartext",
        "an MQTT broker has a listener without TLS" if mqtt.return_code < 0 else "an MQTT broker answers without TLS",
        observed="a listener over plain TCP" if mqtt.return_code < 0 else f"CONNACK {mqtt.return_code} over plain TCP",
        expected="MQTT over TLS (port 8883)",
        reproduce=reproduce,
        shows=shows,
    )
