"""Weak configurations of lighttpd."""

from tests.remedies.weakness import CHAINS, Daemon, Shown, Weakness

SERVER = Daemon(
    needs={"lighttpd": "lighttpd", "curl": "curl"},
    run="lighttpd -D -f $root/etc/lighttpd/lighttpd.conf",
    commands={"lighttpd -tt -f /etc/lighttpd/lighttpd.conf": "lighttpd -tt -f $root/etc/lighttpd/lighttpd.conf"},
    client="curl -sk -o /dev/null -w '%{http_code}' https://$host:$tls/ | grep -E '200|401'",
)
MAIN = """
server.document-root = "$root/www"
server.bind = "$host"
server.port = $PORT
index-file.names = ("index.html")
mimetype.assign = (".html" => "text/html")
include "$root/etc/lighttpd/conf-enabled/*.conf"
"""
TLS = """
server.modules += ("mod_openssl")
$$SERVER["socket"] == "$host:$tls" {
    ssl.engine = "enable"
    ssl.pemfile = "$rsa_both"
    MORE
}
"""
PAGE = "<html><head><title>Gateway</title></head><body><h1>Gateway</h1></body></html>"
LOGIN = "<html><body><form method=post action=/in><input name=u><input type=password name=p></form></body></html>"


def _weak(
    name: str,
    remedy: str,
    shows: tuple[Shown, ...],
    *,
    tls: str = "",
    main: str = "",
    page: str = PAGE,
    key: str = "rsa_both",
) -> Weakness:
    return Weakness(
        name=f"lighttpd {name}",
        daemon=SERVER,
        remedy=remedy,
        shows=shows,
        files={
            "etc/lighttpd/lighttpd.conf": MAIN.replace("$PORT", "$web") + main,
            "etc/lighttpd/conf-enabled/10-ssl.conf": TLS.replace("MORE", tls).replace("$rsa_both", f"${key}"),
            "www/index.html": page,
        },
        ports={"tls": "tcp https", "web": "tcp http"},
        before=("tls", "web"),
        then=("tls", "web"),
        fill={"<CERTIFICATE>": "$leaf", "<INTERMEDIATES>": "$middle", "<KEY>": "$key"},
    )


COMMANDS = 'ssl.openssl.ssl-conf-cmd = ("MinProtocol" => "TLSv1", "CipherString" => "ALL:@SECLEVEL=0"'
WEAK = (
    _weak(
        "with everything",
        "lighttpd-tls",
        (
            ("tls-versions", "tls-1.0-1.1"),
            ("forward-secrecy", "accepted-beside"),
            ("short-authentication-tags", "gateway"),
            ("handshake-signatures", "accepted"),
            ("key-exchange-strength", "weak-curve"),
        ),
        tls=f'{COMMANDS}, "Curves" => "P-192:P-256")',
    ),
    _weak(
        "with old versions only",
        "lighttpd-tls",
        (("tls-versions", "tls-1.0-1.1"), ("tls-modern-versions", "neither")),
        tls=f'{COMMANDS}, "MaxProtocol" => "TLSv1.1")',
    ),
    *(
        _weak(f"with a chain: {name}", "lighttpd-chain", shows, tls='ssl.privkey = "$key"', key=name)
        for name, shows in CHAINS.items()
    ),
    _weak(
        "with RSA key exchange",
        "lighttpd-tls",
        (("forward-secrecy", "unsupported"), ("tls-authenticated-encryption", "none")),
        tls='ssl.openssl.ssl-conf-cmd = ("MaxProtocol" => "TLSv1.2", "CipherString" => "AES128-SHA256")',
    ),
    _weak(
        "with RSA key exchange first",
        "lighttpd-tls",
        (("forward-secrecy", "not-preferred"),),
        tls=(
            'ssl.openssl.ssl-conf-cmd = ("MaxProtocol" => "TLSv1.2", "Options" => "ServerPreference",'
            ' "CipherString" => "AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256")'
        ),
    ),
    _weak("with a page in the clear", "lighttpd-redirect", (("https-redirect", "stays"),)),
    _weak("with a form in the clear", "lighttpd-redirect", (("http-cleartext-login", "cleartext"),), page=LOGIN),
    _weak("without HSTS", "lighttpd-hsts", (("strict-transport-security", "no-hsts"),), key="whole_both"),
)
