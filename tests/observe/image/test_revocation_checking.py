"""Which programs of an image ask whether a certificate was taken back, by their configuration."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from iotscan.model.facts import PeerCheck, RevocationChecking
from iotscan.observe.image.inspectors.revocation import INSPECTOR
from tests.observe.image.gateways import a_gateway
from tests.observe.image.looking import heard_of

NGINX = """http {
  ssl_client_certificate /etc/ssl/ca.pem;
  %s
  server { listen 443 ssl; ssl_certificate /etc/ssl/a.pem; ssl_verify_client on;
    %s }
  server { listen 444 ssl; ssl_certificate /etc/ssl/a.pem; ssl_verify_client optional_no_ca; }
}
"""
PROXY = """http { server { listen 80;
  location / { proxy_pass https://back; proxy_ssl_verify on;
  %s } } }
"""
APACHE = """Listen 443
<VirtualHost *:443>
SSLEngine on
SSLCertificateFile /etc/ssl/a.pem
SSLVerifyClient require
%s
</VirtualHost>
"""
HAPROXY = """global
  %s
frontend f
  bind :443 ssl crt /etc/ssl/a.pem verify required ca-file /etc/ssl/ca.pem%s
backend b
  server one 10.0.0.2:443 ssl ca-file /etc/ssl/ca.pem%s
