"""``certtool --verify`` and ``ocsptool --verify-response`` of GnuTLS."""

import subprocess
from pathlib import Path

from tests.pki_lab.peers.cases import GOOD, NAME, NONE, REFUSED, REVOKED, TRUSTED, UNKNOWN, Case, Verdicts, yes

_SERVER = ("--verify-purpose", "1.3.6.1.5.5.7.3.1")


def version() -> str:
    return _said("certtool", "--version").split()[1]


def ask(case: Case) -> Verdicts:
    if case.is_about_status:
        return {"status": _by_response(case) if case.response else _by_list(case)}
    verdict = _verdict(_verify(case, case.store))
    named = _verdict(_verify(case, case.store, "--verify-hostname", NAME))
    return {"path": verdict} | ({"name": yes(named == TRUSTED)} if verdict == TRUSTED else {})


def _verify(case: Case, store: Path, *words: str) -> str:
    said = _said("certtool", "--verify", "--load-ca-certificate", store, "--infile", case.leaf.chain, *_SERVER, *words)
    return said.rpartition("Chain verification output:")[2]


def _verdict(said: str) -> str:
    return TRUSTED if said.lstrip().startswith("Verified.") else REFUSED


def _by_list(case: Case) -> str:
    together = case.leaf.chain.with_suffix(".lists")
    together.write_bytes(b"".join(path.read_bytes() for path in case.lists))
    said = _verify(case, case.store, "--load-crl", str(together))
    if "revoked" in said:
        return REVOKED
    return GOOD if _verdict(said) == TRUSTED else NONE


def _by_response(case: Case) -> str:
    issuer, own = case.leaf.chain.with_suffix(".issuer"), case.leaf.chain.with_suffix(".own")
    issuer.write_bytes(case.leaf.issuer.pem)
    own.write_bytes(case.leaf.own.pem)
    words = ("--load-issuer", issuer, "--load-cert", own, "--load-trust", issuer, "--load-response", case.response)
    said = _said("ocsptool", "--verify-response", *words)
    if "Verifying OCSP Response: Success" not in said:
        return NONE
    info = _said("ocsptool", "--response-info", "--load-response", case.response)
    return next((w for w in (GOOD, REVOKED, UNKNOWN) if f"Certificate Status: {w}" in info), NONE)


def _said(*words: str | Path | None) -> str:
    done = subprocess.run([*map(str, words)], capture_output=True, text=True, timeout=20, stdin=subprocess.DEVNULL)
    return done.stdout + done.stderr
