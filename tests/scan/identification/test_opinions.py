"""Another program's opinion is shown as its own, weighs less than a banner, and judges nothing."""

from iotscan.data.fingerprints.library import Library, load_library
from iotscan.model.answer import Answer
from iotscan.model.device import Device, Service
from iotscan.model.facts import ServiceOpinion, SshServer
from iotscan.model.identification import Identity
from iotscan.model.observation import Observation, observe
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Confidence
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.unit import Unit
from iotscan.report.identity import programs
from iotscan.scan.identification.engine import identify
from iotscan.scan.inventory import Inventory

ACME = ServiceOpinion(
    by="nmap 7.93",
    protocol="http",
    product="Acme IP camera httpd",
    version="2",
    cpe="cpe:/h:acme:ip_cam",
    confidence=10,
)


def seen(fact: ServiceOpinion | SshServer, service: str = "tcp/77") -> Observation:
    return observe(fact, Subject(device="dev-1", address="192.0.2.7", service=service), probe="nmap/1")


def told(*facts: Observation, library: Library | None = None) -> Identity:
    return identify(Device(id="dev-1", addresses=("192.0.2.7",)), facts, library or Library(()))


def test_it_is_shown_as_whose_it_is() -> None:
    (program,) = told(seen(ACME)).software
    assert (program.by, program.title, program.service) == ("nmap 7.93", "Acme IP camera httpd 2", "tcp/77")
    assert programs(told(seen(ACME))) == ("nmap 7.93 says Acme IP camera httpd 2 on tcp/77",)
    bare = ServiceOpinion(by="nmap 7.93", protocol="rsync", details="protocol version 31", confidence=10)
    assert programs(told(seen(bare))) == ("nmap 7.93 says rsync on tcp/77",)


def test_alone_it_is_never_more_than_tentative_however_often_it_is_said() -> None:
    identity = told(*(seen(ACME, f"tcp/{port}") for port in range(70, 80)))
    assert identity.vendor is not None
    assert (identity.vendor.value, identity.vendor.confidence) == ("acme", Confidence.TENTATIVE)
    assert identity.product is not None
    assert identity.product.value == "ip cam"
    assert identity.vendor.clues[0].where == "nmap 7.93 on tcp/70"
    assert identity.kind is None


def test_what_contradicts_it_is_shown_and_its_own_words_weigh_less() -> None:
    ours = SshServer(protocol="2.0", software="ROSSSH", host_keys=Answer.of(()))
    identity = told(seen(ours, "tcp/22"), seen(ACME), library=load_library()[0])
    assert identity.vendor is not None
    assert identity.vendor.value == "MikroTik"
    assert any("acme by nmap 7.93 on tcp/77" in said for said in identity.contradictions)


def test_a_kernel_is_no_system_and_a_name_in_its_cpe_is_made_safe() -> None:
    kernel = ServiceOpinion(by="nmap 7.93", protocol="x", cpe="cpe:/o:linux:linux_kernel", confidence=10)
    odd = ServiceOpinion(by="nmap 7.93", protocol="x", cpe="cpe:/o:a:b%1b%5d0c:1", confidence=10)
    assert told(seen(kernel)).system is None
    system = told(seen(odd)).system
    assert system is not None
    assert "\x1b" not in system.value


def test_a_service_keeps_its_protocol_and_says_what_nmap_says() -> None:
    inventory = Inventory()
    inventory.add(Found(address="192.0.2.7", how="answers on tcp/77 (open)"))
    service = Service(transport="tcp", port=77, how="said nothing that is known")
    inventory.keep(Unit(address="192.0.2.7", name="identify tcp/77", services=(service,)))
    inventory.keep(Unit(address="192.0.2.7", name="nmap tcp/77", observations=(seen(ACME),)))
    (kept,) = inventory.device("192.0.2.7").services
    assert kept.protocol == "unknown"
    assert kept.how == "said nothing that is known; nmap 7.93 says http (Acme IP camera httpd 2)"
