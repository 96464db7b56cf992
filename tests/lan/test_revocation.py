"""A scan of devices whose certificates name a CRL here, one elsewhere and one by a name: who is asked, and who is not.

The decoy is the resolver of the scanner, too, and counts what reaches it. With the grant it hears the name and nothing
else; without one it hears nothing at all, and neither does the web server of the CA.
"""

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from iotscan.model.result import Result
from iotscan.model.run import Run
from iotscan.model.vocabulary import Outcome
from tests.authorised import write_scope
from tests.lan.network import Lan, Machine, poll
from tests.pki_lab.pki import Pki
from tests.pki_lab.serving import NGINX, NGINX_SERVER, program

pytestmark = [pytest.mark.lan, pytest.mark.slow]

CA, DECOY, OWN = "10.79.0.30", "10.79.0.40", "10.79.0.9"
DEVICES = REVOKED, GOOD, ELSEWHERE, NAMED, DEMANDS, TAKEN = tuple(f"10.79.0.{n}" for n in range(20, 26))
CHECKS = ("revocation-status", "ocsp-stapling")
COUNTERS = """
table ip watch {
  counter web { }
  counter names { }
  chain heard {
    type filter hook input priority 0;
    ip daddr %s tcp dport 8080 counter name web
    ip daddr %s udp dport 53 counter name names
  }
}
"""


class Setup(msgspec.Struct, frozen=True, kw_only=True):
    folder: Path
    scanner: Machine
    watched: dict[str, Machine]

    def scan(self, *words: str) -> Run:
        """The run of the command line, and nothing left of what was counted before."""
        for machine in self.watched.values():
            machine.run("nft", "reset", "counters", check=True)
        done = self.scanner.run(
            *("env", f"PYTHONPATH={Path(__file__).parents[2]}", f"HOME={self.folder}", "IOTSCAN_STATE_DIR=state"),
            *(sys.executable, "-m", "iotscan", "scan", *DEVICES, "--ports", "443", "-f", "json", "--yes"),
            *(word for check in CHECKS for word in ("--check", check)),
            *("--output-dir", str(self.folder / "out"), "--trust-store", str(self.folder / "roots.pem"), *words),
            own_files=True,
        )
        assert done.stdout, done.stderr
        return msgspec.json.decode(done.stdout.encode(), type=Run)

    def heard(self, machine: str, counter: str) -> int:
        said = self.watched[machine].run("nft", "list", "counter", "ip", "watch", counter, check=True).stdout
        found = re.search(r"packets (\d+)", said)
        assert found
        return int(found[1])


@pytest.fixture(scope="module")
def setup(place: Callable[[str], Path]) -> Iterator[Setup]:
    folder = place("revocation")
    for name in ("here", "elsewhere", "named"):
        (folder / name).mkdir()
    here = Pki(folder / "here", web=f"http://{CA}:8080")
    others = {
        ELSEWHERE: Pki(folder / "elsewhere", web=f"http://{DECOY}:8080"),
        NAMED: Pki(folder / "named", web="http://ca.example:8080"),
    }
    roots = [pki.store.read_bytes() for pki in (here, *others.values())]
    (folder / "roots.pem").write_bytes(b"".join(dict.fromkeys(roots)))
    for name in ("issuing", "root"):
        (folder / f"{name}.crl").write_bytes(here.crl(name).der)
    with Lan(folder) as lan:
        machines = {
            name: lan.join(name, *addresses, mac=f"02:00:00:00:79:{number:02}")
            for number, (name, addresses) in enumerate(
                {"scanner": (OWN,), "device": DEVICES, "ca": (CA,), "decoy": (DECOY,)}.items(), 10
            )
        }
        shown = {REVOKED: "revoked-by-crl", GOOD: "good", DEMANDS: "must-staple", TAKEN: "good"}
        servers = []
        for address in (*shown, *others):
            leaf = others[address].leaf("good") if address in others else here.leaf(shown[address])
            staple = f" ssl_stapling on; ssl_stapling_file {here.ocsp('revoked', about='good').file};"
            servers.append(
                NGINX_SERVER.format(
                    host=address,
                    port=443,
                    versions="TLSv1.2",
                    chain=leaf.chain,
                    key=leaf.key_file,
                    more=staple if address == TAKEN else "",
                )
            )
        config = folder / "nginx.conf"
        config.write_text(NGINX.format(folder=folder, ciphers="HIGH", servers="".join(servers)))
        machines["device"].start(program("nginx", "nginx-light"), "-e", str(folder / "first.log"), "-c", str(config))
        machines["ca"].start(sys.executable, "-m", "http.server", "8080", "--directory", str(folder))
        for name, address in (("ca", CA), ("decoy", DECOY)):
            machines[name].run("nft", "-f", "-", given=COUNTERS % (address, address), check=True)
        (folder / "resolv.conf").write_text(f"nameserver {DECOY}\noptions timeout:1 attempts:1\n")
        (folder / "nsswitch.conf").write_text("hosts: dns\n")
        for file in ("resolv.conf", "nsswitch.conf"):
            machines["scanner"].run("mount", "--bind", str(folder / file), f"/etc/{file}", check=True, own_files=True)
        poll("the devices", lambda: all(_is_open(machines["device"], f"{a}:443") for a in DEVICES))
        poll("the CA", lambda: _is_open(machines["ca"], ":8080"))
        yield Setup(folder=folder, scanner=machines["scanner"], watched={n: machines[n] for n in ("ca", "decoy")})


def _is_open(machine: Machine, where: str) -> bool:
    return f"{where} " in machine.run("ss", "-ltnH").stdout


def results(run: Run, check: str) -> dict[str, Result]:
    return {r.subject.address: r for r in run.results if r.check == check}


def test_without_the_grant_nobody_is_asked(setup: Setup) -> None:
    told = results(setup.scan(), "revocation-status")
    assert [setup.heard(m, c) for m in ("ca", "decoy") for c in ("web", "names")] == [0, 0, 0, 0]
    for device in (REVOKED, GOOD, ELSEWHERE, NAMED, DEMANDS):
        assert (told[device].outcome, told[device].reason) == (Outcome.NOT_ASSESSED, "consent_withheld"), told[device]


def test_with_the_grant_who_is_in_scope_is_asked_once(setup: Setup) -> None:
    permits = {"fetch_revocation": True}
    scope = write_scope(setup.folder / "scope.yaml", *(f"{a}/32" for a in (*DEVICES, CA)), permissions=permits)
    run = setup.scan("--fetch-revocation", "--scope", str(scope), CA)
    told = results(run, "revocation-status")
    assert (told[REVOKED].outcome, told[REVOKED].variant) == (Outcome.FAIL, "revoked")
    assert told[GOOD].outcome is Outcome.PASS
    for device in (ELSEWHERE, NAMED):
        assert (told[device].outcome, told[device].reason) == (Outcome.NOT_ASSESSED, "out_of_scope"), told[device]
    assert setup.heard("decoy", "web") == 0
    assert setup.heard("decoy", "names") > 0
    assert setup.heard("ca", "web") > 0
    stapled = results(run, "ocsp-stapling")
    assert {device: r.variant for device, r in stapled.items() if r.outcome is Outcome.FAIL} == {
        DEMANDS: "missing",
        TAKEN: "revoked",
    }
    shown = [r for r in run.results if r.check in CHECKS and r.outcome is Outcome.FAIL]
    assert len(shown) == 4
    for result in shown:
        said = setup.scanner.run("bash", "-c", result.reproduce)
        assert result.shows, result
        assert result.shows in said.stdout, f"{result.reproduce}\n{said.stdout}{said.stderr}"
