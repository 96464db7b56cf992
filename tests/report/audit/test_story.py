"""The sections around the findings say what the run says: control, scope, method, glance, devices, evidence, terms."""

import hashlib
import json

import msgspec
import pytest
from msgspec.structs import replace

from iotscan.model.brand import Brand
from iotscan.model.device import ImagePart
from iotscan.model.identification import Remark
from iotscan.model.material import Material
from iotscan.model.run import Run
from iotscan.model.sighting import Memory
from iotscan.model.vocabulary import AttemptStatus, Reason, Severity
from iotscan.report.audit.assembly import document
from iotscan.report.document import Callout, Card, Code, Document, Facts, Table, words_of
from tests.report.example import example_run, image_run

from .runs import comparison, counted_run, mandated, material, shapes
from .walking import block, has, lines, named, pieces, read, rows, tables


def table(told: Document, id: str) -> Table:
    return next(t for t in tables(told) if t.id == id)


def facts(told: Document, id: str) -> dict[str, str]:
    """Every name and value of a section."""
    blocks = [p for p in pieces(named(told, id)) if isinstance(p, Facts)]
    return {f.name: words_of(f.spans) for b in blocks for f in b.rows}


def cards(told: Document, id: str) -> dict[str, Card]:
    return {b.title: b for b in named(told, id).blocks if isinstance(b, Card)}


class TestCover:
    def test_the_title_names_the_client_or_what_was_looked_at(self) -> None:
        assert document(mandated()).title == "IoT security audit of ACME Ltd"
        assert document(example_run()).title == "IoT security audit of 192.0.2.0/26"
        assert document(image_run()).title == "Firmware security audit of gateway"
        assert document(example_run(), Material(title="Plant 4")).title == "Plant 4"

    def test_its_facts(self) -> None:
        told = document(mandated(), material())
        assert {f.name: words_of(f.spans) for f in told.facts} == {
            "Engagement": "ACME-2026-11",
            "Client": "ACME Ltd",
            "Assessor": "Jane Doe, Example Security",
            "Contact": "jane@example.com",
            "Examined": "22 November 2026, 18:00 to 18:03 UTC",
            "Written": "27 November 2026",
            "Version": "1.0",
            "Classification": "TLP:AMBER",
            "Run": "01JDA7Q2W3",
        }
        assert told.classification == "TLP:AMBER"
        assert told.subtitle == "ACME-2026-11: 192.0.2.0/26"

    def test_without_a_brand_the_scope_file_names_the_assessor(self) -> None:
        assert {f.name: words_of(f.spans) for f in document(mandated()).facts}["Assessor"] == "Example Security"

    def test_the_ribbon(self) -> None:
        whole = counted_run(2, 0)
        assert document(whole).status == "DRAFT"
        assert document(whole, Material(is_final=True)).status == "FINAL"
        for broken in (example_run(), shapes()["interrupted"], replace(whole, status="running")):
            assert document(broken, Material(is_final=True)).status == "INCOMPLETE RUN"
        assert document(shapes()["list"], Material(is_final=True)).status == "FINAL"

    def test_a_run_over_midnight(self) -> None:
        run = replace(example_run(), finished="2026-11-23T00:10:00Z")
        examined = next(words_of(f.spans) for f in document(run).facts if f.name == "Examined")
        assert examined == "22 November 2026, 18:00 UTC to 23 November 2026, 00:10 UTC"

    def test_what_is_not_redacted_says_so_on_every_page(self) -> None:
        assert document(replace(example_run(), redaction="off")).warning == "NOT REDACTED: not to be passed on"
        assert document(example_run()).warning == ""


