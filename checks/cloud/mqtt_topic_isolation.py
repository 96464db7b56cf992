"""An MQTT broker does not let guests hear every topic.

## What it looks at
Where a broker lets in clients without credentials, whether it lets such a guest subscribe to every topic (`#`, and
where that is refused `+/+/#`, as some refuse the former alone), and whether messages come then. They are counted for
two seconds; neither topics nor what they say is kept, and the subscription is taken back. As these are other people's
messages, it is asked only with `--intrusive`. Those of several branches (first levels of topics) are the messages of
all; those of one branch may be the one that guests are meant to hear, which nobody but you can tell. What stands there
retained, and is said by nobody then, may be meant for everybody: where nothing else came, it stays open.

## Why it matters
Whoever hears every topic hears every device: presence, readings, commands, tokens that devices publish by mistake,
and the names of the topics to which commands are sent. In a house that tells when nobody is there, in a plant what
runs.

## How to fix
Let nobody in without credentials, and give each client its own topics. Mosquitto: `allow_anonymous false` and an
`acl_file` with `pattern readwrite devices/%u/#`, or the dynamic security plugin with `subscribe` false by default
(an ACL file filters what is delivered: mosquitto still answers that `#` is granted). EMQX: `{deny, all, subscribe,
["#", {eq, "$SYS/#"}]}` and `authorization.no_match = deny`. RabbitMQ: topic permissions of the MQTT user. HiveMQ: the
Enterprise Security Extension.

## References
- MQTT 5.0 section 4.7 (topic filters), section 5.4.2 (authorization of clients); mosquitto.conf(5), `acl_file`
- OWASP ISVS 4.2.2 (git edfda29b)
"""

from iotscan.sdk import MqttBroker, Returned, Target, bad, check, clause, good, hear_all_mqtt, skip, unknown


@check(
    id="mqtt-topic-isolation",
    aliases=("CLD-005",),
    title="The MQTT broker does not let guests hear every topic",
    element="cloud",
    variants={
        "readable": ("critical", "The MQTT broker lets anybody hear the messages of all"),
        "one-branch": ("high", "The MQTT broker lets anybody hear messages of its clients"),
    },
    clauses=(
        clause("ETSI EN 303 645", "V3.1.3", "5.5-5"),
        clause("OWASP ISVS", "edfda29b", "4.2.2"),
        clause("EN 18031-1", "2024", "ACM-2"),
        clause("EU CRA (Regulation 2024/2847)", "2024", "Annex I I(2)(d)"),
    ),
    tags=("credentials", "mqtt", "network"),
    since="0.1",
    effort="medium",
)
def mqtt_topic_isolation(broker: MqttBroker, target: Target) -> Returned:
    """Fail where clients were heard; some brokers grant everything and deliver what is allowed."""
    if broker.return_code < 0:
        return skip("what clients may hear is not told by this part of the configuration")
    if not broker.anonymous.value:
        return skip("it lets no guest in")
    if not broker.wildcard.value:
        return good("it refuses a guest every topic", observed="SUBSCRIBE to every topic is refused")
    if not broker.messages:
        return unknown("it grants a guest every topic, and no message came in two seconds")
    if not broker.live_messages.value:
        stood = "it grants a guest every topic, and what came in two seconds had stood there, retained"
        return unknown(f"{stood}: it may be meant for everybody. Scan again while the devices speak")
    is_of_all = broker.live_branches > 1
    branches = "several branches of topics" if is_of_all else "one branch of topics"
    reproduce, shows = hear_all_mqtt(target, broker)
    return bad(
        "readable" if is_of_all else "one-branch",
        f"it lets a guest subscribe to every topic, and messages of {branches} come",
        observed=f"messages of {branches} came within two seconds of subscribing to {broker.wildcard_filter}",
        expected=f"SUBSCRIBE to {broker.wildcard_filter} refused, or nothing delivered that is not the guest's",
        reproduce=reproduce,
        shows=shows,
    )
