"""A waiver takes the findings that it fits out of the gate, until its day, and nothing else."""

from datetime import UTC, date, datetime, timedelta
from fnmatch import fnmatchcase

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from iotscan.assess.gate import GateRules, decide
from iotscan.assess.grading import grade
from iotscan.assess.targets import fits_path
from iotscan.assess.waiving import BROAD, Waived, waive
from iotscan.data.waiver_file import Target, WaiverEntry
from iotscan.model.device import Device, Image
from iotscan.model.facts import Claim
from iotscan.model.result import Result
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import Outcome, Reason, Severity
from tests.assess.making import AS_OF, at, on_image, result

CAM = Device(
    id="dev-cam",
    addresses=("192.0.2.21", "192.0.2.22"),
    mac="00:11:22:AA:bb:cc",
    merged=("dev-old says so",),
    claims=(
        Claim(what="name", value="cam-front", how="mdns"),
        Claim(what="model", value="C-100", how="mdns"),
        Claim(what="uuid", value="uuid:9F1C0000-aaaa-bbbb-cccc-1234567890ab", how="ssdp"),
    ),
)
HUB = Device(id="dev-hub", addresses=("192.0.2.10",), claims=(Claim(what="model", value="C-100", how="mdns"),))
IMAGE = Image(id="img-1", source="gw", format="folder", name="gateway")
ASKED = frozenset({"c1", "c2", "c3"})
FOUND = result(subject=Subject(device="dev-cam", address="192.0.2.21", service="tcp/443"), fingerprint="f" * 16)
NOBODY_KNOWS = "could not be assessed"
HIGH = GateRules(fail_on="low")


def entry(id: str = "W-1", **more: object) -> WaiverEntry:
    given = {
        "check": "c1",
        "target": Target(asset="cam-front"),
        "decision": "risk_accepted",
        "reason": "because",
        "owner": "jane",
        "created": date(2026, 11, 1),
        "expires": date(2026, 12, 31),
    }
    return WaiverEntry(id=id, **(given | more))  # type: ignore[arg-type]


def put(*waivers: WaiverEntry, on: tuple[Result, ...] = (FOUND,), as_of: datetime = AS_OF, asked=ASKED) -> Waived:
    return waive(on, (CAM, HUB), (IMAGE,), waivers, as_of=as_of, asked=asked)


def waived(**target: str) -> bool:
    return bool(put(entry(target=Target(**target))).results[0].waiver)


@pytest.mark.parametrize(
    "asset",
    [
        "dev-cam",
        "dev-old",
        "00:11:22:aa:BB:CC",
        "00-11-22-aa-bb-cc",
        "Cam-Front",
        "c-100",
        "9f1c0000-AAAA-bbbb-cccc-1234567890ab",
    ],
)
def test_a_device_is_named_in_many_ways(asset: str) -> None:
    assert waived(asset=asset)


@pytest.mark.parametrize("asset", ["dev-hub", "cam", "cam-front2", "00:11:22:aa:bb:cd", "192.0.2.21", "gateway"])
def test_and_by_no_other_name(asset: str) -> None:
    assert not waived(asset=asset)


@pytest.mark.parametrize(
    "asset", ["00:11:22:aa:bb:cc", "9f1c0000-aaaa-bbbb-cccc-1234567890ab", "dev-0a1b2c3d", "00:11:22:33:44:55"]
)
def test_nobody_is_waived_for_calling_itself_by_the_mark_of_another(asset: str) -> None:
    liar = Device(
        id="dev-liar",
        addresses=("192.0.2.66",),
        claims=(Claim(what="name", value=asset, how="mdns"), Claim(what="model", value=asset, how="mdns")),
    )
    found = result(subject=Subject(device="dev-liar", address="192.0.2.66", service="tcp/443"), fingerprint="e" * 16)
    told = waive((found,), (CAM, liar), (), (entry(target=Target(asset=asset)),), as_of=AS_OF, asked=ASKED)
    assert not told.results[0].waiver


def test_an_id_is_as_weak_as_the_address_that_it_is_made_of() -> None:
    named = Device(id="dev-0a1b2c3d", addresses=("192.0.2.66",))
    found = result(subject=Subject(device=named.id, address="192.0.2.66", service="tcp/443"), fingerprint="e" * 16)
    loose, pinned = entry(target=Target(asset=named.id)), entry(target=Target(asset=named.id), fingerprint="e" * 16)
    for waiver, number in ((loose, 1), (pinned, 0)):
        told = waive((found,), (named,), (), (waiver,), as_of=AS_OF, asked=ASKED)
        assert told.results[0].waiver
        assert sum("made of its address" in said for said in told.warnings) == number