class TestControl:
    def test_its_own_history(self) -> None:
        assert rows(table(document(example_run(), material()), "control-versions")) == [
            ["0.9", "2026-11-25", "Jane Doe", "Draft for review"],
            ["1.0", "2026-11-27", "Jane Doe", "First issue"],
        ]

    def test_a_first_line_by_itself(self) -> None:
        told = document(example_run(), Material(made="2026-11-27", brand=Brand(company="X")))
        assert rows(table(told, "control-versions")) == [["0.1", "2026-11-27", "X", "Made of the run named below."]]

    def test_who_gets_it(self) -> None:
        said = read(document(example_run(), material()), "control")
        assert "- A. Client\n- B. Board" in said
        assert "This document goes to" not in read(document(example_run()), "control")

    def test_how_to_check_it(self) -> None:
        told = document(mandated(), material())
        code = block(named(told, "control"), Code)
        assert code.text == f"sha256sum run.json  # {'a' * 64}\niotscan audit verify 01JDA7Q2W3 --root {'d' * 64}"
        assert facts(told, "control")["SHA-256 of the run file"] == "a" * 64
        assert not [b for b in named(document(example_run()), "control").blocks if isinstance(b, Code)]

    def test_a_run_id_from_elsewhere_is_no_command(self) -> None:
        told = document(replace(mandated(), id="x; rm -rf ~"), material())
        assert "verify 'x; rm -rf ~' --root" in block(named(told, "control"), Code).text

    @pytest.mark.parametrize(("level", "word"), [("strict", "pseudonyms"), ("standard", "hidden"), ("off", "nothing")])
    def test_how_much_it_hides(self, level: str, word: str) -> None:
        told = document(msgspec.structs.replace(example_run(), redaction=level))
        assert word in facts(told, "control")["Redaction"]

    def test_what_of_a_brand_was_not_taken(self) -> None:
        told = facts(document(example_run(), material()), "control")
        assert told["Not taken from the brand"] == "the accent has no contrast"

    def test_an_interrupted_run_says_so_first(self) -> None:
        first = named(document(shapes()["interrupted"]), "control").blocks[0]
        assert isinstance(first, Callout)
        assert words_of(first.spans).startswith("The run that this report is made of was interrupted:")


class TestScope:
    def test_the_mandate(self) -> None:
        told = document(mandated())
        said = facts(told, "scope")
        assert said["Authorised by"] == "M. Muster, CISO"
        assert said["Window"] == "22 November 2026, 06:00 UTC to 23 November 2026, 06:00 UTC"
        assert said["Emergency contact"] == "+49 30 1234567"
        assert said["Reference"] == "contract 17"
        assert said["SHA-256 of the scope file"] == "f" * 64
        assert rows(table(told, "scope-in")) == [["192.0.2.0/26", "443, 8000-8100", "the plant"]]
        assert rows(table(told, "scope-out")) == [["192.0.2.9", "a ventilator"]]
        assert rows(table(told, "scope-permissions"))[:2] == [
            ["Try documented default logins", "yes, 2 tries an account a day", "yes"],
            ["Ask what can disturb a device", "no", "no"],
        ]
        assert "No scope file" not in read(told, "scope")

    def test_without_one_it_says_by_whose_word(self) -> None:
        assert "on the word of whoever typed the command" in read(document(example_run()), "scope")
        lab = replace(example_run(), scope=replace(example_run().scope, authority="practice network"))
        assert "practice network of the tool" in read(document(lab), "scope")
        other = replace(example_run(), scope=replace(example_run().scope, authority="an old run"))
        assert "The run names as its authority: an old run." in read(document(other), "scope")

    def test_what_was_left_out_and_what_did_not_go_as_planned(self) -> None:
        run = mandated()
        refused = replace(run.attempts[0], status=AttemptStatus.REFUSED_BY_SCOPE, reason=Reason.OUT_OF_SCOPE)
        run = replace(run, scope=replace(run.scope, exclude=("192.0.2.66/32",)), attempts=(*run.attempts, refused))
        told = document(run)
        assert facts(told, "scope")["Left out"] == "192.0.2.66"
        assert facts(told, "scope")["The assessor's own addresses, left out"] == "192.0.2.50"
        said = read(told, "scope")
        assert "- raw frames: no helper is installed: the ARP sweep used the neighbour table" in said
        assert "1 question was not asked, because the scope does not hold the place." in said

    def test_nothing_to_tell_is_said(self) -> None:
        assert "Nothing is on record of a deviation" in read(document(counted_run(1, 0)), "scope")

    def test_an_image_needs_no_networks(self) -> None:
        assert not [t for t in tables(document(image_run())) if t.id == "scope-permissions"]


