"""What is true of the practice network, for ``lab list`` and for marking a scan."""

from pathlib import Path

import msgspec
import yaml

from iotscan.lab.ports import PREFIX


class TrueFinding(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A failed result that a right scan has. ``variant`` or ``service`` is empty where any will do."""

    check: str
    variant: str = ""
    service: str = ""


class OpenQuestion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A result that has to be *not assessed*; ``check`` may be ``*`` for all of the device's."""

    check: str
    reason: str
    service: str = ""


class TrueDevice(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One practice device: where, what, and what a scan has to say of it and nothing else.

    ``services`` maps ``tcp/20080`` to the protocol spoken there.
    """

    address: str
    title: str
    about: str
    services: dict[str, str]
    findings: tuple[TrueFinding, ...]
    with_default_creds: tuple[TrueFinding, ...] = ()
    not_assessed: tuple[OpenQuestion, ...] = ()


class Truth(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All practice devices, by address."""

    schema: str
    devices: tuple[TrueDevice, ...]


def load_truth(prefix: str = PREFIX) -> Truth:
    """The truth of ``truth.yaml``, at the addresses of a network that was started with ``prefix``."""
    text = Path(__file__).with_name("truth.yaml").read_text("utf-8")
    truth = msgspec.convert(yaml.safe_load(text), Truth)
    moved = tuple(
        msgspec.structs.replace(d, address=f"{prefix}.{d.address.removeprefix(f'{PREFIX}.')}") for d in truth.devices
    )
    return msgspec.structs.replace(truth, devices=moved)
