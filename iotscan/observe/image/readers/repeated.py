"""The same few bytes again and again: what a sparse image or an unmapped block of flash stands for."""

from iotscan.observe.image.budget import Budget


class Repeated:
    """A blob of ``size`` bytes of a pattern. Whoever reads it all is held to the time of the image."""

    def __init__(self, pattern: bytes, size: int, budget: Budget) -> None:
        self._pattern = pattern
        self._budget = budget
        self.size = size

    def read_at(self, offset: int, length: int) -> bytes:
        """See :class:`~iotscan.observe.image.blob.Blob`."""
        self._budget.check_time()
        length = max(0, min(length, self.size - offset))
        shift = offset % len(self._pattern)
        repeated = self._pattern * ((shift + length) // len(self._pattern) + 1)
        return repeated[shift : shift + length]