class TestMethod:
    def test_the_rules(self) -> None:
        said = facts(document(example_run()), "method")
        assert said["Profile"] == "home 2026.11"
        assert said["Required of every run"] == "telnet-service"
        assert said["Standards to which checks relate"] == "ETSI EN 303 645 (V3.1.3) and RFC 9325 (2022)"

    def test_from_where_and_how(self) -> None:
        run = mandated()
        seen = replace(run, devices=tuple(replace(d, link="eth0") for d in run.devices))
        told = document(seen)
        assert facts(told, "method")["Seen from"] == "interface eth0 as 192.0.2.50"
        assert rows(table(told, "method-ways")) == [["arp", "to the end"], ["icmp", "no privilege"]]

    def test_how_intrusive_it_was(self) -> None:
        assert "no login, no write" in read(document(example_run()), "method")
        granted = read(document(mandated()), "method")
        assert "this was granted: documented default logins were tried." in granted
        assert "no login, no write" not in granted

    def test_what_each_device_was_asked(self) -> None:
        told = rows(table(document(example_run()), "method-costs"))
        assert told[0] == ["cam-front", "1,024", "20", "2", "3,100", "6.2"]
        assert len(told) == 6
        many = counted_run(40, 0)
        cost = example_run().costs["dev-cam"]
        heavy = replace(many, costs={d.id: replace(cost, attempts=n) for n, d in enumerate(many.devices)})
        shown = table(document(heavy), "method-costs")
        assert (len(shown.rows), rows(shown)[0][0]) == (30, "10.0.0.39")
        assert "the 30 that were asked most" in shown.caption

    def test_the_limits_fit_the_run(self) -> None:
        network, image = (read(document(run), "method-limits") for run in (example_run(), image_run()))
        assert "UDP port that does not answer is not closed" in network
        assert "UDP" not in image
        assert "Programs in it were not analysed as code" in image
        assert "Programs in it" not in network
        assert "1 finding is tentative: look by hand before acting." in network


class TestGlance:
    def test_the_matrix_adds_up(self) -> None:
        told = rows(table(document(example_run()), "glance-matrix"))
        assert told[0] == ["critical", "0", "0", "1", "1", "0", "2"]
        assert told[-1] == ["all", "1", "0", "7", "2", "1", "11"]
        found = [r for r in example_run().results if r.is_finding]
        assert int(told[-1][-1]) == len(found)

    def test_zero_has_no_colour(self) -> None:
        matrix = table(document(example_run()), "glance-matrix")
        assert [c.tone for c in matrix.rows[0]] == ["critical", "", "", "critical", "critical", "", ""]

    def test_devices_by_element(self) -> None:
        told = rows(table(document(example_run()), "glance-devices"))
        assert told[1] == ["cam-front (192.0.2.21)", "F", "D", "–", "E", "F", "–", "6 of 8 (75%)"]
        assert told[-1][1:] == ["–"] * 6 + ["0 of 11 (0%)"]

    def test_of_many_devices_the_weakest(self) -> None:
        told = document(shapes()["many"])
        assert len(table(told, "glance-devices").rows) == 50
        assert "The 50 weakest of 130 devices; the inventory has all of them." in read(told, "glance")
        assert len(table(told, "inventory-devices").rows) == 130

    def test_letters(self) -> None:
        told = rows(table(document(example_run()), "glance-letters"))
        assert [row[:2] for row in told] == [["F", "2"], ["≤D", "1"], ["≤C", "1"], ["≤B", "1"], ["–", "1"]]
        assert sum(int(row[1]) for row in told) == 6

    def test_what_changed(self) -> None:
        told = document(
            example_run(), Material(comparison=comparison(fixed=3, added=1, unchanged=7, no_longer_assessed=2))
        )
        assert [r[1] for r in rows(table(told, "trend-findings"))] == ["1", "0", "7", "3", "2"]
        assert rows(table(told, "trend-grades")) == [["network", "F", "D"]]
        assert rows(table(told, "trend-members")) == [["old-cam", "was looked for and not seen"]]
        assert "1 question answered well before could not be answered this time." in read(told, "trend")
        assert "the profile is another" in read(told, "trend")
        assert not has(document(example_run()), "trend")

    def test_the_audits_so_far(self) -> None:
        told = rows(table(document(example_run(), material()), "trend-runs"))
        assert told[0] == ["1 October 2026", "F", "6", "0", "3", "0", "0", "0", "1 of 2 (50%)", "–", "–", "0"]
        assert told[1][-1] == "2"


