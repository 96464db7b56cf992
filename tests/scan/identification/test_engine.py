"""What a device is, from what it says: combined, contradicted, doubted."""

from datetime import UTC, datetime

from iotscan.data.fingerprints.library import load_library
from iotscan.model.answer import Answer
from iotscan.model.device import Device
from iotscan.model.facts import (
    AmqpBroker,
    Announcement,
    AnyFact,
    Certificate,
    CertificateChain,
    Challenge,
    Claim,
    DataStore,
    HttpServer,
    MqttBroker,
    OpenService,
    PortSweep,
    SnmpAgent,
    SshServer,
    TelnetServer,
)
from iotscan.model.identification import Identity
from iotscan.model.observation import Observation, observe
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Confidence
from iotscan.observe.network.ports import LIKELY
from iotscan.scan.identification import spelling
from iotscan.scan.identification.engine import identify
from iotscan.scan.identification.weighing import LOWER

LIBRARY = load_library()[0]


def _seen(fact: AnyFact, service: str = "") -> Observation:
    return observe(fact, Subject(device="dev-1", address="192.0.2.7", service=service), probe="test/1")


def _ssh(software: str) -> Observation:
    return _seen(SshServer(protocol="2.0", software=software, host_keys=Answer.of(())), "tcp/22")


def _page(title: str = "", server: str = "", realm: str = "", port: int = 80) -> Observation:
    asked = (Challenge(scheme="basic", realm=realm),) if realm else ()
    return _seen(HttpServer(tls=False, status=200, title=title, server=server, challenges=asked), f"tcp/{port}")


def _told(*observations: Observation, claims: tuple[Claim, ...] = (), mac: str = "", vendor: str = "") -> Identity:
    announced = (_seen(Announcement(claims=claims)),) if claims else ()
    device = Device(id="dev-1", addresses=("192.0.2.7",), claims=claims, mac=mac, vendor=vendor, vendor_source="IEEE")
    return identify(device, (*announced, *observations), LIBRARY)


def _upnp(**said: str) -> tuple[Claim, ...]:
    return tuple(Claim(what=what, value=value, how="ssdp description") for what, value in said.items())


def test_nothing_said_is_nothing_known() -> None:
    assert _told() == Identity()
    assert not _told().is_known


def test_a_banner_names_the_program_and_the_system_and_no_maker() -> None:
    told = _told(_ssh("OpenSSH_9.2p1 Debian-2+deb12u7"))
    (program,) = told.software
    assert (program.service, program.title, program.vendor) == ("tcp/22", "OpenSSH 9.2p1", "OpenBSD")
    assert program.clue.words == "OpenSSH_9.2p1 Debian-2+deb12u7"
    assert program.clue.where == "ssh banner on tcp/22"
    assert program.clue.rule == "ssh_banners.xml: OpenSSH of a Debian stable update"
    assert told.system is not None
    assert told.system.value == "Debian GNU/Linux 12"
    assert told.vendor is told.product is told.kind is told.firmware is None
    assert told.title == ""


def test_what_a_device_states_outweighs_what_a_web_server_hints_at() -> None:
    told = _told(_page(server="Hikvision-Webs"), claims=_upnp(manufacturer="Acme GmbH", model="Cam 3"))
    assert told.vendor is not None
    assert told.vendor.value == "Acme GmbH"
    assert told.contradictions == ("vendor: Acme GmbH by ssdp description, but Hikvision by http Server on tcp/80",)
    assert told.vendor.confidence is Confidence.TENTATIVE


def test_sources_that_agree_make_it_certain_and_one_source_never_does() -> None:
    claims = _upnp(manufacturer="HIKVISION", model="DS-2CD2042WD-I")
    alone = _told(claims=claims)
    both = _told(_page(server="Hikvision-Webs"), _page(realm="IP Camera(C6496)"), claims=claims)
    assert alone.vendor is not None
    assert alone.vendor.confidence is Confidence.FIRM
    assert both.vendor is not None
    assert both.vendor.confidence is Confidence.CERTAIN
    assert {c.where for c in both.vendor.clues} >= {"ssdp description", "http Server on tcp/80"}
    assert both.kind is not None
    assert (both.kind.value, both.kind.confidence) == ("camera", Confidence.FIRM)
    assert both.title == "HIKVISION DS-2CD2042WD-I"


