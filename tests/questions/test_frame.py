"""The LAN's own rules: each machine has its truth, each truth its machine, and both speak of what there is."""

from collections import Counter
from pathlib import Path

import pytest

from iotscan.assess.registry import load_checks
from tests.questions.lan import tools
from tests.questions.machines import load_machines
from tests.questions.truth import RANGES, QuestionDevice, load_topics

DEVICES = [(topic, device) for topic, devices in load_topics().items() for device in devices]
each = pytest.mark.parametrize(("topic", "device"), DEVICES, ids=[d.host for _, d in DEVICES])


def test_each_machine_has_its_truth_and_each_truth_its_machine() -> None:
    there = {topic: {host.name for host in hosts} for topic, hosts in load_machines().items()}
    told = {topic: {device.host for device in devices} for topic, devices in load_topics().items()}
    assert there == told


def test_no_two_machines_share_a_name_or_an_address() -> None:
    used = Counter(word for _, d in DEVICES for word in (d.host, d.hardware, *d.addresses))
    assert not [word for word, times in used.items() if times > 1]


@each
def test_an_address_lies_in_the_range_of_its_topic(topic: str, device: QuestionDevice) -> None:
    for address in device.addresses:
        assert address.startswith("10.78.0."), address
        assert int(address.rpartition(".")[2]) in RANGES[topic], address


@each
def test_truth_speaks_of_checks_variants_and_services_that_there_are(topic: str, device: QuestionDevice) -> None:
    variants = {check.info.id: set(check.info.variants) for check in load_checks().checks}
    findings = (*device.findings, *device.with_default_creds, *device.with_intrusive, *device.with_industrial)
    granted = (*device.with_intrusive, *device.with_industrial)
    for finding in findings:
        assert finding.variant in variants[finding.check], finding
        # What only a grant, or a profile, lets be asked is no service that every scan sees.
        assert not finding.service or finding.service in device.services or finding in granted, finding
    for entry in (*device.passes, *device.passes_with_default_creds):
        name, _, service = entry.partition(" ")
        assert name in variants, entry
        assert not service or service in device.services, entry
    assert {q.check for q in device.not_assessed} <= variants.keys() | {"*"}


def test_what_the_machines_need_is_installed_where_they_are_tested() -> None:
    listed = (Path(__file__).parents[2] / ".ci" / "apt-packages").read_text("utf-8").splitlines()
    assert set(tools().values()) <= set(listed)
