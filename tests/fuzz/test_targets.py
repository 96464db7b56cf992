"""Every fuzz target on its seeds and their mutations: the short run that is part of the suite."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzz.seeds import SEEDS
from tests.fuzz.targets import TARGETS


def mutations(name: str) -> st.SearchStrategy[bytes]:
    """Any bytes, seeds, and seeds that were cut, doubled and overwritten."""
    seeds = st.sampled_from(SEEDS[name])
    at, byte = st.integers(0, 4000), st.binary(min_size=1, max_size=4)
    overwritten = st.builds(lambda s, i, b: s[: i % len(s)] + b + s[i % len(s) + len(b) :], seeds, at, byte)
    spliced = st.builds(lambda a, b, i, j: a[: i % len(a)] + b[j % len(b) :], seeds, overwritten, at, at)
    return st.one_of(st.binary(max_size=400), overwritten, spliced, st.builds(lambda a, b: a + b, seeds, overwritten))


@pytest.mark.parametrize("name", TARGETS)
def test_seeds(name: str) -> None:
    for seed in SEEDS[name]:
        TARGETS[name](seed)


@pytest.mark.parametrize("name", TARGETS)
def test_mutations(name: str) -> None:
    @given(mutations(name))
    def run(data: bytes) -> None:
        TARGETS[name](data)

    run()
