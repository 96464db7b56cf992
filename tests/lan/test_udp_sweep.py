"""Finding each address with privilege and without, on our link and beyond it.

Behind the router stand real daemons, each of which drops all but its own UDP port; on the link one that drops all,
one that has no stack but ARP, one without IPv4, and a web server.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.observe.network.discovery.udp import questions
from iotscan.observe.network.ports import FRAGILE
from iotscan.store.runs import decode_run
from tests.lan.network import Lan, Machine, poll
from tests.lan.scanning import command_line

pytestmark = pytest.mark.lan

AGENT, NODE, RESOLVER, CLOCK, SPEAKER, REFUSER, DEAD = (f"10.99.0.{n}" for n in range(1, 8))
GUARDED = "10.99.1"
"""A network behind a firewall that refuses in the name of everybody there; nobody is."""
MET, MET_OUTSIDE, MET6, MAC = "10.99.1.2", "10.99.1.17", "fd00:99::7", "00:40:8c:00:09:77"
"""Whom the router has met: one that answers nothing, one out of scope, one of IPv6 out of scope."""
COMMUNITY = "s3cret-hall-77"
SNMPD = f"""
agentaddress udp:{AGENT}:161
view met included .1.3.6.1.2.1.4
rocommunity {COMMUNITY} default -V met
[snmp] persistentDir {{folder}}
"""
DROP = """
table inet watch {{
    chain in {{
        type filter hook input priority 0; policy drop;
        iifname != eth0 accept
        ip daddr 10.77.0.0/24 accept
        {rules}
    }}
    chain through {{
        type filter hook forward priority 0; policy drop;
        ip daddr 10.99.1.0/24 reject with icmp port-unreachable
    }}
}}
"""
RULES = "\n".join(
    f"ip daddr {address} udp dport {port} accept"
    for address, port in ((AGENT, 161), (NODE, 5683), (RESOLVER, 53), (CLOCK, 123), (SPEAKER, 1900))
)
REFUSE = f"ip daddr {REFUSER} udp dport 137 reject with icmp port-unreachable"
STAND_IN = """
import socket, sys
address, port = sys.argv[1], int(sys.argv[2])
own = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
own.bind((address, port))
while True:
    packet, sender = own.recvfrom(2048)
    if port == 123 and len(packet) == 48 and packet[0] & 7 == 3:
        own.sendto(b"\\x24" + bytes(23) + packet[40:48] + bytes(16), sender)
    if port == 1900 and b"ssdp:discover" in packet:
        uuid = b"uuid:7d6c1f1e-52a7-4d39-9a0b-3f1f5a8b6c42::upnp:rootdevice"
        said = b"HTTP/1.1 200 OK\\r\\nUSN: " + uuid + b"\\r\\nSERVER: Acme/1\\r\\n\\r\\n"
        own.sendto(said, sender)
"""
EACH = """
import sys, anyio, msgspec
from iotscan.model.scope import Scope
from iotscan.observe.network.attached import attached_networks
from iotscan.observe.network.dial import Dialer
from iotscan.observe.network.discovery.each import ask_each
from iotscan.observe.network.helper.client import RawHelper
from iotscan.model.scope import Pace
class Log:
    ports = set()
    def note(self, send):
        self.ports.add(send.port)
async def main():
    scope = Scope(include=("10.77.0.0/27", "10.99.0.0/16", "fd00:77::/64", "fe80::/64"), pace=Pace(connect_timeout=0.3))
    ranges = (("10.77.0", 31), ("10.99.0", 8), ("10.99.1", 7))
    addresses = [f"{prefix}.{i}" for prefix, end in ranges for i in range(1, end)]
    dialer, told, links = Dialer(scope, Log()), [], attached_networks()
    send, receive = anyio.create_memory_object_stream(1000)
    with send:
        await ask_each(dialer, RawHelper(scope, "s"), addresses, (links, links), (80,), send, told.append, {})
    found = [msgspec.to_builtins(each) async for each in receive]
    costs = {f["address"]: dialer.line(f["address"]).datagrams for f in found}
    said = {"found": found, "told": "; ".join(told), "costs": costs, "ports": Log.ports}
    print(msgspec.json.encode(said).decode())
anyio.run(main)
"""
WEB, MUTE, ARP_ONLY, RARE, SIX = "10.77.0.21", "10.77.0.22", "10.77.0.23", "10.77.0.24", "fd00:77::25"
REPOSITORY = Path(__file__).parents[2]
OURS = {"10.77.0.9", "fd00:77::9", "fe80::240:8cff:fe00:909%eth0"}
"""The scanner's own addresses."""
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all")


