"""What ssh-audit says of a server, read off its text: its JSON has no verdicts."""

import re
import subprocess

from tests.ssh_lab.peers.verdicts import Verdicts

_KINDS = {"kex": "kex", "key": "host key", "enc": "cipher", "mac": "mac"}
_LINE = re.compile(r"\((kex|key|enc|mac)\) (\S+)(?: \((\d+)-bit[^)]*\))?\s+-- \[(\w+)\] (.*)")
_MORE = re.compile(r"\s+`- \[(\w+)\] (.*)")
_LEVELS = ("info", "warn", "fail")
_SECONDS = 120


def version() -> str:
    """As its package has it: it prints it in its help alone."""
    found = re.search(r"v(\d+\.\d+\.\d+)", _run("--help"))
    return found[1] if found else "unknown"


def ask(host: str, port: int) -> Verdicts:
    """Ask, and read; nothing where it learnt nothing."""
    return read(_run("-n", "-p", str(port), host))


def _run(*words: str) -> str:
    done = subprocess.run(["ssh-audit", *words], capture_output=True, timeout=_SECONDS, check=False)
    return done.stdout.decode("utf-8", "replace")


def read(text: str) -> Verdicts:
    """Names by the worst that is said of them, sizes, and the flaws that it concludes from the version."""
    said: Verdicts = {}
    sizes: dict[str, list[int]] = {"RSA host key": [], "smallest group": []}
    thing = ""
    for line in text.splitlines():
        if found := _LINE.match(line):
            kind, name, bits, level, words = found.groups()
            thing = f"{_KINDS[kind]} {name}"
            said[thing] = _worse(said.get(thing, "info"), level, words)
            if bits and kind == "kex":
                sizes["smallest group"].append(int(bits))
            elif bits and "rsa" in name:
                sizes["RSA host key"].append(int(bits))
        elif (found := _MORE.match(line)) and thing:
            said[thing] = _worse(said[thing], *found.groups())
        else:
            thing = ""
    flaws = sorted(set(re.findall(r"^\(cve\) (CVE-\d+-\d+)", text, re.M)))
    if said:
        said["flaws by version"] = ", ".join(flaws) or "none told"
    said |= {question: str(min(bits)) for question, bits in sizes.items() if bits}
    return {thing: "fine" if verdict == "info" else verdict for thing, verdict in said.items()}


def _worse(before: str, level: str, words: str) -> str:
    if "unknown algorithm" in words:
        return "unknown"
    return before if before == "unknown" else max(before, level, key=_LEVELS.index)
