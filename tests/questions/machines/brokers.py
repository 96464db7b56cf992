"""Message brokers and plain text services: each as it ought to be, and as it is met."""

from collections import Counter
from collections.abc import Mapping
from functools import partial

import msgspec

from tests.lan.certificates import Authority, make_ec_key
from tests.lan.network import poll
from tests.observe.network import rabbitmq
from tests.questions.host import Host, Place, accepts_its_ports

_SLOW = 90.0
"""Seconds that Erlang may take to start, with all the others starting beside it."""
_PLUGIN = "/usr/lib/x86_64-linux-gnu/mosquitto_dynamic_security.so"
DEAF = {
    "defaultACLAccess": {
        "publishClientSend": False,
        "publishClientReceive": True,
        "subscribe": False,
        "unsubscribe": True,
    },
    "anonymousGroup": "everybody",
    "groups": [{"groupname": "everybody"}],
    "clients": [],
    "roles": [],
}
OPENSSL = """
openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = usual
[usual]
MaxProtocol = TLSv1.2
"""
"""vsftpd has no word for it: in TLS 1.3 it hands out no tickets, so that the command beside that finding shows none."""
BORDER = """#!/bin/sh
echo '############################'
echo '#  Authorised users only   #'
echo '############################'
printf '#'
exec cat > /dev/null
"""


def mosquitto(place: Place, *lines: str) -> None:
    """One listener for everybody, with ``lines`` below it."""
    config = place.folder / "mosquitto.conf"
    config.write_text("\n".join(("persistence false", "user root", *lines)) + "\n")
    place.machine.start("mosquitto", "-c", str(config))


def with_password(place: Place) -> None:
    """It lets in only those who have an account."""
    made = place.machine.run("mosquitto_passwd", "-b", "-c", str(place.folder / "accounts"), "hub", "kx7-Qm2-uu1")
    assert made.returncode == 0, made.stderr
    mosquitto(place, "listener 1883 0.0.0.0", "allow_anonymous false", f"password_file {place.folder / 'accounts'}")


def behind_tls(place: Place, *lines: str) -> None:
    """TLS from a CA that nobody knows."""
    Authority(place.folder).issue(place.folder, make_ec_key(), place.true.host, place.address)
    keys = (f"certfile {place.folder / 'cert.pem'}", f"keyfile {place.folder / 'key.pem'}")
    mosquitto(place, "listener 8883 0.0.0.0", "allow_anonymous true", *keys, *lines)


def with_certificates(place: Place) -> None:
    """TLS that asks each client for a certificate."""
    behind_tls(place, f"cafile {place.folder / 'ca.pem'}", "require_certificate true")


def in_websocket(place: Place) -> None:
    """MQTT in WebSocket: with that alone mosquitto 2.0.11 does not start, so one listens to itself as well."""
    mosquitto(place, "listener 9001 0.0.0.0", "protocol websockets", "allow_anonymous true", "listener 1883 127.0.0.1")


def deaf(place: Place) -> None:
    """It lets anybody in, and lets nobody subscribe to anything."""
    (place.folder / "rules.json").write_bytes(msgspec.json.encode(DEAF))
    plugin = (f"plugin {_PLUGIN}", f"plugin_opt_config_file {place.folder / 'rules.json'}")
    mosquitto(place, "listener 1883 0.0.0.0", *plugin, "allow_anonymous true")


def talkative(place: Place) -> None:
    """It lets anybody in, and its clients speak all the time."""
    mosquitto(place, "listener 1883 0.0.0.0", "allow_anonymous true")


def has_spoken(place: Place) -> bool:
    """Two clients begin to speak, as soon as it listens."""
    if not accepts_its_ports(place):
        return False
    said = ("-m", "open", "--repeat", "100000", "--repeat-delay", "0.2")
    for topic in ("home/door", "plant/valve"):
        place.machine.start("mosquitto_pub", "-h", place.address, "-t", topic, *said)
    return True


def rabbit(place: Place) -> None:
    """RabbitMQ as its package is: AMQP in the clear."""
    words = rabbitmq.environment(place.folder, "listeners.tcp.1 = 0.0.0.0:5672", mapper=4369, distribution=25672)
    pairs = (f"{name}={value}" for name, value in words.items())
    place.machine.start("/usr/bin/env", "-i", *pairs, rabbitmq.PROGRAM)


def rabbit_is_up(place: Place) -> bool:
    """Erlang takes its time."""
    poll("RabbitMQ accepts", partial(_accepts_or_has_ended, place), _SLOW)
    return True


