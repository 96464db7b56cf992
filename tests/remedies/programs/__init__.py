"""Weak configurations, a module for each program."""

from typing import Final

from tests.remedies.programs import nginx
from tests.remedies.weakness import Weakness

WEAK: Final[tuple[Weakness, ...]] = (*nginx.WEAK,)