class Swept(msgspec.Struct):
    """What a sweep found and told, how many datagrams each device saw, and the ports that were asked."""

    found: list[dict[str, object]]
    told: str
    costs: dict[str, int]
    ports: list[int]

    @property
    def how(self) -> dict[str, str]:
        """How each address was found."""
        return {str(f["address"]): str(f["how"]) for f in self.found if f["address"] not in OURS}


@pytest.fixture(scope="module")
def wire(place: Callable[[str], Path]) -> Iterator[tuple[Machine, Path]]:
    """Where the scanner stands, and its folder; all of the devices are addresses of one machine behind it."""
    folder = place("udp")
    with Lan(folder) as lan:
        scanner = lan.join("scanner", "10.77.0.9", mac="00:40:8c:00:09:09")
        router = lan.join("router", "10.77.0.5", mac="00:40:8c:00:09:05")
        scanner.run("ip", "route", "add", "10.99.0.0/16", "via", "10.77.0.5", check=True)
        lines = "".join(f"address add {a}/32 dev lo\n" for a in (AGENT, NODE, RESOLVER, CLOCK, SPEAKER, REFUSER))
        lines += f"link add far0 type bridge\nlink set far0 up\nroute add {GUARDED}.0/24 dev far0\n"
        router.run("ip", "-batch", "-", given=lines, check=True)
        router.run("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv4.icmp_ratelimit=0", check=True)
        router.nft(DROP.format(rules=f"{RULES}\n{REFUSE}"))
        lines = "".join(f"neigh add {a} lladdr {MAC} dev far0 nud permanent\n" for a in (MET, MET_OUTSIDE))
        router.run("ip", "-batch", "-", given=f"{lines}neigh add {MET6} lladdr {MAC} dev far0\n", check=True)
        (folder / "snmpd.conf").write_text(SNMPD.format(folder=folder))
        (folder / "routers").write_text(f"{AGENT} {COMMUNITY}\n")
        (folder / "routers").chmod(0o600)
        router.start("snmpd", "-f", "-Lo", "-C", "-c", f"{folder}/snmpd.conf", "-p", f"{folder}/pid")
        router.start("coap-server-openssl", "-A", NODE)
        router.start("dnsmasq", "-k", "-C", "/dev/null", "-h", "-R", "-z", "-a", RESOLVER)
        for address, port in ((CLOCK, 123), (SPEAKER, 1900)):
            router.start(sys.executable, "-I", "-c", STAND_IN, address, str(port))

        def listens() -> bool:
            assert not router.complaint(), router.complaint()
            said = router.run("cat", "/proc/net/udp").stdout
            return all(f":{port:04X} " in said for port in (161, 5683, 53, 123, 1900))

        poll("the daemons listen", listens)
        _fill_link(lan, scanner, folder)
        yield scanner, folder


@pytest.fixture(scope="module")
def scanner(wire: tuple[Machine, Path]) -> Machine:
    """Where the scanner stands."""
    return wire[0]


def _fill_link(lan: Lan, scanner: Machine, folder: Path) -> None:
    def joined(name: str, *addresses: str, last: int) -> Machine:
        return lan.join(name, *addresses, mac=f"00:40:8c:00:09:{last:02x}")

    web, six = joined("web", WEB, last=0x21), joined("six", last=0x25)
    (folder / "web.conf").write_text(f'server.document-root = "{folder}"\nserver.port = 80\n')
    web.start("lighttpd", "-D", "-f", f"{folder}/web.conf")
    joined("mute", MUTE, last=0x22).nft(
        "table inet mute { chain in { type filter hook input priority 0; policy drop; }; }"
    )
    for name, address, every in (("arp-only", ARP_ONLY, "1"), ("rare", RARE, "3")):
        machine = joined(name, last=int(address[-2:], 16))
        machine.start(
            sys.executable, str(Path(__file__).with_name("arp_responder.py")), "live", address, "1", "1", every
        )
        poll("the responder", lambda m=machine: len(m.run("cat", "/proc/net/packet").stdout.splitlines()) > 1)
    for machine, address in ((scanner, "fd00:77::9"), (six, SIX)):
        machine.run("ip", "address", "add", f"{address}/64", "dev", "eth0", "nodad", check=True)
    settled = ("ip", "-6", "address", "show", "tentative")
    poll("IPv6 addresses", lambda: not any(m.run(*settled).stdout for m in (scanner, six)))
    poll("the web server", lambda: scanner.run("nc", "-z", "-w", "1", WEB, "80").returncode == 0)
    scanner.run("sysctl", "-qw", "net.ipv4.ping_group_range=0 2147483647", check=True)


