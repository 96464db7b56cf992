"""One gateway seen three times: asked on its network, read as an image, heard in its traffic. Then joined."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from iotscan.assess.roadmap import roadmaps
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome, Reason, Vantage
from iotscan.report.view import view
from iotscan.store.runs import decode_run
from tests.lan.conftest import give_up
from tests.lan.network import Lan, Machine, poll, why_not
from tests.traffic_lab import recording
from tests.traffic_lab.certificates import Authority
from tests.traffic_lab.stage import Stage

pytestmark = pytest.mark.lan
TOOLS = {**recording.TOOLS, "mosquitto": "mosquitto", "curl": "curl", "openssl": "openssl"}
GATEWAY, CLOUD = "10.77.0.21", "203.0.113.80"
NAME = "mqtt.acme-cloud.zz"
TLS_ONLY = "listener 8883\ncertfile /etc/ssl/device.pem\nkeyfile /etc/ssl/device.key\nallow_anonymous false\n"
BRIDGE = f"connection cloud\naddress {NAME}:8883\nbridge_cafile /etc/ssl/acme-root.pem\ntopic # out\n"
UNIT = (
    "[Service]\nExecStart=/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf\n[Install]\nWantedBy=multi-user.target\n"
)


class Place:
    """Where the three runs are made."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.acme, self.other = Authority(), Authority("Other Root")
        self.device = self.acme.issue("gateway.local")

    def image(self) -> Path:
        """The image as it was built: MQTT over TLS alone, and a bridge that pins Acme's root."""
        root = self.folder / "gateway"
        (root / "etc/ssl").mkdir(parents=True)
        (root / "etc/mosquitto/conf.d").mkdir(parents=True)
        (root / "bin").mkdir()
        chain, key = self.device.write(root / "etc/ssl", "device")
        chain.rename(root / "etc/ssl/device.pem")
        if key.name != "device.key":
            key.rename(root / "etc/ssl/device.key")
        (root / "etc/ssl/acme-root.pem").write_bytes(self.acme.certificate.public_bytes(Encoding.PEM))
        (root / "etc/mosquitto/mosquitto.conf").write_text(TLS_ONLY)
        (root / "etc/mosquitto/conf.d/bridge.conf").write_text(BRIDGE)
        units = root / "etc/systemd/system"
        (units / "multi-user.target.wants").mkdir(parents=True)
        (units / "mosquitto.service").write_text(UNIT)
        (units / "multi-user.target.wants/mosquitto.service").symlink_to("../mosquitto.service")
        (units / "multi-user.target").write_text("[Unit]\n")
        (units / "default.target").symlink_to("multi-user.target")
        (root / "usr/sbin").mkdir(parents=True)
        shutil.copy("/usr/sbin/mosquitto", root / "usr/sbin/mosquitto")
        (root / "lib/systemd").mkdir(parents=True)
        (root / "lib/systemd/systemd").write_bytes(b"")
        (root / "etc/os-release").write_text('ID=poky\nVERSION_ID=4.0\nNAME="Poky"\n')
        return root

    def run_gateway(self, gateway: Machine) -> None:
        """The gateway as it runs: somebody opened a listener without TLS."""
        image = self.folder / "gateway/etc"
        conf = TLS_ONLY.replace("/etc/ssl", f"{image}/ssl") + "listener 1883\n"
        (self.folder / "running.conf").write_text(f"user root\n{conf}")
        gateway.start("mosquitto", "-c", str(self.folder / "running.conf"))

    def run_cloud(self, cloud: Machine) -> None:
        """A server that another authority vouches for, in TLS 1.2, which shows its certificate."""
        chain, key = self.other.issue(NAME).write(self.folder, "cloud")
        (self.folder / "other-root.pem").write_bytes(self.other.certificate.public_bytes(Encoding.PEM))
        papers = ("-cert", str(chain), "-cert_chain", str(chain), "-key", str(key))
        cloud.start("openssl", "s_server", "-accept", "8883", *papers, "-tls1_2", "-www")

    def report_to_cloud(self, gateway: Machine) -> None:
        """What the gateway really trusts is not what its image pins."""
        where = ("--resolve", f"{NAME}:8883:{CLOUD}", f"https://{NAME}:8883/")
        ask = ("curl", "-s", "-m", "5", "--cacert", str(self.folder / "other-root.pem"), *where)
        poll("the cloud answers", lambda: "TLSv1.2" in gateway.run(*ask).stdout)


