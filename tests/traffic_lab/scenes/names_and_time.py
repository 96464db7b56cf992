"""A device asks for names and for the time: dig and curl of dnsmasq, chronyd of chronyd, with and without a key."""

import time

from tests.lan.network import poll
from tests.traffic_lab.stage import Stage

TOOLS = {"dig": "bind9-dnsutils", "dnsmasq": "dnsmasq-base", "chronyd": "chrony", "chronyc": "chrony", "curl": "curl"}


def play(stage: Stage) -> None:
    """UDP, TCP, DNSSEC wanted, a name that is none; time without and with a key."""
    device, names, clock = stage.near("device", 21), stage.near("names", 53), stage.far("clock", 87)
    names.start(
        "dnsmasq", "-k", "-C", "/dev/null", "--no-resolv", "--no-hosts", "-u", "root", "--pid-file=",
        "--address=/cloud.example/203.0.113.80", "--host-record=six.example,203.0.113.81,2001:db8::81",
    )  # fmt: skip

    def dig(*words: str) -> str:
        return device.run("dig", "@10.77.0.53", "+tries=1", "+time=2", *words).stdout

    poll("the name server answers", lambda: "203.0.113.80" in dig("Cloud.Example", "A"))
    dig("six.example", "AAAA", "+tcp")
    dig("cloud.example", "A", "+dnssec")
    dig("nowhere.example", "A")
    (stage.folder / "keys").write_text("7 SHA1 HEX:00112233445566778899AABBCCDDEEFF00112233\n")
    (stage.folder / "clock.conf").write_text(
        f"local stratum 3\nallow all\nkeyfile {stage.folder}/keys\ncmdport 0\npidfile {stage.folder}/clock.pid\n"
    )
    clock.start("chronyd", "-x", "-d", "-u", "root", "-f", str(stage.folder / "clock.conf"))
    for word in ("", " key 7"):
        (stage.folder / "device.conf").write_text(
            f"server 203.0.113.87 iburst{word}\nkeyfile {stage.folder}/keys\n"
            f"cmdport 0\npidfile {stage.folder}/device.pid\n"
        )
        words = ("chronyd", "-Q", "-t", "8", "-u", "root", "-f", str(stage.folder / "device.conf"))
        poll("the clock answers", lambda: device.run(*words).returncode == 0)  # noqa: B023  # called at once
    time.sleep(0.1)
