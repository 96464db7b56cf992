"""Which image a device runs: by what is sure, and never by a guess between two."""

from datetime import UTC, datetime

import pytest

from iotscan.assess.images_run import link_images
from iotscan.model.answer import Answer
from iotscan.model.device import Device, Image
from iotscan.model.facts import (
    AnyFact,
    BootEnvironment,
    BootEnvironments,
    Certificate,
    CertificateChain,
    Claim,
    KeyFile,
    OperatingSystem,
    PrivateKeys,
    RunsImage,
)
from iotscan.model.observation import Observation, observe
from iotscan.model.subject import Subject

DEVICE = Device(id="dev-1", addresses=("192.0.2.7",), mac="00:40:8c:00:00:0a")
NAMES = ("acme-gateway", "acme-camera")
GATEWAY, OTHER = (Image(id=f"img-{n}", source=f"{n}.tar", format="tar", name=n) for n in NAMES)
HERE = Subject(device="dev-1", address="192.0.2.7", service="tcp/443")


def seen(fact: AnyFact, *, image: str = "", path: str = "") -> Observation:
    return observe(fact, Subject(image=image, path=path) if image else HERE, probe="test/1")


def chain(key: str, digest: str = "cc") -> CertificateChain:
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    leaf = Certificate(
        subject="CN=x",
        issuer="CN=x",
        serial="1",
        not_before=moment,
        not_after=moment.replace(year=2028),
        key_type="ec",
        key_bits=256,
        signature_hash="sha256",
        sha256=digest,
        spki_sha256=key,
    )
    no = Answer.of(False)
    return CertificateChain(certificates=(leaf,), trusted=no, ocsp_stapled=no, engine="hello")


def held(key: str, image: str, *, leaked: str = "", documentation: bool = False) -> Observation:
    file = KeyFile(
        path="/etc/ssl/device.key",
        format="pkcs8",
        encrypted=False,
        mode=0o600,
        public_sha256=key,
        known_leaked=leaked,
        in_documentation=documentation,
    )
    return seen(PrivateKeys(keys=(file,), files_searched=1), image=image)


def system(image: str, version: str) -> Observation:
    return seen(OperatingSystem(path="/etc/os-release", id="poky", version=version), image=image)


def linked(*observations: Observation, device: Device = DEVICE, images=(GATEWAY, OTHER), said=None) -> RunsImage | None:
    found = link_images((device,), images, observations, said or {})
    assert len(found) < 2
    fact = found[0].fact if found else None
    assert fact is None or isinstance(fact, RunsImage)
    return fact


def test_a_key_of_the_device_in_one_image_tells_which_it_runs():
    fact = linked(seen(chain("k1")), held("k1", GATEWAY.id), held("k2", OTHER.id))
    assert fact is not None
    assert (fact.image, fact.by) == (GATEWAY.id, "key")
    assert "/etc/ssl/device.key" in fact.detail
    assert "tcp/443" in fact.detail


def test_a_key_in_two_images_tells_nothing():
    assert linked(seen(chain("k1")), held("k1", GATEWAY.id), held("k1", OTHER.id)) is None


def test_a_version_may_tell_two_images_with_one_key_apart():
    claims = (Claim(what="model", value="Acme Gateway", how="http"), Claim(what="firmware", value="2.1.0", how="http"))
    device = Device(id="dev-1", addresses=("192.0.2.7",), claims=claims)
    evidence = (seen(chain("k1")), held("k1", GATEWAY.id), held("k1", OTHER.id))
    fact = linked(*evidence, system(GATEWAY.id, "2.1.0"), system(OTHER.id, "1.0.0"), device=device)
    assert fact is not None
    assert fact.image == GATEWAY.id


@pytest.mark.parametrize("how", [{"leaked": "somebody"}, {"documentation": True}])
def test_a_key_that_everybody_has_tells_nothing(how):
    assert linked(seen(chain("k1")), held("k1", GATEWAY.id, **how)) is None


def test_a_certificate_goes_before_a_key():
    of_other = seen(chain("k9", digest="d1"), image=OTHER.id, path="/etc/ssl/device.pem")
    fact = linked(seen(chain("k1", digest="d1")), held("k1", GATEWAY.id), of_other)
    assert fact is not None
    assert (fact.image, fact.by) == (OTHER.id, "certificate")


@pytest.mark.parametrize(
    ("source", "value", "runs"),
    [
        ("stored", "00:40:8C:00:00:0A", True),
        ("default", "00:40:8c:00:00:0a", False),
        ("stored", "00:40:8c:00:00:0b", False),
    ],
)
def test_a_mac_address_in_a_stored_environment_tells(source, value, runs):
    environment = BootEnvironment(path="/dev/mtd1", source=source, variables={"ethaddr": value})
    fact = linked(seen(BootEnvironments(environments=(environment,)), image=GATEWAY.id))
    assert (fact is not None) is runs


@pytest.mark.parametrize(
    ("model", "firmware", "runs"),
    [("Acme Gateway", "2.1.0", True), ("Acme Gateway", "2.1.1", False), ("Other Box", "2.1.0", False)],
)
def test_product_and_version_tell_only_together(model, firmware, runs):
    claims = (Claim(what="model", value=model, how="http"), Claim(what="firmware", value=firmware, how="http"))
    device = Device(id="dev-1", addresses=("192.0.2.7",), claims=claims)
    only = (Image(id="img-g", source="g", format="tar", name="gateway"),)
    fact = linked(system("img-g", "2.1.0"), device=device, images=only)
    assert (fact is not None) is runs


def test_the_user_knows_better_than_a_key():
    fact = linked(seen(chain("k1")), held("k1", GATEWAY.id), said={"dev-1": OTHER.id})
    assert fact is not None
    assert (fact.image, fact.by) == (OTHER.id, "stated")


def test_a_back_end_runs_no_image_of_a_device():
    backend = Device(id="dev-1", addresses=("192.0.2.7",), role="backend")
    assert linked(seen(chain("k1")), held("k1", GATEWAY.id), device=backend) is None