def iotscan(folder: Path, *words: str, within: Machine | None = None) -> Run:
    """Run a command; it has to end with a run on standard output."""
    command = [sys.executable, "-m", "iotscan", *words, "-f", "json"]
    done = subprocess.run(
        within.inside(*command, own_files=False) if within else command,
        cwd=folder,
        env={**os.environ, "HOME": str(folder), "XDG_STATE_HOME": str(folder / "state")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=150,
        check=False,
    )
    assert done.stdout, done.stderr.decode()
    return decode_run(done.stdout, "standard output")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[Run]]:
    """A scan, an image run, a traffic run."""
    if reason := why_not(TOOLS):
        give_up(reason, is_required=os.environ.get("IOTSCAN_REQUIRE_LAN") == "1")
    folder = tmp_path_factory.mktemp("three")
    capture = folder / "gateway.pcap"
    place = Place(folder)
    image = place.image()
    with Lan(folder) as lan:
        stage = Stage(lan, capture)
        gateway, cloud, scanner = stage.near("gateway", 21), stage.far("cloud", 80), stage.near("scanner", 30)
        with recording.recorded(recording.wire_of(lan), capture):
            place.run_cloud(cloud)
            place.run_gateway(gateway)
            place.report_to_cloud(gateway)
        asked = iotscan(folder, "scan", GATEWAY, "--ports", "1883,8883", within=scanner)
    return folder, [asked, iotscan(folder, "image", str(image)), iotscan(folder, "traffic", str(capture))]


def findings(run: Run, device: str) -> set[tuple[str, str]]:
    """Check and variant of each failed result of a device."""
    return {(r.check, r.variant) for r in run.results if r.outcome is Outcome.FAIL and r.subject.device == device}


def test_the_gateway_is_one_device_that_runs_its_image(runs: tuple[Path, list[Run]]) -> None:
    folder, three = runs
    joined = iotscan(folder, "join", *(r.id for r in three))
    gateway = next(d for d in joined.devices if GATEWAY in d.addresses)
    assert sum(GATEWAY in d.addresses for d in joined.devices) == 1
    kinds = {o.vantage for o in joined.observations if o.subject.device == gateway.id}
    assert {"observed", "in_use"} <= kinds
    found = findings(joined, gateway.id)
    assert {("vantage-agreement", "worse"), ("pinned-authority", "other")} <= found
    told = next(r for r in joined.results if (r.check, r.variant) == ("vantage-agreement", "worse"))
    assert "tcp/1883" in told.observed
    assert "mosquitto.conf" in told.observed
    # It is seen on the device as well: no configuration alone says it.
    assert told.vantage is Vantage.OBSERVED
    # What only the image shows is no gap of the device any more.
    alone = three[0].grades.devices[next(d.id for d in three[0].devices if GATEWAY in d.addresses)]
    together = joined.grades.devices[gateway.id]
    assert together.coverage.assessed > alone.coverage.assessed
    assert together.coverage.ratio > alone.coverage.ratio


def test_the_scanner_is_told_by_what_its_scope_did_not_hold(runs: tuple[Path, list[Run]]) -> None:
    """Its scope was the gateway alone; its interface spoke on the link all the same."""
    folder, three = runs
    mac = "02:77:00:00:00:1e"
    assert {mac, "10.77.0.30"} <= set(three[0].looked_from)
    assert not three[0].own
    joined = iotscan(folder, "join", *(r.id for r in three))
    told = [c.value for d in joined.devices if d.mac == mac for c in d.claims if c.what == "role"]
    assert told == ["the machine that scanned"] * sum(d.mac == mac for d in joined.devices)


