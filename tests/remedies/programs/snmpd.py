"""Weak configurations of Net-SNMP's agent."""

from iotscan.model.vocabulary import Outcome
from tests.remedies.weakness import Daemon, Shown, Weakness

AGENT = Daemon(
    needs={"snmpd": "snmpd", "snmpget": "snmp"},
    run="snmpd -f -Lo -C -c $root/etc/snmp/snmpd.conf -p $root/pid",
    client=(
        "snmpget -v3 -l authPriv -u monitor -a SHA-256 -A s3cond-hand-pass -x AES -X th1rd-hand-pass"
        " $host:$snmp 1.3.6.1.2.1.1.1.0"
    ),
)
FILL = {
    "<USER>": "monitor",
    "<AUTHENTICATION-PASSPHRASE>": "s3cond-hand-pass",
    "<PRIVACY-PASSPHRASE>": "th1rd-hand-pass",
}


def _weak(name: str, shows: tuple[Shown, ...], lines: str) -> Weakness:
    head = "agentaddress udp:$host:$snmp\nsysDescr Acme Sensor Hub 2.1\n[snmp] persistentDir $root\n[snmpd]\n"
    return Weakness(
        name=f"snmpd {name}",
        daemon=AGENT,
        remedy="snmpd-v3",
        shows=shows,
        files={"etc/snmp/snmpd.conf": f"{head}{lines}\n"},
        ports={"snmp": "udp snmp"},
        before=("snmp",),
        then=("snmp",),
        fill=FILL,
        # The check is about who answers a community: where nobody does, nobody is left to be asked.
        ends=Outcome.NOT_APPLICABLE,
    )


WEAK = (
    _weak("that answers public", (("snmp-community", "public"),), "rocommunity public default"),
    _weak(
        "that answers by views",
        (("snmp-community", "public"),),
        "com2sec everybody default public\ngroup g v2c everybody\nview all included .1\n"
        'access g "" any noauth exact all none none',
    ),
)
