"""Keys are made once a session."""

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from .servers import Credentials


@pytest.fixture(scope="session")
def rsa_credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("rsa"), rsa.generate_private_key(65537, 2048))


@pytest.fixture(scope="session")
def ec_credentials(tmp_path_factory: pytest.TempPathFactory) -> Credentials:
    return Credentials(tmp_path_factory.mktemp("ec"), ec.generate_private_key(ec.SECP256R1()))