def test_many_words_of_one_source_stay_one_source() -> None:
    once = _told(_page(server="Hikvision-Webs"))
    often = _told(*(_page(server="Hikvision-Webs", port=80 + n) for n in range(5)))
    assert once.vendor is not None
    assert often.vendor is not None
    assert once.vendor.confidence is often.vendor.confidence is Confidence.TENTATIVE


def test_a_mac_prefix_hints_at_a_vendor_and_names_no_product() -> None:
    told = _told(mac="b8:27:eb:01:02:03", vendor="Raspberry Pi Foundation")
    assert told.vendor is not None
    assert told.vendor.confidence is Confidence.TENTATIVE
    assert told.product is told.model is told.kind is None
    assert told.title == ""


def test_the_maker_of_the_network_chip_contradicts_nobody() -> None:
    told = _told(claims=_upnp(manufacturer="Shelly", model="Plug S"), mac="24:0a:c4:01:02:03", vendor="Espressif Inc.")
    assert told.vendor is not None
    assert told.vendor.value == "Shelly"
    assert told.contradictions == ()
    assert told.kind is not None
    assert told.kind.value == "plug"


def test_a_program_that_describes_itself_is_not_the_device_it_runs_on() -> None:
    claims = _upnp(manufacturer="Justin Maggard", model="Windows Media Connect compatible (MiniDLNA)")
    told = _told(claims=claims)
    assert told.vendor is told.model is None
    assert [p.title for p in told.software] == ["MiniDLNA"]


def test_firmware_is_a_devices_own_system_and_not_the_one_that_runs_on_anything() -> None:
    mikrotik = _told(_seen(OpenService(protocol="ftp", banner="220 gw FTP server (MikroTik 6.49.6) ready"), "tcp/21"))
    assert mikrotik.firmware is not None
    assert mikrotik.firmware.value == "6.49.6"
    assert mikrotik.kind is not None
    assert mikrotik.kind.value == "gateway"
    openwrt = _told(_seen(TelnetServer(banner="OpenWrt 21.02.3, r16554", asks="shell"), "tcp/23"))
    assert openwrt.firmware is not None
    assert openwrt.firmware.value == "OpenWrt 21.02.3"
    debian = _told(_seen(TelnetServer(banner="Debian GNU/Linux 12 box login:", asks="login"), "tcp/23"))
    assert debian.firmware is None
    for system in ("Windows 7", "Windows CE", "Mac OS X Server", "Solaris", "VxWorks", "ipOS", "FreeRTOS"):
        assert spelling.is_general(system), system
    for system in ("RouterOS", "OpenWrt", "DiskStation Manager", "AOS", "IOS", "Android"):
        assert not spelling.is_general(system), system


def test_brokers_and_stores_are_programs_with_a_version() -> None:
    anybody, nobody = Answer.of(True), Answer.of(False)
    told = _told(
        _seen(
            MqttBroker(tls=False, anonymous=anybody, return_code=0, broker="mosquitto version 2.0.11"),
            "tcp/1883",
        ),
        _seen(AmqpBroker(tls=False, product="RabbitMQ", version="3.10.8"), "tcp/5672"),
        _seen(DataStore(system="redis", needs_login=nobody, tls=False, version="7.0.15"), "tcp/6379"),
    )
    programs = {(p.service, p.product, p.version) for p in told.software}
    assert programs == {
        ("tcp/1883", "Mosquitto", "2.0.11"),
        ("tcp/5672", "RabbitMQ", "3.10.8"),
        ("tcp/6379", "Redis", "7.0.15"),
    }
    assert told.vendor is told.model is None


def test_kinds_that_contradict_are_both_shown() -> None:
    told = _told(
        _page(title="QNAP Turbo NAS"),
        _seen(SnmpAgent(version="2c", description="HP ETHERNET MULTI-ENVIRONMENT,PID:HP LaserJet 4"), "udp/161"),
    )
    assert told.kind is not None
    assert told.kind.value == "printer"
    assert "kind: printer by snmp sysDescr on udp/161, but nas by http title on tcp/80" in told.contradictions


def test_services_of_mdns_tell_the_kind() -> None:
    claims = (
        Claim(what="name", value="Laser in the hall", how="mdns _ipp._tcp"),
        Claim(what="model", value="Brother MFC-L2710DW", how="mdns TXT"),
    )
    told = _told(claims=claims)
    assert told.kind is not None
    assert told.kind.value == "printer"
    assert told.model is not None
    assert told.model.value == "Brother MFC-L2710DW"


