"""What checks of traffic say of devices in daily use, from frames to verdicts by the whole program."""

from collections.abc import Callable
from pathlib import Path

import pytest

from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from iotscan.shipped import PACKAGE
from tests.traffic_lab.stretching import stretched
from tests.traffic_lab.test_devices import told

CaptureOf = Callable[[str], Path]
FACTOR = 600
"""Of a scene of some seconds it makes an hour: nobody is spoken well of who was seen for less than ten minutes."""
CHECKS = (
    *("backend-encryption", "backends-in-use", "cleartext-logins", "cleartext-share", "client-identity"),
    *("lwm2m-bootstrap-in-use", "lwm2m-registration", "name-and-time-integrity", "third-party-destinations"),
    *("token-encryption", "token-lifetime", "update-download-transport", "update-polling"),
)
METER, TWINS, PANEL, PHONE, CAMERA, LOCK = "31", ("32", "33"), "34", "35", "36", "37"
GUIDE = PACKAGE.parent / "docs" / "guide" / "traffic.md"
Verdicts = dict[str, dict[str, str]]


def judged(run: Run) -> Verdicts:
    """For each device, by the last part of its address: check to outcome, or to the variants that failed."""
    found: Verdicts = {}
    places = {d.id: d.address.rpartition(".")[2] for d in run.devices}
    for result in run.results:
        if result.check in CHECKS:
            own = found.setdefault(places[result.subject.device], {})
            said = result.variant if result.outcome is Outcome.FAIL else result.outcome.value
            own[result.check] = " ".join(sorted({*own.get(result.check, "").split(), said}))
    return found


@pytest.fixture(scope="module")
def long_seen(capture_of: CaptureOf, tmp_path_factory: pytest.TempPathFactory) -> Run:
    home = tmp_path_factory.mktemp("long")
    return told(stretched(capture_of("in_use"), home / "day.pcap", FACTOR), home=home)


def failed(verdicts: dict[str, str]) -> dict[str, str]:
    plain = {o.value for o in Outcome}
    return {check: said for check, said in verdicts.items() if said not in plain}


def passed(verdicts: dict[str, str]) -> set[str]:
    return {check for check, said in verdicts.items() if said == "pass"}


def test_a_device_that_does_all_as_it_should_is_spoken_well_of(long_seen: Run) -> None:
    meter = judged(long_seen)[METER]
    assert failed(meter) == {}
    assert passed(meter) == {
        *("backend-encryption", "backends-in-use", "cleartext-share", "third-party-destinations", "token-encryption"),
    }
    assert meter["lwm2m-registration"] == meter["lwm2m-bootstrap-in-use"] == "not_applicable"
    assert meter["client-identity"] == meter["update-polling"] == meter["cleartext-logins"] == "not_assessed"


def test_the_same_seen_for_a_moment_is_not_assessed(capture_of: CaptureOf, tmp_path: Path) -> None:
    run = told(capture_of("in_use"), home=tmp_path)
    verdicts = judged(run)
    assert passed(verdicts[METER]) == {"backends-in-use"}
    assert passed(verdicts[CAMERA]) <= {"backends-in-use"}
    assert failed(verdicts[PANEL]) == {"cleartext-logins": "password"}
    assert failed(verdicts[LOCK])["lwm2m-bootstrap-in-use"] == "unsecured"


def test_the_profile_of_the_guide_asks_for_less(capture_of: CaptureOf, tmp_path: Path) -> None:
    profile = tmp_path / "short.yaml"
    profile.write_text(GUIDE.read_text().partition("```yaml\n")[2].partition("```")[0])
    run = told(capture_of("in_use"), "--profile", str(profile), home=tmp_path)
    assert passed(judged(run)[METER]) == {"backend-encryption", "backends-in-use", "cleartext-share"}


def test_what_is_wrong_with_each_is_said_and_nothing_else(long_seen: Run) -> None:
    verdicts = judged(long_seen)
    for twin in TWINS:
        assert failed(verdicts[twin]) == {"client-identity": "shared"}
    assert failed(verdicts[PANEL]) == {"cleartext-logins": "password"}
    assert failed(verdicts[PHONE]) == {"cleartext-share": "secret"}
    assert failed(verdicts[CAMERA]) == {
        "backend-encryption": "cleartext",
        "backends-in-use": "unnamed",
        "third-party-destinations": "watcher",
        "update-download-transport": "metadata",
    }
    assert verdicts[CAMERA]["update-polling"] == "pass"
    assert failed(verdicts[LOCK]) == {
        "backend-encryption": "cleartext",
        "lwm2m-bootstrap-in-use": "unsecured",
    }


def test_a_password_that_was_seen_stands_nowhere(long_seen: Run, capture_of: CaptureOf) -> None:
    assert b"YWRtaW46V2ludGVyZ2FydGVuLTU=" in capture_of("in_use").read_bytes()
    assert "Wintergarten" not in repr(long_seen)
    assert "YWRtaW46" not in repr(long_seen)


@pytest.mark.parametrize(
    ("scene", "device", "expected"),
    [
        (
            "web_logins",
            "21",
            {"backend-encryption": "secrets", "cleartext-share": "personal secret", "token-encryption": "bearer"},
        ),
        (
            "mqtt_clients",
            "21",
            {"backend-encryption": "secrets", "cleartext-share": "personal secret"},
        ),
        (
            "coap_clients",
            "21",
            {
                "backend-encryption": "cleartext secrets",
                "cleartext-share": "personal",
                "lwm2m-registration": "unsecured",
                "token-encryption": "bearer",
                "update-download-transport": "cleartext",
            },
        ),
        ("names_and_time", "21", {"name-and-time-integrity": "names time"}),
        (
            "update_clients",
            "21",
            {
                "backend-encryption": "cleartext",
                "backends-in-use": "unnamed",
                "update-download-transport": "cleartext metadata unsigned",
            },
        ),
        (
            "oauth",
            "43",
            {
                "backend-encryption": "secrets",
                "backends-in-use": "unnamed",
                "cleartext-share": "secret",
                "token-encryption": "bearer",
                "token-lifetime": "guessable long",
            },
        ),
        ("oauth", "45", {}),
    ],
)
def test_scenes_of_others(
    capture_of: CaptureOf, tmp_path: Path, scene: str, device: str, expected: dict[str, str]
) -> None:
    assert failed(judged(told(capture_of(scene), home=tmp_path))[device]) == expected


def test_what_is_known_by_the_name_of_its_server(capture_of: CaptureOf, tmp_path: Path) -> None:
    """Names are asked under TLS, and updates looked for: no fetch and no look at even times that anybody saw."""
    verdicts = judged(told(capture_of("known_names"), home=tmp_path))["21"]
    checks = ("name-and-time-integrity", "update-download-transport", "update-polling")
    assert [verdicts[check] for check in checks] == ["pass", "not_assessed", "not_assessed"]
