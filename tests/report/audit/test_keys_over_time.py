"""Keys over time and changes since the last audit, as the report tells them."""

import msgspec
import pytest

from iotscan.assess.comparing import compare
from iotscan.model.material import Material
from iotscan.model.run import Run
from iotscan.model.sighting import KeyKind, KeySighting, Memory
from iotscan.model.vocabulary import Outcome
from iotscan.report.audit import keys, since
from iotscan.report.audit.key_ages import aged
from iotscan.report.audit.told import Told
from iotscan.report.document import Paragraph, Section, Table, words_of
from iotscan.report.view import view
from tests.assess.comparisons import run_of
from tests.assess.making import result
from tests.model.test_lasting import M1, dev, ssh, tls


def told(run: Run, material: Material = Material()) -> Told:
    return Told(run=run, view=view(run), material=material)


def known(key: str, kind: KeyKind = "tls", told_by: str = "mac", certificate: str = "", **more: str) -> KeySighting:
    service = "tcp/443" if kind == "tls" else "tcp/22"
    return KeySighting(
        device="d1",
        service=service,
        kind=kind,
        algorithm=more.pop("algorithm", "ec" if kind == "tls" else "ssh-ed25519"),
        key=key,
        first_seen="2025-01-01T00:00:00+00:00",
        last_seen="2025-06-01T00:00:00+00:00",
        first_run="a",
        last_run="b",
        runs=2,
        certificate=certificate,
        told_by=told_by,
    )


def remembering(*sightings: KeySighting) -> Run:
    run = run_of(devices=[dev(1, M1)], seen=(tls(1, "k"), ssh(1, "h")))
    return msgspec.structs.replace(run, memory=Memory(runs=2, since="2025-01-01T00:00:00+00:00", keys=sightings))


@pytest.mark.parametrize(
    ("sighting", "state", "runs"),
    [
        (known("k", certificate="kk"), "same", 3),
        (known("k", certificate="another"), "renewed", 3),
        (known("old"), "replaced", 1),
        (known("old", told_by="address"), "another", 1),
        (known("h", "ssh"), "same", 3),
        (known("old", "ssh"), "replaced", 1),
        # A host key of another algorithm is none that was replaced.
        (known("old", "ssh", algorithm="ssh-rsa"), "new", 1),
    ],
)
def test_what_became_of_a_key(sighting: KeySighting, state: str, runs: int) -> None:
    (key,) = (k for k in aged(remembering(sighting)) if k.kind == sighting.kind)
    assert (key.state, key.runs) == (state, runs)


def words(section: Section | None) -> str:
    assert section is not None
    return " ".join(words_of(b.spans) for b in section.blocks if isinstance(b, Paragraph))


def test_a_first_audit_says_that_there_is_nothing_to_compare() -> None:
    run = run_of(devices=[dev(1, M1)], seen=(tls(1, "k"),))
    section = keys.section(told(run))
    assert "nothing to compare with" in words(section)
    assert section is not None
    (table,) = (b for b in section.blocks if isinstance(b, Table))
    assert [words_of(cell.spans) for cell in table.rows[0]][-1] == "first seen in this run"


def test_devices_without_keys_are_said_to_be_that() -> None:
    assert "No device showed a key" in words(keys.section(told(run_of(devices=[dev(1, M1)]))))
    assert keys.section(told(run_of(command="image"))) is None


def test_since_lists_what_was_repaired_and_what_nobody_looked_at_again() -> None:
    old = run_of(result("c1", service="tcp/1"), result("c1", service="tcp/2"), id="old")
    new = run_of(result("c1", Outcome.PASS, service="tcp/1"), result("c2", service="tcp/3"), id="new")
    section = since.section(told(new, Material(comparison=compare(old, new))))
    assert section is not None
    assert [s.title for s in section.sections] == ["Repaired (1)", "New (1)", "Changed (0)", "Not retested (1)"]
    assert since.section(told(new)) is None
