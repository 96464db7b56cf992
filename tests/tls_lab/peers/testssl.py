"""testssl.sh, by its JSON: protocols, categories of suites, forward secrecy and four single questions."""

import json
import os
import re
import signal
import subprocess
import tempfile
from pathlib import Path

from tests.tls_lab.peers.verdicts import NONE, Verdicts, listed, yes

_VERSIONS = {"SSLv2": "SSLv2", "SSLv3": "SSLv3", "TLS1": "TLSv1.0", "TLS1_1": "TLSv1.1", "TLS1_2": "TLSv1.2"} | {
    "TLS1_3": "TLSv1.3"
}
_KINDS = {
    "cipherlist_NULL": "NULL",
    "cipherlist_aNULL": "anonymous",
    "cipherlist_EXPORT": "export",
    "cipherlist_LOW": "RC4, RC2, DES",
    "cipherlist_3DES_IDEA": "3DES, IDEA",
}
_SINGLE = {
    "forward secrecy": ("PFS", "offered", "No ciphers supporting"),
    "renegotiation": ("secure_renego", "supported", "VULNERABLE"),
    "compression": ("CRIME_TLS", "VULNERABLE", "not vulnerable"),
    "scsv": ("fallback_SCSV", "supported", "NOT supported"),
}
"""Question -> its key, and how yes and no begin."""
_OAKLEY = {"1": 768, "2": 1024, "5": 1536, "14": 2048, "15": 3072, "16": 4096, "17": 6144, "18": 8192}
"""Bits of the groups of RFC 2409 §6 and RFC 3526, which it calls by their numbers."""
_TESTS = ("--protocols", "--standard", "--fs", "--renegotiation", "--compression", "--tls-fallback")

LIMIT = 600.0
"""Seconds for one server."""


def version() -> str:
    said = subprocess.run(["testssl", "--version", "--color", "0"], capture_output=True, text=True).stdout
    found = re.search(r"testssl(?:\.sh)?\s+([0-9.]+)", said)
    return found[1] if found else "unknown"


def ask(host: str, port: int, opening: str) -> Verdicts:
    """A limited run: everything that it does takes minutes a server."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.json"
        command = ["testssl", "--nodns", "none", "--ip", host, "--quiet", "--color", "0", "--warnings", "off", *_TESTS]
        command += ["--connect-timeout", "5", "--openssl-timeout", "5", "--jsonfile", str(out)]
        command += ["--starttls", opening] if opening else []
        _run([*command, f"{host}:{port}"])
        text = out.read_text().rstrip().removesuffix("]").rstrip().removesuffix(",") if out.exists() else ""
    return _read({line["id"]: line["finding"] for line in json.loads(f"{text or '['}]")})


def _run(command: list[str]) -> None:
    """To its end or to its limit: what it wrote until then counts. It leaves children behind, so all of them end."""
    null = subprocess.DEVNULL
    process = subprocess.Popen(command, stdin=null, stdout=null, stderr=null, start_new_session=True)
    try:
        process.wait(LIMIT)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _read(said: dict[str, str]) -> Verdicts:
    """What it did not come to, or could not test by its own word, is left out."""
    if not _VERSIONS.keys() <= said.keys():
        return {"versions": "no scan"}
    told = {"versions": listed(v for key, v in _VERSIONS.items() if said[key].startswith(("offered", "vulnerable")))}
    if told["versions"] == NONE:
        return told
    if _KINDS.keys() <= said.keys():
        told["broken"] = listed(kind for key, kind in _KINDS.items() if said[key].startswith("offered"))
    if "DH_groups" in said:
        sizes = [int(n) for n in re.findall(r"(?<=ffdhe)\d+|\d+(?= bits)", said["DH_groups"])]
        sizes += [_OAKLEY[n] for n in re.findall(r"Oakley Group (\d+)", said["DH_groups"])]
        told["dh"] = str(min(sizes)) if sizes else NONE
    for question, (key, starts, lacks) in _SINGLE.items():
        if said.get(key, "").startswith((starts, lacks)):
            told[question] = yes(said[key].startswith(starts))
    return told