@pytest.fixture(scope="module")
def swept(wire: tuple[Machine, Path]) -> dict[str, Swept]:
    """What sweeping all of it comes to with privilege and without, at the same time."""
    started = {
        who: subprocess.Popen(
            wire[0].inside(*become, sys.executable, "-c", EACH, own_files=False),
            cwd=REPOSITORY,
            stdout=subprocess.PIPE,
        )
        for who, become in (("root", ()), ("nobody", NOBODY))
    }
    return {who: msgspec.json.decode(process.communicate()[0], type=Swept) for who, process in started.items()}


def test_who_opens_no_tcp_port_is_found_and_nobody_else(swept: dict[str, Swept]) -> None:
    said = swept["root"]
    assert {address: how for address, how in said.how.items() if address.startswith("10.99.")} == {
        AGENT: "answers udp/161 (SNMP engine)",
        NODE: "answers udp/5683 (CoAP)",
        RESOLVER: "answers udp/53 (DNS)",
        CLOCK: "answers udp/123 (NTP)",
        SPEAKER: "answers udp/1900 (SSDP)",
        REFUSER: "refuses udp/137 by ICMP",
    }
    assert "UDP (udp/161, udp/5353, udp/1900, udp/5683, udp/137, udp/53, udp/123): 13 addresses asked" in said.told
    assert max(said.costs.values()) <= 16, "seven questions twice, and two echoes"
    assert set(said.ports) <= {0, 80, *(q.port for q in questions())}


def test_controllers_are_asked_where_the_profile_allows_it() -> None:
    usual, more = questions(), questions(("industrial",))
    assert not {q.port for q in usual} & FRAGILE
    assert {q.port for q in more} - {q.port for q in usual} == {47808}


def test_without_privilege_all_is_found_but_what_knows_nothing_but_arp(swept: dict[str, Swept]) -> None:
    root, nobody = swept["root"], swept["nobody"]
    everybody = {WEB, MUTE, ARP_ONLY, RARE, SIX, AGENT, NODE, RESOLVER, CLOCK, SPEAKER, REFUSER}
    assert root.how.keys() >= everybody
    assert not root.how.keys() & {DEAD, "10.77.0.30"}
    assert nobody.how.keys() in (root.how.keys(), root.how.keys() - {RARE})
    assert "arp sweep of 10.77.0.0/24 on eth0: 29 addresses asked" in root.told
    assert "arp sweep: raw frames need root" in nobody.told
    for told in (root.told, nobody.told):
        assert "addresses asked that nothing else had shown, 6 answered" in told
        assert "ICMP echo: 13 addresses asked, 0 answered, 26 packets" in told
        assert "echo to all nodes on eth0" in told


def test_whom_a_router_has_met_is_found_where_it_is_in_scope(wire: tuple[Machine, Path]) -> None:
    scanner, folder = wire
    # What the router has met answers nothing: the rest of the questions to it takes its time.
    words = ("--snmp-community-file", str(folder / "routers"), "--ports", "80", "--timeout", "0.3", "--deadline", "2")
    done = command_line(scanner, folder, "discover", AGENT, "10.99.1.0/29", *words, "-f", "json", "--no-progress")
    assert done.returncode == 3, done.stderr  # it was cut short
    run = decode_run(done.stdout.encode(), "standard output")
    met = next(d for d in run.devices if MET in d.addresses)
    assert (met.mac, met.found_by) == (MAC, ("neighbour table of a router",))
    assert {a for d in run.devices for a in d.addresses} == {AGENT, MET}
    (told,) = (n.text for n in run.notices if n.text.startswith(f"neighbour table of {AGENT}: "))
    assert "1 neighbours in scope" in told
    assert [n for n in run.notices if n.text.startswith("UDP (")], "what was sent is told of a cut scan, too"
    for outside in (MET_OUTSIDE, MET6):
        assert outside in told.partition("out of scope, not asked: ")[2]
    written = [path for path in folder.glob("iotscan-out/*/*") if path.is_file()]
    assert len(written) > 2
    assert not [path for path in written if COMMUNITY.encode() in path.read_bytes()]
    assert COMMUNITY not in done.stdout + done.stderr
