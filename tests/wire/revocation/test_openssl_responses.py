"""Responses that OpenSSL signs in ways that ``cryptography`` does not: RSA-PSS, SHA-1."""

import subprocess
from pathlib import Path

import pytest

from iotscan.wire.revocation.judging import judge

SIGNED = {
    "SHA-256": ((), "good", "", False),
    "SHA-1": (("-rmd", "sha1"), "", "SHA1, which can be forged", False),
    "PSS": (("-rsigopt", "rsa_padding_mode:pss"), "", "an algorithm that is not read here", True),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("openssl")
    (folder / "index").write_text("V\t491231235959Z\t\t1234\tunknown\t/CN=gw\n")
    run(folder, "req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -subj /CN=CA -days 30")
    run(folder, "req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout k -out r -subj /CN=gw")
    run(folder, "x509 -req -in r -CA ca.pem -CAkey ca.key -set_serial 0x1234 -days 20 -out gw.pem")
    for name in ("ca", "gw"):
        run(folder, f"x509 -in {name}.pem -outform der -out {name}.der")
    run(folder, "ocsp -issuer ca.pem -cert gw.pem -reqout asked -no_nonce")
    return folder


def run(folder: Path, line: str, *more: str) -> None:
    subprocess.run(["openssl", *line.split(), *more], cwd=folder, check=True, capture_output=True, timeout=30)


@pytest.mark.parametrize(("how", "status", "problem", "is_open"), SIGNED.values(), ids=SIGNED)
def test_how_it_is_signed(made: Path, how: tuple[str, ...], status: str, problem: str, *, is_open: bool) -> None:
    line = "ocsp -index index -CA ca.pem -rsigner ca.pem -rkey ca.key -reqin asked -respout said -ndays 7"
    run(made, line, *how)
    chain = [(made / f"{name}.der").read_bytes() for name in ("gw", "ca")]
    (answer,) = judge(chain, staple=(made / "said").read_bytes())
    assert (answer.status, problem in answer.problem, answer.is_open) == (status, True, is_open), answer
