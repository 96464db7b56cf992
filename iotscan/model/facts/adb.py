"""An Android debug bridge on the network."""

from iotscan.model.facts.fact import Fact


class AdbServer(Fact, frozen=True, kw_only=True, tag="adb-server"):
    """How an ADB daemon answers CNXN: with a session, or with a demand for a key."""

    needs_key: bool
    banner: str = ""
