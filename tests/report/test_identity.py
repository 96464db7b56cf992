"""What a device is, in every report, with how that is known."""

from msgspec.structs import replace

from iotscan.model.device import Device
from iotscan.model.identification import Clue, Identity, KindTrait, Remark, Software, Trait
from iotscan.model.pseudonyms import Pseudonyms, pseudonymise
from iotscan.model.run import Run
from iotscan.model.vocabulary import Confidence
from iotscan.report import cyclonedx, identity, inventory, plain
from iotscan.report.registry import write
from tests.report.example import example_run

CLUE = Clue(words='Basic realm="<b>Acme</b>"', where="http realm on tcp/80", rule="mine.xml: Acme")
HOSTILE = "<script>alert(1)</script>|`x`"


def _trait(value: str, confidence: Confidence = Confidence.FIRM) -> Trait:
    return Trait(value=value, confidence=confidence, clues=(CLUE,))


KNOWN = Identity(
    vendor=_trait("Acme"),
    model=_trait(HOSTILE),
    firmware=_trait("4.2"),
    kind=KindTrait(value="camera", confidence=Confidence.TENTATIVE, clues=(CLUE,)),
    software=(Software(service="tcp/22", product="Dropbear", version="2022.83", clue=CLUE),),
    contradictions=("vendor: Acme by http realm on tcp/80, but Other by ssdp description",),
    remarks=(Remark(about="honeypot", text="may be a honeypot"),),
)


def _run() -> Run:
    run = example_run()
    first, *others = run.devices
    return replace(run, devices=(replace(first, claims=(), vendor="", identity=KNOWN), *others))


def test_a_device_is_called_what_it_was_told_to_be_where_it_has_no_name() -> None:
    nameless = Device(
        id="dev-1", addresses=("192.0.2.7",), identity=Identity(vendor=_trait("HP"), product=_trait("HP X"))
    )
    assert nameless.label == "HP X"
    assert Device(id="dev-1", addresses=("192.0.2.7",), identity=Identity(vendor=_trait("HP"))).label == "192.0.2.7"


def test_doubtful_kinds_carry_a_question_mark() -> None:
    assert identity.kind(KNOWN) == "camera?"


def test_the_inventory_says_what_it_is_by_what_and_what_to_beware_of() -> None:
    text = inventory.inventory(_run())
    assert "vendor Acme (firm: http realm on tcp/80)" in text
    assert "contradicted: vendor: Acme by http realm on tcp/80, but Other by ssdp description" in text
    assert "runs: Dropbear 2022.83 on tcp/22" in text
    assert "beware: may be a honeypot" in text


def test_every_report_of_a_run_says_so_too_and_none_takes_markup_of_a_device() -> None:
    run = _run()
    for text in (plain.render(run), write(run, "md"), write(run, "html")):
        assert "Dropbear 2022.83" in text
        assert "honeypot" in text
    assert "<script>alert" not in write(run, "html")
    assert '"4.2"' in cyclonedx.render(run)


def test_strict_redaction_leaves_kinds_and_products_and_takes_names_out_of_evidence() -> None:
    run = example_run()
    named = next(d for d in run.devices if d.claimed("name"))
    said = Clue(words=f"welcome to {named.claimed('name')}", where="telnet banner on tcp/23", rule="mine.xml: Acme")
    known = Identity(
        vendor=Trait(value="Acme", confidence=Confidence.FIRM, clues=(said,)),
        kind=KindTrait(value="camera", confidence=Confidence.FIRM, clues=(said,)),
    )
    devices = tuple(replace(d, identity=known) if d is named else d for d in run.devices)
    redacted = pseudonymise(replace(run, devices=devices), Pseudonyms(b"k" * 32))
    after = next(d for d in redacted.devices if d.identity.is_known).identity
    assert after.kind is not None
    assert (after.kind.value, after.vendor.value if after.vendor else "") == ("camera", "Acme")
    assert named.claimed("name") not in after.kind.clues[0].words
    assert after.kind.clues[0].words.startswith("welcome to ")


def test_why_many_addresses_are_one_device_is_said_wherever_devices_are_listed() -> None:
    run = example_run()
    first, *others = run.devices
    joined = replace(
        first,
        addresses=(*first.addresses, "fd00::1", "fe80::1"),
        merged=("dev-2 has the same MAC address 00:11:22:33:44:55", f"dev-3 states the same serial {HOSTILE}"),
    )
    run = replace(run, devices=(joined, *others))
    said = "3 addresses, one device: has the same MAC address 00:11:22:33:44:55; states the same serial"
    for text in (plain.render(run), write(run, "md"), write(run, "html"), inventory.inventory(run)):
        assert said in text
    assert "<script>alert" not in write(run, "html")
