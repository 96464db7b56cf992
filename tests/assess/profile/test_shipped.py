"""The profiles that ship: each loads over our checks, has a history, and means what its name says."""

import pytest

from iotscan.assess.profile import load_profile, profile_names, required_ids, select
from iotscan.assess.registry import load_checks
from iotscan.model.scope import Pace
from tests.assess.profile.making import ids

PACK = load_checks()
NAMES = {
    "constrained",
    "controllers",
    "default",
    "etsi-en-303-645",
    "eu-cra",
    "gateway-image",
    "industrial",
    "quick",
    "thorough",
}
WITH_PEOPLE = {"etsi-en-303-645", "eu-cra", "gateway-image", "thorough"}


def test_they_are_all_there():
    assert set(profile_names()) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_it_loads_over_our_checks(name: str):
    profile = load_profile(name)
    checks = select(profile, PACK)
    assert profile.id == name
    assert checks
    assert profile.changelog[0].version == profile.version
    assert len(profile.title.split()) > 4
    assert any("attestation" in c.info.tags for c in checks) == (name in WITH_PEOPLE)
    if profile.required:
        assert required_ids(profile, checks)


@pytest.mark.parametrize("name", sorted(NAMES - {"thorough"}))
def test_it_is_never_harder_on_a_device_than_usual(name: str):
    usual, wished = Pace(), load_profile(name).pace.over(Pace())
    assert wished.attempts_per_second <= usual.attempts_per_second == 50
    assert wished.accepted_per_second <= usual.accepted_per_second == 4
    assert wished.connections <= usual.connections


def test_default_and_thorough_ask_everything_but_what_a_person_answers():
    attested = [c.info.id for c in PACK.checks if "attestation" in c.info.tags]
    assert ids(load_profile("default"), PACK) == [i for i in PACK.ids if i not in attested]
    assert ids(load_profile("thorough"), PACK) == list(PACK.ids)


def test_an_image_must_answer_what_an_image_can():
    profile = load_profile("gateway-image")
    checks = select(profile, PACK)
    asked = {c.info.id for c in checks}
    assert asked >= {c.info.id for c in PACK.checks if "image" in c.info.tags}
    required = {c.info.id for c in PACK.checks if "root-filesystem" in c.info.tags}
    assert set(required_ids(profile, checks)) == required
    assert {"password-hashes", "private-keys", "updater-verification"} <= required
    # What takes more than a root file system does not make its image incomplete.
    assert not required & {c.info.id for c in PACK.checks if {"boot", "storage"} & set(c.info.tags)} - {"mount-options"}


def test_industrial_logs_in_to_nothing():
    selected = ids(load_profile("industrial"), PACK)
    assert "default-credentials" not in selected
    assert "snmp-community" not in selected


@pytest.mark.parametrize(
    ("name", "standard"), [("etsi-en-303-645", "ETSI EN 303 645"), ("eu-cra", "EU CRA (Regulation 2024/2847)")]
)
def test_a_standard_has_every_check_with_a_clause_of_it_and_claims_nothing(name: str, standard: str):
    profile = load_profile(name)
    with_clause = {c.info.id for c in PACK.checks if standard in {k.standard for k in c.info.clauses}}
    assert with_clause <= set(ids(profile, PACK))
    assert profile.maps_to == (standard,)
    assert "no statement of conformity" in profile.title
