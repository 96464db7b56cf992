"""``openssl verify`` and ``openssl ocsp``."""

import subprocess
from pathlib import Path

from tests.pki_lab.peers.cases import GOOD, NAME, NONE, REFUSED, REVOKED, TRUSTED, UNKNOWN, Case, Verdicts, yes

_CLIENTS = ("-purpose", "sslserver", "-auth_level", "2")
"""As a TLS client of Debian judges a server."""
_REVOKED, _WRONG_NAME = "error 23 ", "error 62 "


def version() -> str:
    return _said("version").split()[1]


def ask(case: Case) -> Verdicts:
    if case.is_about_status:
        return {"status": _by_response(case) if case.response else _by_list(case)}
    said = _verify(case, *_CLIENTS)
    named = _verify(case, *_CLIENTS, "-verify_hostname", NAME)
    verdicts = {"path": _verdict(said)}
    return verdicts | ({"name": yes(_WRONG_NAME not in named)} if _verdict(said) == TRUSTED else {})


def ask_strictly(case: Case) -> Verdicts:
    """With -x509_strict."""
    return {} if case.is_about_status else {"path": _verdict(_verify(case, *_CLIENTS, "-x509_strict"))}


def _verify(case: Case, *words: str) -> str:
    chain = case.leaf.chain
    others = [word for path in (chain, *case.signers) for word in ("-untrusted", path)]
    return _said("verify", *words, "-CAfile", case.store, "-no-CApath", "-no-CAstore", *others, chain)


def _verdict(said: str) -> str:
    return TRUSTED if said.rstrip().endswith(": OK") else REFUSED


def _by_list(case: Case) -> str:
    lists = [word for path in case.lists for word in ("-CRLfile", str(path))]
    depth = "-crl_check_all" if len(case.leaf.ders) > 1 and case.scene.leaf == "revoked-intermediate" else "-crl_check"
    said = _verify(case, *_CLIENTS, depth, "-extended_crl", "-use_deltas", *lists)
    if _REVOKED in said:
        return REVOKED
    return GOOD if _verdict(said) == TRUSTED else NONE


def _by_response(case: Case) -> str:
    issuer = _issuer(case)
    words = ("-issuer", issuer, "-cert", case.leaf.chain, "-CAfile", case.store, "-verify_other", issuer)
    said = _said("ocsp", "-respin", case.response, *words)
    if "Response verify OK" not in said or "Status times invalid" in said:
        return NONE
    words_of = {f"{case.leaf.chain}: {word}": word for word in (GOOD, REVOKED, UNKNOWN)}
    return next((word for line, word in words_of.items() if line in said), NONE)


def _issuer(case: Case) -> Path:
    path = case.leaf.chain.with_suffix(".issuer")
    path.write_bytes(case.leaf.issuer.pem)
    return path


def _said(*words: str | Path | None) -> str:
    done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True, timeout=20)
    return done.stdout + done.stderr
