"""What programs are known to do with no other word said: their ports, and whom they become.

Each is the program's own documented default (its manual page, or the configuration it is built with); the
figures count as ``default`` in facts, never as proof.
"""

import posixpath
from collections.abc import Mapping
from types import MappingProxyType

_PORTS = """
    sshd tcp/22, dropbear tcp/22, tinysshd tcp/22, telnetd tcp/23, in.telnetd tcp/23, inetutils-telnetd tcp/23,
    utelnetd tcp/23, vsftpd tcp/21, proftpd tcp/21, pure-ftpd tcp/21, ftpd tcp/21, in.ftpd tcp/21, tcpsvd tcp/21,
    tftpd udp/69, in.tftpd udp/69, atftpd udp/69, snmpd udp/161, mini_snmpd udp/161, mosquitto tcp/1883,
    nginx tcp/80, lighttpd tcp/80, apache2 tcp/80, httpd tcp/80, uhttpd tcp/80, mini_httpd tcp/80, thttpd tcp/80,
    boa tcp/80, goahead tcp/80, webs tcp/80, caddy tcp/80, haproxy tcp/80, hiawatha tcp/80, monkey tcp/80,
    dnsmasq udp/53, named udp/53, unbound udp/53, udhcpd udp/67, dhcpd udp/67, kea-dhcp4 udp/67,
    ntpd udp/123, rpcbind tcp/111, portmap tcp/111, smbd tcp/445, nmbd udp/137, cupsd tcp/631, adbd tcp/5555,
    avahi-daemon udp/5353, mdnsd udp/5353, minidlnad tcp/8200, miniupnpd udp/1900, upnpd udp/1900,
    openvpn udp/1194, charon udp/500, starter udp/500, node-red tcp/1880, hass tcp/8123, vncserver tcp/5900,
    x11vnc tcp/5900, gdbserver tcp/2345, rsync tcp/873, rtspd tcp/554, influxd tcp/8086, grafana-server tcp/3000,
    emqx tcp/1883, rabbitmq-server tcp/5672, slapd tcp/389, dovecot tcp/143, master tcp/25, exim4 tcp/25,
    tr069 tcp/7547, cwmpd tcp/7547, easycwmpd tcp/7547, ser2net tcp/3001, socketcand tcp/29536, pppoe-server tcp/0
"""
_ENDING = ("--help", "--version", "--test", "--check", "--stop")
_ENDING_OF = {
    "sshd": ("-t", "-T", "-V", "-G"),
    "nginx": ("-t", "-T", "-V", "-v", "-s"),
    "lighttpd": ("-t", "-tt", "-V", "-v"),
    "apache2": ("-t", "-v", "-V"),
    "smbd": ("-V", "-b"),
    "haproxy": ("-c", "-v", "-vv"),
}
_LOGIN = (
    *("sshd", "dropbear", "tinysshd", "telnetd", "in.telnetd", "inetutils-telnetd", "utelnetd", "login"),
    *("vsftpd", "proftpd", "pure-ftpd", "ftpd", "in.ftpd", "adbd", "smbd"),
)
_BECOMES = {
    "mosquitto": "mosquitto",
    "dnsmasq": "nobody",
    "avahi-daemon": "avahi",
    "chronyd": "_chrony",
    "rpcbind": "_rpc",
    "unbound": "unbound",
    "in.tftpd": "nobody",
    "thttpd": "nobody",
}
"""Programs that give up root by themselves unless told not to (mosquitto.conf(5) ``user``, dnsmasq(8) ``--user`` …)."""
_USER_OPTIONS = {
    "snmpd": "-u",
    "ntpd": "-u",
    "named": "-u",
    "dnsmasq": "-u",
    "in.tftpd": "-u",
    "mini_httpd": "-u",
    "thttpd": "-u",
    "chronyd": "-u",
}
_LOCAL = (
    *("sh", "ash", "bash", "dash", "hush"),
    *("cron", "crond", "anacron", "atd", "dbus-daemon", "dbus-broker-launch", "agetty", "getty", "mgetty", "login"),
    *(
        "sulogin",
        "udevd",
        "klogd",
        "acpid",
        "irqbalance",
        "watchdog",
        "watchdogd",
        "haveged",
        "rngd",
        "jitterentropy-rngd",
    ),
    *("polkitd", "gpsd-local", "ubusd", "rpcd", "logd", "procd", "urngd", "netifd", "mdev", "hwclock", "modprobe"),
    *("insmod", "mount", "sysctl", "wpa_supplicant", "iwd", "bluetoothd", "ModemManager", "NetworkManager", "smartd"),
    *("accounts-daemon", "udisksd", "upowerd", "fstrim", "logrotate", "unattended-upgrade", "e2scrub", "auditd"),
    *("systemd-journald", "systemd-udevd", "systemd-logind", "systemd-machined", "systemd-hostnamed"),
    *("systemd-timedated", "systemd-localed", "fail2ban-server", "chronyd", "tee-supplicant", "qrtr-ns"),
    *("rauc", "rauc-hawkbit-updater", "mender", "mender-update", "mender-updated", "mender-auth", "mender-authd"),
)
"""Programs that open no port of the network with their defaults; of systemd's own see :func:`is_local`."""


def _parsed(text: str) -> Mapping[str, tuple[str, int]]:
    rows = (row.split() for row in text.replace("\n", " ").split(",") if row.strip())
    found = ((name, port.partition("/")) for name, port in rows)
    return MappingProxyType({name: (transport, int(number)) for name, (transport, _, number) in found})


_DEFAULTS = _parsed(_PORTS)


def default_port(program: str) -> tuple[str, int] | None:
    """(``tcp``, 22) for sshd: the port it opens when nothing else is said; None where none is known."""
    found = _DEFAULTS.get(posixpath.basename(program))
    return found if found and found[1] else None


def is_daemon(program: str) -> bool:
    """True for a program that is known to stay and serve."""
    name = posixpath.basename(program)
    return name in _DEFAULTS or name in ("inetd", "xinetd", "openbsd-inetd", "inetutils-inetd")


def ends_at_once(program: str, arguments: tuple[str, ...]) -> bool:
    """True where an argument has a daemon look at its configuration, say its version or stop another one."""
    ending = (*_ENDING, *_ENDING_OF.get(posixpath.basename(program), ()))
    return any(word in ending for word in arguments)


def is_login(program: str) -> bool:
    """True for a service that must be root to become whoever logs in."""
    return posixpath.basename(program) in _LOGIN


def is_local(program: str) -> bool:
    """True for a program that is known to open no port of the network."""
    name = posixpath.basename(program)
    return name in _LOCAL or (name.startswith(("systemd-", "plymouth", "kmod")) and name not in _SYSTEMD_NETWORK)


_SYSTEMD_NETWORK = (
    *("systemd-resolved", "systemd-networkd", "systemd-timesyncd", "systemd-journal-remote"),
    *("systemd-journal-gatewayd", "systemd-socket-proxyd", "systemd-importd"),
)


def becomes(program: str, arguments: tuple[str, ...]) -> str:
    """Whom a program changes to after its start, by an argument or as it documents; empty where nothing says so."""
    name = posixpath.basename(program)
    option = _USER_OPTIONS.get(name, "")
    for place, word in enumerate(arguments):
        if option and word == option and place + 1 < len(arguments):
            return arguments[place + 1].partition(":")[0]
        if option and word.startswith(option) and not word.startswith("--") and len(word) > 2:
            return word[2:].partition(":")[0]
        if word.startswith("--user="):
            return word.partition("=")[2].partition(":")[0]
    return _BECOMES.get(name, "")