def test_the_joined_run_is_judged_again_to_the_same(runs: tuple[Path, list[Run]]) -> None:
    folder, three = runs
    joined = iotscan(folder, "join", *(r.id for r in three))
    again = iotscan(folder, "assess", joined.id)
    assert again.results == joined.results
    assert again.grades == joined.grades


def test_no_vantage_alone_contradicts_itself(runs: tuple[Path, list[Run]]) -> None:
    for run in runs[1]:
        said = [r for r in run.results if r.check in ("vantage-agreement", "pinned-authority")]
        assert not [r for r in said if r.outcome in (Outcome.FAIL, Outcome.PASS)], run.command


def test_nothing_is_open_that_another_vantage_answered(runs: tuple[Path, list[Run]]) -> None:
    folder, three = runs
    joined = iotscan(folder, "join", *(r.id for r in three))
    gateway = next(d for d in joined.devices if GATEWAY in d.addresses)
    open_ = [(r.subject.device or r.subject.image, r.reason) for r in joined.results if r.reason]
    assert (gateway.id, Reason.NEEDS_IMAGE) not in open_
    assert (gateway.id, Reason.NEEDS_TRAFFIC) not in open_
    image = joined.images[0].id
    assert not {(image, Reason.NEEDS_NETWORK), (image, Reason.NEEDS_TRAFFIC)} & set(open_)
    # The roadmap starts from the letter that is told.
    (plan,) = [r for r in roadmaps(joined) if r.owner == "network"]
    assert joined.grades.network
    assert plan.shown == joined.grades.network.shown
    assert "update-mechanism" in {step.check for step in plan.steps}


def test_the_report_names_each_run_and_how_it_was_made(runs: tuple[Path, list[Run]]) -> None:
    folder, three = runs
    joined = iotscan(folder, "join", *(r.id for r in three), "-f", "md:joined.md")
    text = (folder / "joined.md").read_text()
    scope = text.partition("## 3 Scope")[2].partition("## 5 ")[0]
    assert all(r.id in scope for r in three)
    assert re.search(r"gateway\.pcap`?: \d+ frames in \d+ s", scope)
    assert "image gateway" in scope
    assert f"Asked for: {GATEWAY}\n" in scope
    # The log of what was sent is checked where it lies.
    assert not joined.audit_root
    assert f"iotscan audit verify {three[0].id} --root {three[0].audit_root}" in text
    (again,) = [step.command for step in view(joined).steps if "--intrusive" in step.command]
    assert again.startswith(f"iotscan scan {GATEWAY} --")


def test_what_needed_the_image_is_not_repaired_because_a_scan_has_none(runs: tuple[Path, list[Run]]) -> None:
    folder, three = runs
    joined = iotscan(folder, "join", *(r.id for r in three))
    again = iotscan(folder, "assess", three[0].id, "--baseline", joined.id)
    assert again.baseline is not None
    assert again.baseline.fixed == 0
    assert again.baseline.no_longer_assessed
    # The same runs joined again are the same findings.
    once_more = iotscan(folder, "join", *(r.id for r in three), "--baseline", joined.id)
    assert once_more.baseline is not None
    assert (once_more.baseline.new, once_more.baseline.fixed, once_more.baseline.no_longer_assessed) == (0, 0, 0)


def test_a_joined_run_that_goes_to_strangers_names_no_server_and_no_host(runs: tuple[Path, list[Run]]) -> None:
    folder, three = runs
    joined = iotscan(folder, "join", *(r.id for r in three))
    shown = msgspec.json.encode(iotscan(folder, "report", joined.id, "--redact", "strict"))
    assert b"acme-cloud" not in shown
    assert b"gateway.local" not in shown