def _accepts_or_has_ended(place: Place) -> bool:
    assert not place.machine.complaint(), place.machine.complaint()
    return accepts_its_ports(place)


def stores(place: Place) -> None:
    """Redis and memcached that anybody may read."""
    place.machine.start("redis-server", "--save", "", "--protected-mode", "no", "--dir", str(place.folder))
    place.machine.start("memcached", "-u", "root", "-U", "0")


def guarded_store(place: Place) -> None:
    """Redis with a password."""
    words = ("--save", "", "--requirepass", "kx7-Qm2-uu1", "--dir", str(place.folder))
    place.machine.start("redis-server", *words)


def ftp(place: Place, *lines: str) -> None:
    """vsftpd, whose log tells who came."""
    (place.folder / "public").mkdir()
    usual = ("listen=YES", "background=NO", "seccomp_sandbox=NO", f"anon_root={place.folder / 'public'}")
    log = ("dual_log_enable=YES", f"vsftpd_log_file={place.folder / 'log'}", "delay_failed_login=0")
    (place.folder / "vsftpd.conf").write_text("\n".join((*usual, *log, *lines)) + "\n")
    place.machine.run("mkdir", "-p", "/run/vsftpd/empty", own_files=True, check=True)
    (place.folder / "openssl.cnf").write_text(OPENSSL)
    settings = f"OPENSSL_CONF={place.folder / 'openssl.cnf'}"
    place.machine.start("/usr/bin/env", settings, "vsftpd", str(place.folder / "vsftpd.conf"))


def ftp_for_all(place: Place) -> None:
    """Everybody may come in, in the clear."""
    ftp(place, "anonymous_enable=YES", "ssl_enable=NO")


def ftp_with_tls(place: Place) -> None:
    """Nobody comes in without TLS and a name."""
    Authority(place.folder).issue(place.folder, make_ec_key(), place.true.host, place.address)
    keys = (f"rsa_cert_file={place.folder / 'cert.pem'}", f"rsa_private_key_file={place.folder / 'key.pem'}")
    tls = ("ssl_enable=YES", "ssl_ciphers=ECDHE+AESGCM", *keys)
    ftp(place, "anonymous_enable=NO", "local_enable=YES", *tls)


def ftp_logins(place: Place) -> Mapping[str, int]:
    """The accounts for which vsftpd was given a password."""
    log = place.folder / "log"
    lines = log.read_text().splitlines() if log.exists() else []
    return Counter(
        "anonymous" if "[ftp]" in line or "[anonymous]" in line else "other" for line in lines if "LOGIN:" in line
    )


def telnet_with_login(place: Place) -> None:
    """busybox telnetd as it should be, if it has to be."""
    place.machine.start("busybox", "telnetd", "-F", "-l", "/bin/login")


def telnet_with_border(place: Place) -> None:
    """A message that ends in ``#``, and nothing behind it."""
    program = place.folder / "border"
    program.write_text(BORDER)
    program.chmod(0o755)
    place.machine.start("busybox", "telnetd", "-F", "-l", str(program))


_MOSQUITTO = {"mosquitto": "mosquitto"}
_VSFTPD = {"vsftpd": "vsftpd"}
_TELNETD = {"busybox": "busybox-static"}
MACHINES = (
    Host(name="broker-password", start=with_password, tools=_MOSQUITTO),
    Host(name="broker-tls", start=behind_tls, tools=_MOSQUITTO),
    Host(name="broker-certificates", start=with_certificates, tools=_MOSQUITTO),
    Host(name="broker-websocket", start=in_websocket, tools=_MOSQUITTO),
    Host(name="broker-deaf", start=deaf, tools=_MOSQUITTO),
    Host(
        name="broker-talkative",
        start=talkative,
        is_ready=has_spoken,
        tools={**_MOSQUITTO, "mosquitto_pub": "mosquitto-clients"},
    ),
    Host(name="rabbit", start=rabbit, is_ready=rabbit_is_up, tools={"rabbitmq-server": rabbitmq.PACKAGE}),
    Host(name="stores", start=stores, tools={"redis-server": "redis-server", "memcached": "memcached"}),
    Host(name="guarded-store", start=guarded_store, tools={"redis-server": "redis-server"}),
    Host(name="ftp-for-all", start=ftp_for_all, tools=_VSFTPD, logins=ftp_logins),
    Host(name="ftp-tls", start=ftp_with_tls, tools=_VSFTPD, logins=ftp_logins),
    Host(name="telnet-login", start=telnet_with_login, tools=_TELNETD),
    Host(name="telnet-border", start=telnet_with_border, tools=_TELNETD),
)
