"""What several files of the lab's tests look at is read once."""

import anyio
import pytest

from tests.pki_lab.judging import Seen, read_all
from tests.pki_lab.pki import Pki
from tests.pki_lab.scenes import scenes


@pytest.fixture(scope="session")
def in_memory(pki: Pki) -> dict[str, Seen]:
    """Every scene, as it is read without a network."""
    return anyio.run(read_all, pki, scenes())