"""
LIGHTTPD = """server.port = 443
ssl.engine = "enable"
ssl.pemfile = "/etc/ssl/a.pem"
ssl.verifyclient.activate = "enable"
%s
"""
MOSQUITTO = """listener 8883
cafile /etc/ssl/ca.pem
certfile /etc/ssl/a.pem
keyfile /etc/ssl/a.key
require_certificate true
%s
connection cloud
address broker.example:8883
bridge_cafile /etc/ssl/ca.pem
"""
STUNNEL = """[in]
accept = 8443
connect = 80
cert = /etc/ssl/a.pem
CAfile = /etc/ssl/ca.pem
verifyChain = yes
%s
[out]
client = yes
accept = 127.0.0.1:25
connect = mail.example:465
verifyChain = yes
CAfile = /etc/ssl/ca.pem
OCSPaia = yes
"""
SWANCTL = "connections {\n gw {\n  remote {\n   auth = pubkey\n   %s\n  }\n }\n}\n"
SUPPLICANT = 'network={\n ssid="x"\n key_mgmt=WPA-EAP\n eap=TLS\n ca_cert="/etc/ca.pem"\n %s\n}\n'
HOSTAPD = "ssid=x\nwpa_key_mgmt=WPA-EAP\neap_server=1\nca_cert=/etc/ca.pem\n%s\n"
RAUC = "[system]\ncompatible=x\nbootloader=uboot\n[keyring]\npath=/etc/rauc/ca.pem\n%s\n"

Case = tuple[str, str, str, set[tuple[str, str, str]]]
"""Command, path, text, and of each program whose certificates it asks about and how."""
CLIENTS, SERVERS = ("nginx", "clients"), ("nginx", "servers")
CASES: dict[str, Case] = {
    "nginx": ("/usr/sbin/nginx", "etc/nginx/nginx.conf", NGINX % ("", ""), {(*CLIENTS, "never")}),
    "nginx, a list": (
        *("/usr/sbin/nginx", "etc/nginx/nginx.conf"),
        *(NGINX % ("", "ssl_crl /etc/ssl/c.crl;"), {(*CLIENTS, "always")}),
    ),
    "nginx, a list for all": (
        *("/usr/sbin/nginx", "etc/nginx/nginx.conf"),
        *(NGINX % ("ssl_crl /etc/ssl/c.crl;", ""), {(*CLIENTS, "always")}),
    ),
    "nginx, ocsp": (
        *("/usr/sbin/nginx", "etc/nginx/nginx.conf"),
        *(NGINX % ("", "ssl_ocsp leaf;"), {(*CLIENTS, "always")}),
    ),
    "nginx, ocsp off": (
        *("/usr/sbin/nginx", "etc/nginx/nginx.conf"),
        *(NGINX % ("ssl_ocsp on;", "ssl_ocsp off;"), {(*CLIENTS, "never")}),
    ),
    "nginx, staples": (
        *("/usr/sbin/nginx", "etc/nginx/nginx.conf"),
        *(NGINX % ("ssl_stapling on;", ""), {(*CLIENTS, "staples")}),
    ),
    "nginx, towards others": ("/usr/sbin/nginx", "etc/nginx/nginx.conf", PROXY % "", {(*SERVERS, "never")}),
    "nginx, towards others with a list": (
        *("/usr/sbin/nginx", "etc/nginx/nginx.conf"),
        *(PROXY % "proxy_ssl_crl /etc/ssl/c.crl;", {(*SERVERS, "always")}),
    ),
    "apache": (
        *("/usr/sbin/apache2", "etc/apache2/apache2.conf"),
        *(APACHE % "SSLCARevocationFile /etc/ssl/c.crl", {("apache", "clients", "never")}),
    ),
    "apache, told to look": (
        *("/usr/sbin/apache2", "etc/apache2/apache2.conf"),
        APACHE % "SSLCARevocationFile /etc/ssl/c.crl\nSSLCARevocationCheck chain",
        {("apache", "clients", "always")},
    ),
    "apache, ocsp": (
        *("/usr/sbin/apache2", "etc/apache2/apache2.conf"),
        *(APACHE % "SSLOCSPEnable on", {("apache", "clients", "always")}),
    ),
    "haproxy": (
        *("/usr/sbin/haproxy", "etc/haproxy/haproxy.cfg"),
        HAPROXY % ("", "", " crl-file /etc/ssl/c.crl"),
        {("haproxy", "clients", "never"), ("haproxy", "servers", "always")},
    ),
    "haproxy, lax": (
        *("/usr/sbin/haproxy", "etc/haproxy/haproxy.cfg"),
        *(HAPROXY % ("ssl-server-verify none", " crl-file c", ""), {("haproxy", "clients", "always")}),
    ),
    "lighttpd": (
        *("/usr/sbin/lighttpd", "etc/lighttpd/lighttpd.conf"),
        *(LIGHTTPD % "", {("lighttpd", "clients", "never")}),
    ),
    "lighttpd, a list": (
        *("/usr/sbin/lighttpd", "etc/lighttpd/lighttpd.conf"),
        *(LIGHTTPD % 'ssl.verifyclient.ca-crl-file = "/etc/c.crl"', {("lighttpd", "clients", "always")}),
    ),
    "mosquitto": (
        *("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", "etc/mosquitto/mosquitto.conf", MOSQUITTO % ""),
        {("mosquitto", "clients", "never"), ("mosquitto", "servers", "never")},
    ),
    "mosquitto, a list": (
        *("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", "etc/mosquitto/mosquitto.conf"),
        MOSQUITTO % "crlfile /etc/c.crl",
        {("mosquitto", "clients", "always"), ("mosquitto", "servers", "never")},
    ),
    "mosquitto, a bridge that wants a staple": (
        *("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", "etc/mosquitto/mosquitto.conf"),
        MOSQUITTO % "crlfile /etc/c.crl" + "bridge_require_ocsp true\n",
        {("mosquitto", "clients", "always"), ("mosquitto", "servers", "always")},
    ),
    "mosquitto, a bridge that wants none": (
        *("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", "etc/mosquitto/mosquitto.conf"),
        MOSQUITTO % "crlfile /etc/c.crl" + "bridge_require_ocsp false\n",
        {("mosquitto", "clients", "always"), ("mosquitto", "servers", "never")},
    ),
    "stunnel": (
        *("/usr/bin/stunnel /etc/stunnel/a.conf", "etc/stunnel/a.conf", STUNNEL % ""),
        {("stunnel", "clients", "never"), ("stunnel", "servers", "always")},
    ),
    "stunnel, a folder": (
        *("/usr/bin/stunnel /etc/stunnel/a.conf", "etc/stunnel/a.conf", STUNNEL % "CRLpath = /etc/crls"),
        {("stunnel", "clients", "always"), ("stunnel", "servers", "always")},
    ),
    "openvpn, a client": (
        *("/usr/sbin/openvpn --config /etc/openvpn/gw.conf", "etc/openvpn/gw.conf", "client\nca ca\ncert c\n"),
        {("openvpn", "servers", "never")},
    ),
    "openvpn, a server": (
        *("/usr/sbin/openvpn --config /etc/openvpn/gw.conf", "etc/openvpn/gw.conf"),
        *("server 10.8.0.0 255.255.255.0\nca ca\ncert c\ncrl-verify crl.pem\n", {("openvpn", "clients", "always")}),
    ),
    "openvpn, a program": (
        *("/usr/sbin/openvpn --config /etc/openvpn/gw.conf", "etc/openvpn/gw.conf"),
        *("server 10.8.0.0 255.255.255.0\nca ca\ncert c\ntls-verify /x\n", {("openvpn", "clients", "unsaid")}),
    ),
    "openvpn, everything in one file": (
        *("/usr/sbin/openvpn --config /etc/openvpn/gw.conf", "etc/openvpn/gw.conf"),
        "server 10.8.0.0 255.255.255.0\n<ca>\nx\n</ca>\n<crl-verify>\nx\n</crl-verify>\n",
        {("openvpn", "clients", "always")},
    ),
    "mosquitto, without a listener": (
        *("/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf", "etc/mosquitto/mosquitto.conf"),
        "port 8883\ncafile /c\ncertfile /a\nkeyfile /b\nrequire_certificate true\n",
        {("mosquitto", "clients", "never")},
    ),
    "stunnel, said for all": (
        *("/usr/bin/stunnel /etc/stunnel/a.conf", "etc/stunnel/a.conf", "CRLpath = /etc/crls\n" + STUNNEL % ""),
        {("stunnel", "clients", "always"), ("stunnel", "servers", "always")},
    ),
    "openvpn, pinned": (
        *("/usr/sbin/openvpn --config /etc/openvpn/gw.conf", "etc/openvpn/gw.conf"),
        *("client\nca ca\npeer-fingerprint aa\n", set()),
    ),
    "strongswan": (
        *("/usr/sbin/charon-systemd", "etc/swanctl/swanctl.conf"),
        *(SWANCTL % "", {("strongswan", "peers", "where it can")}),
    ),
    "strongswan, strict": (
        *("/usr/sbin/charon-systemd", "etc/swanctl/swanctl.conf"),
        *(SWANCTL % "revocation = strict", {("strongswan", "peers", "always")}),
    ),
    "ipsec.conf": (
        *("/usr/sbin/starter", "etc/ipsec.conf"),
        "config setup\n strictcrlpolicy=yes\nconn a\n auto=start\n leftcert=a.pem\n",
        {("strongswan", "peers", "always")},
    ),
    "wpa_supplicant": (
        *("/usr/sbin/wpa_supplicant -c/etc/wpa_supplicant.conf", "etc/wpa_supplicant.conf", SUPPLICANT % ""),
        {("wpa_supplicant", "servers", "never")},
    ),
    "wpa_supplicant, ocsp": (
        *("/usr/sbin/wpa_supplicant -c/etc/wpa_supplicant.conf", "etc/wpa_supplicant.conf", SUPPLICANT % "ocsp=2"),
        {("wpa_supplicant", "servers", "always")},
    ),
    "hostapd": (
        *("/usr/sbin/hostapd /etc/hostapd.conf", "etc/hostapd.conf", HOSTAPD % ""),
        {("hostapd", "clients", "never")},
    ),
    "hostapd, a list": (
        *("/usr/sbin/hostapd /etc/hostapd.conf", "etc/hostapd.conf", HOSTAPD % "check_crl=1"),
        {("hostapd", "clients", "always")},
    ),
    "rauc": ("/usr/bin/rauc service", "etc/rauc/system.conf", RAUC % "", {("rauc", "signers", "never")}),
    "rauc, a list": (
        *("/usr/bin/rauc service", "etc/rauc/system.conf", RAUC % "check-crl=true"),
        {("rauc", "signers", "always")},
    ),
    "curl": ("/usr/bin/curl -s https://up.example/", "etc/x", "", {("curl", "servers", "never")}),
    "curl, a list": (
        *("/usr/bin/curl --crlfile /etc/c.crl https://up.example/", "etc/x", ""),
        {("curl", "servers", "always")},
    ),
    "curl, that takes anything": ("/usr/bin/curl -fsk https://up.example/", "etc/x", "", set()),
    "wget in the clear": ("/usr/bin/wget http://up.example/", "etc/x", "", set()),
}


def checks_of(folder: Path, commands: list[str], files: Mapping[str, str]) -> tuple[PeerCheck, ...]:
    programs = {command.split()[0].lstrip("/"): b"\x7fELF" for command in commands}
    heard = heard_of(INSPECTOR, a_gateway(folder, commands, {**programs, **files}))
    assert not heard.missed
    (fact,) = heard.facts
    assert isinstance(fact, RevocationChecking)
    return fact.checks


@pytest.mark.parametrize("name", CASES)
def test_who_asks_for_what(tmp_path: Path, name: str) -> None:
    command, path, text, expected = CASES[name]
    found = checks_of(tmp_path, [command], {path: text})
    assert {(c.program, c.peers, c.asks) for c in found} == expected


def test_a_place_and_the_words_that_say_so(tmp_path: Path) -> None:
    (found,) = checks_of(tmp_path, ["/usr/sbin/nginx"], {"etc/nginx/nginx.conf": NGINX % ("", "")})
    assert (found.path, found.line, found.setting) == ("/etc/nginx/nginx.conf", 4, "no ssl_crl, no ssl_ocsp")


def test_what_is_not_started_verifies_nothing(tmp_path: Path) -> None:
    assert checks_of(tmp_path, [], {"etc/nginx/nginx.conf": NGINX % ("", "")}) == ()


def test_one_that_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    found = checks_of(tmp_path, ["/usr/sbin/nginx", "/usr/bin/curl https://up.example/"], {})
    assert {(c.program, c.asks) for c in found} == {("nginx", "unsaid"), ("curl", "never")}