def test_a_service_and_an_address_are_exact() -> None:
    assert waived(asset="cam-front", service="tcp/443")
    assert not waived(asset="cam-front", service="udp/443")
    assert waived(ip="192.0.2.21", within="192.0.2.0/24")
    assert not waived(ip="192.0.2.22", within="192.0.2.0/24"), "another address of the same device"
    assert not waived(ip="192.0.2.10", within="192.0.2.0/24")
    whole = replace(FOUND, subject=at(name="dev-cam", address="192.0.2.21"))
    assert not put(entry(target=Target(asset="cam-front", service="tcp/443")), on=(whole,)).results[0].waiver


@pytest.mark.parametrize(
    ("target", "fits"),
    [
        ({"image": "gateway"}, True),
        ({"image": "img-1"}, True),
        ({"image": "gate"}, False),
        ({"path": "/etc/ssh/*"}, True),
        ({"path": "etc/**"}, True),
        ({"path": "etc/*"}, False),
        ({"image": "gateway", "path": "etc/ssh/ssh_host_rsa_key"}, True),
        ({"image": "other", "path": "etc/ssh/*"}, False),
    ],
)
def test_a_place_in_an_image(target: dict[str, str], fits: bool) -> None:
    found = result(subject=on_image("/etc/ssh/ssh_host_rsa_key", 3, "img-1"))
    assert bool(put(entry(target=Target(**target)), on=(found,)).results[0].waiver) is fits


def test_the_last_day_counts_to_its_end() -> None:
    end = datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert put(entry(), as_of=end).results[0].waiver == "W-1"
    after = put(entry(), as_of=end + timedelta(days=12))
    assert after.results[0].waiver == ""
    assert (after.uses[0].state, after.uses[0].findings) == ("expired", ("f" * 16,))
    assert after.warnings == ("waiver W-1 expired 12 days ago (owner jane)",)


def test_an_end_that_is_near_is_said() -> None:
    assert put(entry(expires=date(2026, 12, 1))).uses[0].notes == ("expires in 9 days (owner jane)",)
    assert put(entry(expires=AS_OF.date())).uses[0].notes == ("expires today (owner jane)",)
    assert put(entry(expires=date(2026, 12, 31))).uses[0].notes == ()


def test_a_graver_finding_is_not_covered() -> None:
    void = put(entry(max_severity=Severity.MEDIUM))
    assert (void.results[0].waiver, void.uses[0].state) == ("", "void")
    assert void.warnings == ("waiver W-1 is void: 1 finding graver than it may cover (owner jane)",)
    mixed = put(
        entry(max_severity=Severity.MEDIUM), on=(FOUND, replace(FOUND, severity=Severity.LOW, fingerprint="0" * 16))
    )
    assert [r.waiver for r in mixed.results] == ["", "W-1"]
    assert mixed.uses[0].notes == ("not covered: 1 finding graver than medium",)
    assert put(entry(max_severity=Severity.HIGH)).results[0].waiver == "W-1"


def test_one_finding_by_its_fingerprint() -> None:
    assert put(entry(fingerprint="f" * 16)).results[0].waiver == "W-1"
    other = put(entry(fingerprint="e" * 16))
    assert (other.results[0].waiver, other.uses[0].state) == ("", "unused")


def test_of_two_the_first_by_id_holds_and_both_are_told() -> None:
    both = put(entry("W-2"), entry("W-1"))
    assert both.results[0].waiver == "W-1"
    assert [(u.id, u.state, u.findings) for u in both.uses] == [
        ("W-1", "applied", ("f" * 16,)),
        ("W-2", "applied", ("f" * 16,)),
    ]
    assert both.uses[1].notes == ("covers nothing that an earlier waiver does not",)
    late = put(entry("W-1", expires=date(2026, 11, 2)), entry("W-2"))
    assert late.results[0].waiver == "W-2"


@pytest.mark.parametrize(
    ("on", "asked", "state", "note"),
    [
        ((replace(FOUND, outcome=Outcome.PASS),), ASKED, "unused", ""),
        ((replace(FOUND, outcome=Outcome.NOT_APPLICABLE),), ASKED, "unused", ""),
        (
            (replace(FOUND, outcome=Outcome.NOT_ASSESSED, reason=Reason.TIMEOUT),),
            ASKED,
            "not_asked",
            NOBODY_KNOWS,
        ),
        ((replace(FOUND, outcome=Outcome.ERROR),), ASKED, "not_asked", NOBODY_KNOWS),
        ((), ASKED, "not_asked", NOBODY_KNOWS),
        ((), frozenset(), "not_asked", "the profile leaves its check out"),
    ],
)
def test_silence_does_not_make_a_waiver_unused(on, asked, state: str, note: str) -> None:
    told = put(entry(), on=on, asked=asked)
    assert told.uses[0].state == state
    assert note in " ".join(told.uses[0].notes)
    assert bool(told.warnings) is (state == "unused")


