"""An Android debug bridge on the network."""

from iotscan.model.facts.fact import Fact


class AdbServer(Fact, frozen=True, kw_only=True, tag="adb-server"):
    """How an ADB daemon answers CNXN: with a session, or with a demand for a key."""

    needs_key: bool
    banner: str = ""
    tls: bool = False
    """It wants TLS first (A_STLS: wireless debugging of Android 11). A device takes paired keys alone then, unless it
    was built without (``ro.adb.secure=0``): that shows inside, and nobody looked there."""
    announced: bool = False
    """Only mDNS told of it: at a port that changes, and was not asked."""
