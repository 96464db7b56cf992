"""What the configuration of started services says: the facts that probes of the network give, as configured.

One file a program; a new one is listed here and nowhere else. See :mod:`.configured` for the frame.
"""

from iotscan.observe.image.inspector import Inspector


def all_configurations() -> tuple[Inspector, ...]:
    """An inspector for every program whose configuration is read, and one for the services that are left."""
    from iotscan.observe.image.configuration import (
        adbd,
        apache,
        dropbear,
        haproxy,
        lighttpd,
        mosquitto,
        nginx,
        openssh,
        proftpd,
        snmpd,
        stunnel,
        telnetd,
        uhttpd,
        vsftpd,
    )
    from iotscan.observe.image.configuration.configured import inspector_of
    from iotscan.observe.image.configuration.unread import inspector_beside

    read = (
        adbd,
        apache,
        dropbear,
        haproxy,
        lighttpd,
        mosquitto,
        nginx,
        openssh,
        proftpd,
        snmpd,
        stunnel,
        telnetd,
        uhttpd,
        vsftpd,
    )
    configurations = [module.CONFIGURATION for module in read]
    programs = tuple(program for configuration in configurations for program in configuration.programs)
    return (*map(inspector_of, configurations), inspector_beside(programs))