def test_what_is_open_elsewhere_does_not_matter_for_a_place() -> None:
    good = replace(FOUND, outcome=Outcome.PASS)
    elsewhere = result(outcome=Outcome.NOT_ASSESSED, subject=replace(FOUND.subject, service="tcp/9"))
    everywhere = result(outcome=Outcome.NOT_ASSESSED, subject=replace(FOUND.subject, service=""))
    here = entry(target=Target(asset="dev-cam", service="tcp/443"))
    assert put(here, on=(good, elsewhere)).uses[0].state == "unused"
    assert put(here, on=(good, everywhere)).uses[0].state == "not_asked"


def test_who_is_not_here_is_told() -> None:
    told = put(entry(target=Target(asset="cam-back")))
    assert (told.uses[0].state, told.uses[0].notes) == ("not_asked", ("nothing that it names is in this run",))
    assert told.warnings == ("waiver W-1 names nothing in this run (asset cam-back)",)
    assert put(entry(target=Target(image="another"))).warnings == (), "another image has a run of its own"
    only_images = waive((), (), (IMAGE,), [entry()], as_of=AS_OF, asked=ASKED)
    assert only_images.uses[0].notes == ("this run looks at no device",)
    assert only_images.warnings == ()


def test_over_broad_ones_are_told() -> None:
    many = tuple(replace(FOUND, subject=replace(FOUND.subject, service=f"tcp/{n}")) for n in range(1, BROAD + 2))
    both = (FOUND, replace(FOUND, subject=at("tcp/443", "dev-hub", "192.0.2.10")))

    def broad(waiver: WaiverEntry, on: tuple[Result, ...]) -> bool:
        told = put(waiver, on=on)
        assert any("over-broad" in w for w in told.warnings) == any("over-broad" in n for n in told.uses[0].notes)
        return bool(told.warnings)

    assert broad(entry(), many)
    assert not broad(entry(), many[:BROAD])
    assert not broad(entry(target=Target(asset="dev-cam", service="tcp/1")), many)
    assert broad(entry(target=Target(asset="C-100")), both)
    assert not broad(entry(target=Target(asset="C-100", service="tcp/443")), both)
    assert broad(entry(target=Target(service="tcp/443")), both)
    assert broad(entry(check="c*", allow_glob=True), (FOUND,))
    assert not broad(entry(check="c*", allow_glob=True, fingerprint="f" * 16), (FOUND,))
    image = tuple(result(subject=on_image(f"/etc/{n}", name="img-1")) for n in range(BROAD + 1))
    assert broad(entry(target=Target(path="**")), image)
    assert not broad(entry(target=Target(path="etc/*")), image)


def test_what_was_waived_before_counts_again_without_the_waiver() -> None:
    again = put(on=(replace(FOUND, waiver="W-9"),))
    assert again.results == (FOUND,)
    assert again.uses == ()


def test_paths_fit_by_folders() -> None:
    for pattern, path, fits in (
        ("**", "/etc/shadow", True),
        ("**/shadow", "/shadow", True),
        ("etc/**/key", "/etc/key", True),
        ("etc/**/key", "/etc/a/b/key", True),
        ("etc/*", "/etc/a/b", False),
        ("etc/**", "/etc2/a", False),
        ("etc/ssh*", "/etc/sshd", True),
        ("*", "", False),
    ):
        assert fits_path(pattern, path) is fits, (pattern, path)


NAMES = st.sampled_from(["etc", "ssh", "a", "ab"])
GLOBS = st.lists(st.sampled_from(["etc", "*", "a*", "?", "**"]), min_size=1, max_size=5)


def model_fits(pattern: list[str], path: list[str]) -> bool:
    if not pattern:
        return not path
    if pattern[0] == "**":
        return model_fits(pattern[1:], path) or bool(path and model_fits(pattern, path[1:]))
    return bool(path) and fnmatchcase(path[0], pattern[0]) and model_fits(pattern[1:], path[1:])


@given(GLOBS, st.lists(NAMES, min_size=1, max_size=5))
@settings(deadline=None)
def test_paths_fit_as_the_plain_definition_says(pattern: list[str], path: list[str]) -> None:
    assert fits_path("/".join(pattern), "/" + "/".join(path)) is model_fits(pattern, path)