class TestInventory:
    def test_a_device_in_a_line(self) -> None:
        told = rows(table(document(example_run()), "inventory-devices"))
        assert told[1] == [
            "cam-front", "192.0.2.21", "00:00:5e:00:53:15", "Example Cameras? CX-200",
            "telnet 23, http 80, https 443, adb 5555 and 1 more", "F", "1 critical, 3 high", "6 of 8 (75%)",
        ]  # fmt: skip
        assert told[4][2] == "02:00:5e:00:53:2c (randomised)"
        beyond = replace(example_run(), devices=tuple(replace(d, mac="") for d in example_run().devices))
        assert "MAC address" not in [c.title for c in table(document(beyond), "inventory-devices").columns]

    def test_cards_of_those_with_something_to_tell(self) -> None:
        told = cards(document(example_run()), "inventory")
        assert list(told) == [
            "hub-1 (192.0.2.10)", "cam-front (192.0.2.21)", "gw-edge (192.0.2.1)", "printer-2 (192.0.2.31)",
            "plug-7 (192.0.2.44)",
        ]  # fmt: skip
        assert "192.0.2.21" in told["cam-front (192.0.2.21)"].search

    def test_a_remark_gets_a_card_too(self) -> None:
        run = example_run()
        silent = next(d for d in run.devices if d.id == "dev-garden")
        remark = Remark(about="honeypot", text="may be a honeypot")
        doubted = replace(silent, identity=replace(silent.identity, remarks=(remark,)))
        run = replace(run, devices=tuple(doubted if d is silent else d for d in run.devices))
        assert "Read with care: may be a honeypot" in read(document(run), "inventory")

    def test_of_many_at_most_a_hundred(self) -> None:
        told = document(counted_run(150, 130))
        assert len(cards(told, "inventory")) == 100
        assert "Those of 30 further devices are in the run file." in read(told, "inventory")

    def test_since_when_a_device_is_known(self) -> None:
        run = replace(example_run(), memory=Memory(runs=2, seen_first={"dev-cam": "2026-10-01T08:00:00Z"}))
        card = cards(document(run), "inventory")["cam-front (192.0.2.21)"]
        known = {f.name: words_of(f.spans) for b in card.blocks if isinstance(b, Facts) for f in b.rows}
        assert (known["First seen"], known["Last seen"]) == ("1 October 2026", "22 November 2026")
        assert known["Maker"] == "Example Cameras (by its MAC address: IEEE OUI 2026-11-01)"

    def test_an_image_says_what_it_holds_and_what_nobody_read(self) -> None:
        run = image_run()
        parts = (
            ImagePart(format="gpt", role="container"),
            ImagePart(format="ext4", role="root", path="p2", label="rootfs", size=412 << 20),
            ImagePart(format="luks", role="sealed", path="p3", problem="encrypted"),
        )
        said = read(document(replace(run, images=(replace(run.images[0], parts=parts),))), "inventory")
        assert "- p2 (rootfs): ext4, root file system, 412 MiB" in said
        assert "1 part could not be read" in said
        assert "- p3: encrypted" in said

    def test_no_id_takes_a_device_away(self) -> None:
        run = counted_run(2, 1)
        odd = replace(run, devices=(replace(run.devices[0], id="dev\x1b[2J"), *run.devices[1:]))
        assert len(rows(table(document(odd), "inventory-devices"))) == 2

    def test_a_list_has_no_grades(self) -> None:
        told = document(shapes()["list"])
        assert [c.title for c in table(told, "inventory-devices").columns][-1] == "Services"
        assert "A silent network is not an empty one." in read(document(shapes()["empty list"]), "inventory")


