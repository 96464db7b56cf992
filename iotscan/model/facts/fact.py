"""What every fact is."""

from typing import ClassVar, Literal

import msgspec

Ownership = Literal["service", "device", "image", "person", "traffic", "vantages"]


class Fact(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """One typed thing that was observed. Its tag (``kind`` in JSON) is the name of the need.

    ``per`` says what one instance belongs to: a service of a device, a device, or an image;
    ``person`` is what somebody states of a device or an image, ``traffic`` what a device was seen to do in captured
    traffic, ``vantages`` what is concluded from several vantages of a device. ``unlooked`` is what to say of a device
    where nothing could look for it: only of facts of a device that its services show.
    A fact holds no severity, no opinion and no other protocol's fact. All text in it went through
    :func:`iotscan.model.text.safe_text`.
    """

    per: ClassVar[Ownership] = "service"
    unlooked: ClassVar[str] = ""
    of_back_ends: ClassVar[bool] = False
    """Whether only servers that devices talk to show it: of a device it is no question."""
    passing: ClassVar[frozenset[str]] = frozenset()
    """Fields that may differ from one moment to the next on a service that is the same: a clock on its page."""


def kind_of(fact: "Fact | type[Fact]") -> str:
    """The kind (tag) of a fact or fact type, as it stands in the run file: ``tls-endpoint``."""
    tag = fact.__struct_config__.tag
    if not isinstance(tag, str):
        raise TypeError(f"{fact!r} declares no tag")
    return tag