def test_certificates_speak_too() -> None:
    leaf = Certificate(
        subject="CN=OpenWrt,O=OpenWrt1A2B3C4D,L=Unknown,ST=Somewhere,C=ZZ",
        issuer="",
        serial="1",
        not_before=datetime(2024, 1, 1, tzinfo=UTC),
        not_after=datetime(2034, 1, 1, tzinfo=UTC),
        key_type="rsa",
        key_bits=2048,
        signature_hash="sha256",
        sha256="00",
        spki_sha256="00",
    )
    told = _told(
        _seen(
            CertificateChain(
                certificates=(leaf,), trusted=Answer.of(False), ocsp_stapled=Answer.of(False), engine="hello"
            ),
            "tcp/443",
        )
    )
    assert told.system is not None
    assert told.system.value == "OpenWrt"


def test_text_of_a_device_stays_text() -> None:
    evil = "{{7*7}} {0.__class__} ${jndi:x} {hw.vendor} $(id)"
    told = _told(claims=_upnp(manufacturer=evil, model=evil))
    assert told.vendor is not None
    assert told.vendor.value == evil


def test_a_made_up_mac_is_remarked_on() -> None:
    (remark,) = _told(mac="da:a1:19:00:00:01").remarks
    assert remark.about == "randomised-mac"
    assert "da:a1:19:00:00:01" in remark.text
    assert _told(mac="b8:27:eb:01:02:03").remarks == ()


def test_a_host_that_answers_on_every_port_is_remarked_on() -> None:
    everything = PortSweep(open=tuple(range(1, 33)), unasked=tuple(range(33, 100)), closed=(100,))
    (remark,) = _told(_seen(everything)).remarks
    assert remark.about == "answers-everything"
    assert remark.text.startswith("99 of 100 ports answer")
    assert _told(_seen(PortSweep(open=(22, 80), closed=tuple(range(100, 200))))).remarks == ()
    assert _told(_seen(PortSweep(open=(22, 80)))).remarks == (), "two ports out of two say nothing"
    chosen = PortSweep(open=(21, 22, 25, 53, 80, 110, 139, 143, 443, 445, 993, 995, 8080))
    assert _told(_seen(chosen)).remarks == (), "a server, whose ports the user knew and chose"


def test_a_first_look_recognises_a_host_that_answers_everything() -> None:
    assert [r.about for r in _told(_seen(PortSweep(open=LIKELY))).remarks] == ["answers-everything"]
    assert _told(_seen(PortSweep(open=LIKELY[1:], closed=LIKELY[:1]))).remarks == ()


def test_what_a_host_says_that_may_be_none_is_a_step_less_sure() -> None:
    said = _upnp(manufacturer="HIKVISION", model="DS-2CD2042WD-I")
    everything = _seen(PortSweep(open=tuple(range(1, 100)), closed=(100,)))
    plain = _told(_page(server="Hikvision-Webs"), claims=said)
    tarpit = _told(_page(server="Hikvision-Webs"), everything, claims=said)
    pot = _told(_page(server="Hikvision-Webs"), _ssh("OpenSSH_6.0p1 Debian-4+deb7u2"), claims=said)
    made_up = _told(_page(server="Hikvision-Webs"), claims=said, mac="da:a1:19:00:00:01")
    assert plain.vendor is not None
    assert plain.vendor.confidence is Confidence.FIRM or plain.vendor.confidence is Confidence.CERTAIN
    for doubted in (tarpit, pot):
        assert doubted.vendor is not None
        assert doubted.vendor.value == plain.vendor.value
        assert doubted.vendor.confidence is LOWER[plain.vendor.confidence]
        assert doubted.kind is not None
        assert doubted.kind.confidence is not Confidence.CERTAIN
    assert made_up.vendor == plain.vendor, "a phone that hides its address says no less of itself"


def test_a_modern_name_on_a_host_that_answers_everything_is_doubted_too() -> None:
    """Whoever runs a honeypot may have changed its words; that every port is open stays."""
    everything = _seen(PortSweep(open=tuple(range(1, 65)), unasked=tuple(range(65, 200))))
    told = _told(_ssh("OpenSSH_9.2p1 Debian-2+deb12u7"), everything)
    assert [remark.about for remark in told.remarks] == ["answers-everything"]
    assert told.system is not None
    assert told.system.confidence is Confidence.TENTATIVE


