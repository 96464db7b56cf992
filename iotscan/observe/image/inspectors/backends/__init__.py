"""Which servers an image talks to, and where it is told not to check who they are."""

from iotscan.observe.image.inspectors.backends.sweeper import INSPECTOR

__all__ = ["INSPECTOR"]
