"""Findings, gaps, accepted risks, what is well, the roadmap and standards as a reader meets them."""

from msgspec.structs import replace

from iotscan.assess.conformance import conformance
from iotscan.assess.roadmap import roadmaps
from iotscan.data.standards import our_standards
from iotscan.model.material import Material, Retest
from iotscan.model.remedy import Remedy
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.report.audit import accepted, findings, gaps, positives, roadmap, standards
from iotscan.report.audit.told import Told
from iotscan.report.document import Card, Code, Facts, Paragraph, Section, Table, words_of
from iotscan.report.view import view
from tests.report.example import example_run
from tests.report.full import full_run


def told(run: Run, material: Material = Material()) -> Told:
    return Told(run=run, view=view(run), material=material)


def cards(section: Section | None) -> list[Card]:
    assert section is not None
    return [b for b in section.blocks if isinstance(b, Card)]


def cell_texts(table: Table) -> list[list[str]]:
    return [[words_of(c.spans) for c in row] for row in table.rows]


def tables(section: Section | None) -> dict[str, Table]:
    assert section is not None
    inner = [section, *section.sections]
    return {b.id: b for s in inner for b in s.blocks if isinstance(b, Table)}


def many(run: Run, count: int) -> Run:
    """The run with one finding at many places."""
    one = next(r for r in run.results if r.check == "tls-versions" and r.is_finding)
    more = tuple(replace(one, fingerprint=f"{n:016x}", waiver="") for n in range(count))
    return replace(run, results=more)


def test_the_gravest_findings_come_first_and_each_kind_once():
    made = cards(findings.section(told(example_run())))
    severities = [c.badges[0].text for c in made]
    assert severities == ["critical"] * 2 + ["high"] * 3 + ["medium"] * 2 + ["low", "info"]
    assert len({c.id for c in made}) == len(made)


def test_ten_places_are_told_in_full_two_thousand_listed_and_the_rest_counted():
    (card,) = cards(findings.section(told(many(example_run(), 2110))))
    assert len([b for b in card.blocks if isinstance(b, Card)]) == 10
    (table,) = [b for b in card.blocks if isinstance(b, Table)]
    assert len(table.rows) == 2000
    said = [words_of(b.spans) for b in card.blocks if isinstance(b, Paragraph)]
    assert "100 more places in the run file." in said


def test_a_finding_has_its_command_retest_and_proved_change():
    run = example_run()
    one = next(r for r in run.results if r.check == "mqtt-anonymous" and r.is_finding)
    change = Remedy(
        id="m", program="mosquitto", check="mqtt-anonymous", title="Ask who it is",
        file="/etc/mosquitto/mosquitto.conf", text="allow_anonymous false", apply=("systemctl reload mosquitto",),
    )  # fmt: skip
    material = Material(
        retests={one.fingerprint: Retest(status="open", since="2026-03-01")}, remedies={one.fingerprint: (change,)}
    )
    card = cards(findings.section(told(run, material)))[0]
    codes = {b.label: b.text for b in card.blocks if isinstance(b, Code)}
    assert codes["Check it yourself"].startswith("mosquitto_sub -h 192.0.2.10")
    assert codes["Write into /etc/mosquitto/mosquitto.conf"] == "allow_anonymous false"
    assert codes["Bring it into force"] == "systemctl reload mosquitto"
    told_of = {f.name: words_of(f.spans) for b in card.blocks if isinstance(b, Facts) for f in b.rows}
    assert told_of["First seen"] == "1 March 2026"
    assert told_of["Since the audit before"] == "open"


def test_the_impact_is_left_to_the_assessor_until_the_report_is_final():
    def editable(is_final: bool) -> int:
        made = cards(findings.section(told(example_run(), Material(is_final=is_final))))
        return sum(isinstance(b, Paragraph) and b.editable for c in made for b in c.blocks)

    assert (editable(False), editable(True)) == (8, 0)


def test_nothing_found_where_nothing_was_assessed_is_no_praise():
    section = findings.section(told(replace(example_run(), results=())))
    assert section
    assert "no praise" in words_of(section.blocks[0].spans)  # type: ignore[union-attr]


def test_gaps_tell_forced_and_chosen_ones_apart_and_name_the_silent():
    found = tables(gaps.section(told(full_run())))
    assert next(r[0] for r in cell_texts(found["gaps-forced-reasons"])) == "no answer in time"
    assert "consent not given" in [r[0] for r in cell_texts(found["gaps-chosen-reasons"])]
    assert [r[1] for r in cell_texts(found["gaps-silent-list"])] == ["192.0.2.23"]
    assert cell_texts(found["gaps-excluded-list"]) == [["192.0.2.66/32", "given on the command line"]]
    assert ["gw-edge", "≤D", "D", "F"] in [r[:4] for r in cell_texts(found["gaps-intervals"])]


def test_expired_waivers_come_first():
    found = tables(accepted.section(told(full_run())))
    assert [r[1] for r in cell_texts(found["accepted-waivers"])] == ["expired", "not asked", "applied"]


def test_that_nothing_was_accepted_is_said_too():
    made = accepted.section(told(replace(full_run(), waivers=(), attestations=())))
    assert made is not None
    assert isinstance(made.blocks[0], Paragraph)
    assert "No risk was accepted" in words_of(made.blocks[0].spans)


def test_a_positive_is_only_what_passed():
    run = example_run()
    silent = replace(run, results=tuple(r for r in run.results if r.outcome is not Outcome.PASS))
    assert positives.section(told(silent)) is None
    rows = [r for t in tables(positives.section(told(run))).values() for r in cell_texts(t)]
    assert sum(int(r[2]) for r in rows) == sum(r.outcome is Outcome.PASS for r in run.results)


def test_the_roadmap_and_the_standards_say_what_was_worked_out():
    run = full_run()
    material = Material(roadmaps=roadmaps(run), standards=conformance(run, our_standards()))
    steps = tables(roadmap.section(told(run, material)))["roadmap-steps-network"]
    assert [r[-1] for r in cell_texts(steps)][-1] == "≤A"
    section = standards.section(told(run, material))
    assert section
    assert "no certification" in words_of(section.blocks[0].spans)  # type: ignore[union-attr]
    assert all("no certification" in t.caption for t in tables(section).values())
