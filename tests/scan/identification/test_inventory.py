"""Devices of a running scan carry what they are: by our rules and the user's, over all their addresses."""

from pathlib import Path

from iotscan.data.fingerprints.library import load_library
from iotscan.model.device import Service
from iotscan.model.facts import Claim, OpenService
from iotscan.model.observation import observe
from iotscan.model.subject import Subject
from iotscan.observe.network.discovery.found import Found
from iotscan.observe.network.unit import Unit
from iotscan.scan.inventory import Inventory

MINE = """<fingerprints matches="ftp.banner" preference="0.95">
<fingerprint pattern="^Acme files (\\S+)$"><description>mine</description>
<param pos="0" name="hw.vendor" value="Acme"/><param pos="0" name="hw.product" value="Filer"/>
<param pos="0" name="hw.device" value="NAS"/><param pos="1" name="hw.version"/></fingerprint></fingerprints>"""
UUID = Claim(what="uuid", value="6f1d7a52-93c8-4e0b-8a44-1c2d3e4f5a6b", how="ssdp description")


def _greeting(address: str, banner: str) -> Unit:
    fact = OpenService(protocol="ftp", banner=banner)
    seen = observe(fact, Subject(address=address, service="tcp/21"), probe="identify/1")
    service = Service(transport="tcp", port=21, protocol="ftp")
    return Unit(address=address, name="tcp/21", services=(service,), observations=(seen,), attempts=())


def test_rules_of_the_user_tell_a_device(tmp_path: Path) -> None:
    (tmp_path / "mine.xml").write_text(MINE)
    inventory = Inventory(load_library([tmp_path])[0])
    inventory.add(Found(address="192.0.2.7", how="test"))
    inventory.keep(_greeting("192.0.2.7", "220 Acme files 3.1"))
    (device,) = inventory.devices()
    assert device == inventory.device("192.0.2.7")
    assert device.label == "Acme Filer"
    assert device.identity.firmware is not None
    assert device.identity.firmware.value == "3.1"
    assert device.identity.firmware.clues[0].rule == "mine.xml: mine"


def test_what_several_addresses_of_one_device_show_is_weighed_together() -> None:
    inventory = Inventory(load_library()[0])
    said = (UUID, Claim(what="manufacturer", value="AVM", how="ssdp description"))
    inventory.add(Found(address="192.0.2.7", how="ssdp", claims=said))
    inventory.add(Found(address="192.0.2.8", how="ssdp", claims=(UUID,)))
    inventory.keep(_greeting("192.0.2.8", "220 FRITZ!Box7490 FTP server ready."))
    (device,) = inventory.devices()
    assert device.addresses == ("192.0.2.7", "192.0.2.8")
    assert device.identity.vendor is not None
    assert device.identity.vendor.confidence == "firm"
    assert device.identity.title == "AVM FRITZ!Box 7490"


def test_without_rules_nothing_but_statements_is_known() -> None:
    inventory = Inventory()
    inventory.add(Found(address="192.0.2.7", how="test"))
    inventory.keep(_greeting("192.0.2.7", "220 (vsFTPd 3.0.3)"))
    assert not inventory.device("192.0.2.7").identity.is_known
