"""``python -m bench``: measure start-up and the practice network, and print each figure beside its target."""

from bench import practice, startup
from bench.table import Figure, show


def main() -> None:
    figures: list[Figure] = [*startup.measure(), *practice.measure()]
    print(show(figures))


main()
