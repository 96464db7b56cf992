"""What every other topic has, too, once each: a web login of a known product, a broker, an agent, a shell."""

from collections import Counter
from collections.abc import Mapping

from tests.lan.devices import axis_record
from tests.questions.host import Host, Place

NGINX = """
user root;
worker_processes 1;
daemon off;
pid {folder}/nginx.pid;
error_log stderr;
events {{ worker_connections 128; }}
http {{
    log_format logins '$remote_user $status';
    access_log {folder}/logins.log logins;
    types {{ text/html html; }}
    client_body_temp_path {folder}/t; proxy_temp_path {folder}/t; fastcgi_temp_path {folder}/t;
    uwsgi_temp_path {folder}/t; scgi_temp_path {folder}/t;
    root {folder}/www;
    server {{
        listen 80 default_server;
        location / {{ auth_basic "AXIS_{name}"; auth_basic_user_file {folder}/accounts; }}
    }}
}}
"""
NEVER_DOCUMENTED = "kx7-Qm2-uu1"
STRANGER = "a stranger"
"""Any account that no record of the product names."""


def camera(place: Place, password: str) -> None:
    """nginx that asks for the login of an AXIS 2100, and has one account, ``root``."""
    (place.folder / "www").mkdir()
    (place.folder / "www" / "index.html").write_text("<!doctype html><title>Live view</title>")
    (place.folder / "accounts").write_text(f"root:{{PLAIN}}{password}\n")
    (place.folder / "nginx.conf").write_text(NGINX.format(folder=place.folder, name=place.true.host))
    place.machine.start("nginx", "-e", "stderr", "-c", f"{place.folder}/nginx.conf")


def camera_logins(place: Place) -> Mapping[str, int]:
    """The accounts that nginx was asked with."""
    users = [line.split()[0] for line in (place.folder / "logins.log").read_text().splitlines()]
    return Counter(user if user == "root" else STRANGER for user in users if user != "-")


def documented(place: Place) -> None:
    """As it left the factory."""
    camera(place, axis_record().pairs[0].password.reveal())


def changed(place: Place) -> None:
    """With a password that its owner chose."""
    camera(place, NEVER_DOCUMENTED)


def broker(place: Place) -> None:
    """mosquitto that lets everybody in."""
    (place.folder / "mosquitto.conf").write_text("user root\nlistener 1883 0.0.0.0\nallow_anonymous true\n")
    place.machine.start("mosquitto", "-c", f"{place.folder}/mosquitto.conf")


def agent(place: Place) -> None:
    """snmpd that answers the community ``public``."""
    lines = ["agentaddress udp:161", "rocommunity public default", "sysDescr Acme Sensor Hub 2.1"]
    (place.folder / "snmpd.conf").write_text("\n".join([*lines, f"[snmp] persistentDir {place.folder}", ""]))
    place.machine.start("snmpd", "-f", "-Lo", "-C", "-c", f"{place.folder}/snmpd.conf", "-p", f"{place.folder}/pid")


def agent_answers(place: Place) -> bool:
    """Whether the agent says what it is."""
    question = ("snmpget", "-v2c", "-c", "public", "-t", "0.3", "-r", "0", place.address, "1.3.6.1.2.1.1.1.0")
    return place.ask(*question).returncode == 0


def shell(place: Place) -> None:
    """busybox telnetd without a login."""
    place.machine.start("busybox", "telnetd", "-F", "-l", "/bin/sh")


NGINX_TOOL = {"nginx": "nginx-light"}
MACHINES = (
    Host(name="camera", start=documented, tools=NGINX_TOOL, logins=camera_logins),
    Host(name="camera-changed", start=changed, tools=NGINX_TOOL, logins=camera_logins),
    Host(name="open-broker", start=broker, tools={"mosquitto": "mosquitto"}),
    Host(name="agent", start=agent, is_ready=agent_answers, tools={"snmpd": "snmpd", "snmpget": "snmp"}),
    Host(name="shell", start=shell, tools={"busybox": "busybox-static"}),
)
