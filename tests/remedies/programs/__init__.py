"""Weak configurations, a module for each program."""

from typing import Final

from tests.remedies.programs import lighttpd, mosquitto, nginx, snmpd, ssh, vsftpd
from tests.remedies.weakness import Weakness

WEAK: Final[tuple[Weakness, ...]] = (
    *nginx.WEAK,
    *lighttpd.WEAK,
    *mosquitto.WEAK,
    *ssh.WEAK,
    *snmpd.WEAK,
    *vsftpd.WEAK,
)