PLACES = [
    *(Subject(device=d.id, address=d.address, service=s) for d in (CAM, HUB) for s in ("", "tcp/443", "tcp/23")),
    *(Subject(image="img-1", path=p) for p in ("", "/etc/shadow", "/etc/ssh/key")),
]
OUTCOMES = [o for o in Outcome if o is not Outcome.ERROR]
RESULTS = st.lists(
    st.builds(
        lambda check, outcome, severity, place: result(check, outcome, severity, subject=place),
        st.sampled_from(["c1", "c2"]),
        st.sampled_from(OUTCOMES),
        st.sampled_from([*Severity]),
        st.sampled_from(PLACES),
    ),
    max_size=8,
    unique_by=lambda r: r.fingerprint,
)
TARGETS = [
    Target(asset="dev-cam"),
    Target(asset="C-100"),
    Target(asset="dev-hub", service="tcp/23"),
    Target(service="tcp/443"),
    Target(ip="192.0.2.10", within="192.0.2.0/24"),
    Target(image="gateway"),
    Target(path="etc/*"),
    Target(path="**/key"),
    Target(asset="nobody"),
]
WAIVERS = st.lists(
    st.builds(
        lambda number, check, target, expires, worst: entry(
            f"W-{number}", check=check, target=target, expires=expires, max_severity=worst, allow_glob=True
        ),
        st.integers(0, 99),
        st.sampled_from(["c1", "c2", "c*"]),
        st.sampled_from(TARGETS),
        st.sampled_from([date(2026, 11, 21), date(2026, 11, 22), date(2026, 12, 31)]),
        st.sampled_from([None, *Severity]),
    ),
    max_size=5,
    unique_by=lambda w: w.id,
)


def model(waiver: WaiverEntry, r: Result) -> bool:
    """What a waiver covers, in a few plain lines."""
    t, s = waiver.target, r.subject
    device = {"dev-cam": CAM, "dev-hub": HUB}.get(s.device)
    names = {device.id, *(c.value for c in device.claims)} if device else set()
    return (
        r.outcome is Outcome.FAIL
        and fnmatchcase(r.check, waiver.check)
        and waiver.expires >= AS_OF.date()
        and (waiver.max_severity is None or r.severity.rank <= waiver.max_severity.rank)
        and (bool(s.image) if t.image or t.path else bool(s.device))
        and (not t.asset or t.asset in names)
        and (not t.service or t.service == s.service)
        and (not t.ip or t.ip == s.address)
        and (not t.path or model_fits(t.path.split("/"), [p for p in s.path.split("/") if p]))
    )


@given(RESULTS, WAIVERS)
@settings(deadline=None)
def test_a_waiver_covers_what_the_model_says_and_changes_nothing_else(found: list[Result], waivers: list[WaiverEntry]):
    told = put(*waivers, on=tuple(found))
    for before, after in zip(found, told.results, strict=True):
        fitting = sorted(w.id for w in waivers if model(w, before))
        assert after == replace(before, waiver=fitting[0] if fitting else "")
    assert {u.id for u in told.uses} == {w.id for w in waivers}
    for use in told.uses:
        covers = any(model(w, r) for w in waivers if w.id == use.id for r in found)
        assert (use.state == "applied") is covers


@given(RESULTS, WAIVERS, st.randoms())
@settings(deadline=None)
def test_the_order_of_waivers_does_not_matter(found: list[Result], waivers: list[WaiverEntry], dice) -> None:
    mixed = list(waivers)
    dice.shuffle(mixed)
    assert msgspec.json.encode(put(*mixed, on=tuple(found))) == msgspec.json.encode(put(*waivers, on=tuple(found)))


@given(RESULTS, WAIVERS)
@settings(deadline=None)
def test_waivers_change_the_gate_and_no_grade_and_time_brings_it_back(found: list[Result], waivers: list[WaiverEntry]):
    told = put(*waivers, on=tuple(found))
    assert [r.outcome for r in told.results] == [r.outcome for r in found]
    grades = grade(found, (CAM, HUB), (IMAGE,))
    assert msgspec.json.encode(grade(told.results, (CAM, HUB), (IMAGE,))) == msgspec.json.encode(grades)
    plain, with_waivers = decide(found, grades, rules=HIGH), decide(told.results, grades, rules=HIGH)
    still = [
        r for r in found if r.is_finding and r.severity is not Severity.INFO and not any(model(w, r) for w in waivers)
    ]
    assert (with_waivers.gate == "fail") is bool(still)
    late = put(*waivers, on=tuple(found), as_of=AS_OF + timedelta(days=400))
    assert late.results == tuple(found)
    assert decide(late.results, grades, rules=HIGH) == plain
