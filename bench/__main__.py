"""``python -m bench``: everything, a table a subject."""

import os
import platform
import tempfile
from pathlib import Path

from bench.chains import CERTIFICATES, chains
from bench.chains import TURNS as WALKS
from bench.discovery.sweeps import TURNS as SWEEPS
from bench.discovery.sweeps import discovery
from bench.history import DEVICES as REMEMBERED
from bench.history import RUNS, history
from bench.images.posture import TURNS as LOOKS
from bench.images.posture import images
from bench.judging import judging
from bench.page import DEVICES, page
from bench.posture.posture import TURNS as POSTURES
from bench.posture.posture import posture
from bench.practice import TURNS as SCANS
from bench.practice import practice
from bench.report import report
from bench.ssh.peers import SERVERS as SSH_SERVERS
from bench.ssh.peers import TURNS as SSH_TURNS
from bench.ssh.peers import ssh_peers
from bench.startup import TURNS, startup
from bench.table import show
from bench.tls.peers import SERVERS, peers
from bench.tls.peers import TURNS as SCANS_OF_ALL
from bench.tls.services import SERVICES, services
from bench.traffic.figures import TURNS as READS
from bench.traffic.figures import traffic
from iotscan.shipped import PACKAGE


def main() -> None:
    """Measure and print."""
    busy = os.getloadavg()[0]
    print(f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}, load {busy:.2f}\n")
    with tempfile.TemporaryDirectory(prefix="iotscan-bench-") as folder:
        home = Path(folder)
        env = {**os.environ, "XDG_STATE_HOME": folder, "PYTHONPATH": str(PACKAGE.parent)}
        show(f"start-up (fastest of {TURNS})", startup(env))
        show(f"HTML page of {DEVICES} devices", page(home))
        show("the audit report of a large network", report(env, home / "report"))
        show("a stored run, judged again (processor time)", judging(env))
        show(f"a history of {RUNS} runs of {REMEMBERED:,} devices", history(env))
        show(f"who vouches for {CERTIFICATES} certificates (fastest of {WALKS})", chains(env, home / "chains"))
        show(f"who is on a link (median of {SWEEPS}, of arp-scan and nmap on the /16 of 1)", discovery(home / "link"))
        show(f"the whole posture of an image (median of {LOOKS})", images(env, home))
        show(f"one more TLS server, of {SERVERS} (median of {SCANS_OF_ALL})", peers(env, home))
        show(f"one more SSH server, of {SSH_SERVERS} (median of {SSH_TURNS})", ssh_peers(env, home))
        show(f"scan of {SERVICES} TLS services", services(env, home))
        show(f"posture of the test LAN (ours: median of {POSTURES})", posture(home / "posture"))
        show(f"a capture read (median of {READS})", traffic(env, home / "traffic"))
        show(f"practice network, with the tarpit (fastest of {SCANS})", practice(env, home))


if __name__ == "__main__":
    main()
