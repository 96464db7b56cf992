"""What a statement is about."""

import msgspec


class Subject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, order=True):
    """A device and one of its services, or an image and a place in it.

    ``service`` is written ``tcp/443``. ``line`` counts from 1; 0 means the whole file.
    """

    device: str = ""
    address: str = ""
    service: str = ""
    image: str = ""
    path: str = ""
    line: int = 0

    @property
    def owner(self) -> str:
        """The id of the device or image that is graded by results about this subject."""
        return self.device or self.image

    @property
    def port(self) -> int:
        """The port of :attr:`service`, 0 without one."""
        return int(self.service.partition("/")[2] or 0)

    @property
    def transport(self) -> str:
        """``tcp`` or ``udp``, empty without a service."""
        return self.service.partition("/")[0]

    def __str__(self) -> str:
        if self.image:
            place = f":{self.line}" if self.line else ""
            return f"{self.path}{place}" if self.path else self.image
        host = f"[{self.address}]" if ":" in self.address and self.service else self.address
        return f"{host or self.device} {self.service}".strip()
