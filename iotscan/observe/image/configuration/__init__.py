"""What the configuration of started services says: the facts that probes of the network give, as configured.

One file a program; a new one is listed here and nowhere else. See :mod:`.configured` for the frame.
"""

from iotscan.observe.image.inspector import Inspector


def all_configurations() -> tuple[Inspector, ...]:
    """An inspector for every program whose configuration is read."""
    return ()