def with_evidence(count: int = 1) -> Run:
    """The example, its findings referring to what was seen."""
    run = example_run()
    seen = run.observations
    more = tuple(replace(seen[0], id=f"telnet-server-{n:04}") for n in range(count - 1))
    results = tuple(
        replace(r, observations=tuple(o.id for o in (*more, seen[0])))
        if r.check == "telnet-service" and r.is_finding
        else replace(r, observations=(seen[3].id, "nowhere-1"))
        if r.check == "tls-versions" and r.is_finding
        else r
        for r in run.results
    )
    return replace(run, results=results, observations=(*seen, *more))


class TestEvidence:
    def test_what_findings_rest_on(self) -> None:
        run = with_evidence()
        told = cards(document(run), "evidence")
        assert set(told) == {run.observations[0].id, run.observations[3].id}
        card = told[run.observations[0].id]
        known = {f.name: words_of(f.spans) for b in card.blocks if isinstance(b, Facts) for f in b.rows}
        raw = msgspec.json.encode(run.observations[0])
        assert known["SHA-256"] == hashlib.sha256(raw).hexdigest()
        assert (known["Seen at"], known["Seen by"]) == ("2026-11-22 18:01:07 UTC", "example/1")
        assert known["Needed by"] == "telnet-service"
        record = next(b.text for b in card.blocks if isinstance(b, Code) and b.label == "Record")
        assert json.loads(record)["banner"] == "BusyBox v1.12 (2014-03-11) login:"

    def test_the_gravest_and_no_more_than_fit(self) -> None:
        told = document(with_evidence(600))
        assert len(cards(told, "evidence")) == 500
        assert "101 further pieces of evidence are in the run file." in read(told, "evidence")

    def test_without_any_there_is_no_appendix(self) -> None:
        assert not has(document(example_run()), "evidence")


class TestVersionsTermsAndNotes:
    def test_with_what_it_was_made(self) -> None:
        told = document(example_run(), material())
        assert rows(table(told, "versions-made")) == [
            ["Python", "3.11"],
            ["Command line of the scan", "iotscan scan 192.0.2.0/26"],
        ]
        said = facts(told, "versions")
        assert said["SHA-256 of the scope"].startswith("0f343b09")
        assert said["Checks"] == "12 checks of iotscan"
        assert said["Waivers"] == "2 waivers given, 1 applied"

    def test_every_word_of_the_tables_is_defined(self) -> None:
        told = document(example_run())
        terms = {row[0] for t in tables(told) if t.id.startswith("glossary-") for row in rows(t)}
        assert {s.value for s in Severity} <= terms
        assert {"certain", "firm", "tentative", "A", "F", "≤C", "–", "not assessed", "error"} <= terms
        assert "not retested" not in terms
        assert "glossary-statuses" in {t.id for t in tables(document(example_run(), material()))}

    def test_whose_words_stand_at_the_end(self) -> None:
        said = read(document(example_run(), material()), "remarks")
        assert "Our terms apply." in said
        assert "no certificate, attestation or statement of conformity" in said
        assert not has(document(shapes()["list"]), "remarks")
        assert has(document(shapes()["list"], material()), "remarks")


def test_no_dash_but_for_nothing() -> None:
    """House rule: no em dash."""
    assert [line for line in lines(document(mandated(), material())) if "—" in line] == []
