"""What the servers of the lab are given is made once a session."""

import pytest

from tests.tls_lab.workshop import furnish


@pytest.fixture(scope="session")
def furniture(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("workshop")
    return furnish(folder)
