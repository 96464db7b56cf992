"""Certificates for the servers of :mod:`tests.assess.servers`."""

import shutil
import subprocess
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """``leaf.pem`` signed by ``ca.pem``, both RSA: 2048 and 1024 bits."""
    if shutil.which("openssl") is None:
        pytest.skip("apt install openssl")
    where = tmp_path_factory.mktemp("chain")
    for line in (
        "openssl req -x509 -newkey rsa:1024 -nodes -keyout ca.key -out ca.pem -subj /CN=ca -days 9",
        "openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=leaf",
        "openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out leaf.pem -days 9",
    ):
        subprocess.run(line.split(), cwd=where, check=True, capture_output=True)
    return where
