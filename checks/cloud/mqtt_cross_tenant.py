"""A device hears nothing of other devices at the broker.

## What it looks at
What the broker of a back end lets one device hear, logged in with a credential of a device of yours that you give
(`--backend-credential FILE`): it subscribes to topics that are not the device's (all, unless the file names some) and
counts for three seconds the messages that come from there, without those that the file says it may hear. Neither
topics nor what they say is kept, nothing is published, and the credential is told to no server but the one that the
file names, over TLS, by a certificate that a store vouches for or that you pinned. It is asked only with
`--intrusive`: messages of others are touched.

Some brokers grant every subscription and deliver only what is allowed, so that a grant alone is no finding; and no
message within three seconds is no pass.

## Why it matters
Whoever takes one device apart has its credential. Where that opens the topics of all, one device bought in a shop is
enough to read what every customer's device says, and to learn where commands are sent.

## How to fix
Give each client topics of its own and nothing beyond them. Mosquitto: `acl_file` with `pattern readwrite devices/%u/#`,
or roles of the dynamic security plugin. EMQX: `{allow, all, all, ["devices/${username}/#"]}`, then `{deny, all}` and
`authorization.no_match = deny`. AWS IoT: a policy with `${iot:Connection.Thing.ThingName}` in its resources in place of
`*`. Azure IoT Hub and device certificates with a name of each device in them do that by themselves.

## References
- OWASP ISVS 2.2.1 (git edfda29b); OWASP IoT Top 10 2018 I3
- MQTT 5.0 section 4.7 (topic filters) and 5.4.2 (authorization of clients); mosquitto.conf(5), `acl_file`
"""

from iotscan.sdk import MqttTenant, Reason, Returned, Target, bad, check, clause, command, good, unknown


@check(
    id="mqtt-cross-tenant",
    aliases=("CLD-006",),
    title="A device hears nothing of other devices at the broker",
    element="cloud",
    variants={"readable": ("high", "The credential of one device hears the messages of others")},
    clauses=(
        clause("OWASP ISVS", "edfda29b", "2.2.1"),
        clause("OWASP IoT Top 10", "2018", "I3"),
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "mqtt", "network"),
    since="0.1",
    effort="medium",
)
def mqtt_cross_tenant(tenant: MqttTenant, target: Target) -> Returned:
    """Fail where messages of others came; pass where every subscription to them was refused."""
    if not tenant.accepted.value:
        said = f"the broker did not take the credential (CONNACK {tenant.return_code})"
        return unknown(f"{said}: what a device may hear is not known", reason=Reason.UNREADABLE)
    asked = ", ".join(tenant.filters[:3])
    if tenant.others_messages:
        return bad(
            "readable",
            "it delivers the messages of others to the credential of one device",
            observed=f"messages that are not the device's came within {tenant.seconds:g} seconds of subscribing",
            expected="SUBSCRIBE refused, or nothing delivered that is not the device's",
            reproduce=hear(tenant, target),
            shows="a message of",
        )
    if tenant.granted.value:
        own = f", though {tenant.own_messages} of its own did" if tenant.own_messages else ""
        return unknown(
            f"it grants a device the topics of others ({asked}), and no message came from there in "
            f"{tenant.seconds:g} seconds{own}: scan again while another device speaks"
        )
    return good("it refuses a device the topics of others", observed=f"SUBSCRIBE to {asked} is refused")


def hear(tenant: MqttTenant, target: Target) -> str:
    """A command that waits for one message, with the credential in variables of whoever runs it."""
    name = target.server_name or target.label or target.host
    where = command("mosquitto_sub", "-h", name, "-p", str(target.port), "--tls-use-os-certs")
    version = " -V mqttv5" if tenant.version == "5.0" else ""
    filters = (word for wanted in tenant.filters[:3] for word in ("-t", wanted))
    rest = command(*filters, "-C", "1", "-W", "5", "-F", "a message of %l bytes")
    return f'{where}{version} -u "$MQTT_USER" -P "$MQTT_PASSWORD" {rest}'