def test_defaults_of_honeypots_are_remarked_on_with_their_words() -> None:
    (cowrie,) = _told(_ssh("OpenSSH_6.0p1 Debian-4+deb7u2")).remarks
    assert cowrie.about == "honeypot"
    assert "Cowrie" in cowrie.text
    assert "an old device may say the same" in cowrie.text
    pots = _told(
        _ssh("OpenSSH_6.0p1 Debian-4+deb7u2"),
        _seen(SnmpAgent(version="2c", description="Siemens, SIMATIC, S7-200"), "udp/161"),
    )
    assert any("T-Pot" in remark.text for remark in pots.remarks)


def test_one_address_that_speaks_as_several_systems_is_remarked_on() -> None:
    told = _told(_ssh("OpenSSH_9.2p1 Debian-2+deb12u7"), _page(server="Microsoft-IIS/10.0"))
    (remark,) = told.remarks
    assert remark.about == "several-systems"
    assert "Linux (ssh banner on tcp/22)" in remark.text
    assert "Windows (http Server on tcp/80)" in remark.text
    assert _told(_ssh("OpenSSH_9.2p1 Debian-2"), _page(server="Apache/2.4.52 (Ubuntu)")).remarks == ()


def test_one_address_that_is_devices_of_many_makers_is_remarked_on() -> None:
    seen = (_page(server="Hikvision-Webs"), _page(realm="NETGEAR R7000", port=8080), _ssh("ROSSSH"))
    (remark,) = _told(*seen).remarks
    assert remark.about == "honeypot"
    assert (
        "devices of 3 makers: Hikvision (http Server on tcp/80), MikroTik (ssh banner on tcp/22), NETGEAR"
        in remark.text
    )
    assert _told(*seen[:2]).remarks == ()


def test_no_remark_speaks_well_of_a_device() -> None:
    told = _told(_ssh("OpenSSH_6.0p1 Debian-4+deb7u2"), _page(server="Microsoft-IIS/10.0"), mac="da:a1:19:00:00:01")
    assert len(told.remarks) == 3
    assert not any(word in r.text.lower() for r in told.remarks for word in ("secure", "safe", "no risk"))


def test_order_of_observations_does_not_matter() -> None:
    seen = [_page(server="Hikvision-Webs"), _page(realm="NETGEAR R7000", port=8080), _ssh("dropbear_2022.83")]
    assert _told(*seen) == _told(*reversed(seen))


def test_what_announces_its_kind_is_of_that_kind() -> None:
    for what, value, how, kind in (
        ("device-type", "dn:NetworkVideoTransmitter", "ws-discovery Types", "camera"),
        ("device-type", "urn:schemas-upnp-org:device:InternetGatewayDevice:1", "ssdp description", "gateway"),
        ("hap-category", "7", "mdns TXT", "plug"),
        ("matter-device-type", "770", "mdns TXT", "sensor"),
        ("bacnet-device", "389001", "bacnet I-Am", "controller"),
        ("knx-address", "1.1.10", "knx search", "hub"),
        ("vendor-class", "android-dhcp-13", "dhcp", "phone"),
        ("object-id", "1.3.6.1.4.1.24681.1.2", "snmp sysObjectID", "nas"),
    ):
        told = _told(claims=(Claim(what=what, value=value, how=how),))
        assert told.kind is not None, what
        assert told.kind.value == kind, what


def test_a_program_among_several_descriptions_hides_nobody_elses() -> None:
    claims = (
        *_upnp(manufacturer="Synology", model="DS218"),
        *_upnp(manufacturer="Justin Maggard", model="Windows Media Connect compatible (MiniDLNA)"),
    )
    told = _told(claims=claims)
    assert told.vendor is not None
    assert told.vendor.value == "Synology"
    assert told.model is not None
    assert told.model.value == "DS218"
    assert told.contradictions == ()
    assert [p.product for p in told.software] == ["MiniDLNA"]


def test_a_flood_of_claims_is_bounded() -> None:
    claims = tuple(
        Claim(what=what, value=f"{what} {number}", how="mdns TXT")
        for number in range(5000)
        for what in ("model", "manufacturer", "firmware", "device-type")
    )
    told = _told(claims=claims)
    assert told.model is not None
    assert len(told.contradictions) <= 8
    assert len(told.model.clues) <= 5
