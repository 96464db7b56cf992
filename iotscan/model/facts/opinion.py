"""What another program holds an unknown service to be."""

from iotscan.model.facts.fact import Fact


class ServiceOpinion(Fact, frozen=True, kw_only=True, tag="service-opinion"):
    """A second opinion on a service that iotscan itself did not recognise; it is no observation of ours.

    ``by`` is the program and its version (``nmap 7.93``), ``protocol`` its name for what is spoken, ``product``,
    ``version`` and ``details`` what it says answers, ``cpe`` its name for that in the Common Platform Enumeration
    (NISTIR 7695). ``confidence`` is its own, of 10. ``argv`` are the words that it was started with.
    """

    by: str
    protocol: str
    product: str = ""
    version: str = ""
    details: str = ""
    cpe: str = ""
    confidence: int = 0
    argv: tuple[str, ...] = ()

    @property
    def says(self) -> str:
        """``rsync (protocol version 31)``."""
        known = " ".join(filter(None, (self.product, self.version, self.details)))
        return f"{self.protocol} ({known})" if known else self.protocol
