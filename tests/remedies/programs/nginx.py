"""Weak configurations of nginx."""

from tests.remedies.weakness import CHAINS, Daemon, Shown, Weakness

NGINX = Daemon(
    needs={"nginx": "nginx-light", "curl": "curl"},
    run="nginx -e stderr -c $root/etc/nginx/nginx.conf -g 'daemon off; master_process off;'",
    commands={"nginx -t": "nginx -t -e stderr -c $root/etc/nginx/nginx.conf"},
    client="curl -sk -o /dev/null -w '%{http_code}' https://$host:$tls/ | grep -E '200|401'",
)
MAIN = """
user root;
pid $root/nginx.pid;
error_log stderr;
events { worker_connections 128; }
http {
    access_log off;
    types { text/html html; }
    client_body_temp_path $root/t; proxy_temp_path $root/t; fastcgi_temp_path $root/t;
    uwsgi_temp_path $root/t; scgi_temp_path $root/t;
    root $root/www;
    ssl_certificate $both;
    ssl_certificate_key $both;
    MORE
    include $root/etc/nginx/sites-enabled/*;
}
"""
SITE = """
server {
    listen $host:$tls ssl default_server;
    MORE
}
"""
PAGE = "<html><head><title>Gateway</title></head><body><h1>Gateway</h1></body></html>"
LOGIN = "<html><body><form method=post action=/in><input name=u><input type=password name=p></form></body></html>"
OLD = "ssl_protocols TLSv1 TLSv1.1 TLSv1.2 TLSv1.3;"
"""Of Debian's own nginx.conf."""


def _tls(
    name: str, remedy: str, shows: tuple[Shown, ...], *, main: str = "", site: str = "", key: str = "rsa_both"
) -> Weakness:
    return Weakness(
        name=f"nginx {name}",
        daemon=NGINX,
        remedy=remedy,
        shows=shows,
        files={
            "etc/nginx/nginx.conf": MAIN.replace("MORE", main).replace("$both", f"${key}"),
            "etc/nginx/sites-enabled/default": SITE.replace("MORE", site),
            "www/index.html": PAGE,
        },
        ports={"tls": "tcp https"},
        before=("tls",),
        then=("tls",),
    )


def _named(name: str, remedy: str, shows: tuple[Shown, ...], chain: str) -> Weakness:
    """With a certificate for the name by which it is asked, of a CA that the user trusts."""
    lines = f"listen $host:$tls ssl default_server;\n    ssl_certificate ${chain};\n    ssl_certificate_key $key;"
    return Weakness(
        name=f"nginx {name}",
        daemon=NGINX,
        remedy=remedy,
        shows=shows,
        files={
            "etc/nginx/nginx.conf": MAIN.replace("MORE", "").replace("ssl_certificate", "# ssl_certificate"),
            "etc/nginx/sites-enabled/default": f"server {{\n    {lines}\n}}\n",
            "www/index.html": PAGE,
        },
        ports={"tls": "tcp https"},
        before=("tls",),
        then=("tls",),
        meets={"443": "$tls"},
        fill={"<CERTIFICATE>": "$leaf", "<INTERMEDIATES>": "$middle"},
    )


def _plain(name: str, remedy: str, shows: tuple[Shown, ...], page: str, plain: str = "") -> Weakness:
    served = f"\nserver {{\n    listen $host:$web;\n    {plain}\n}}\n"
    return Weakness(
        name=f"nginx {name}",
        daemon=NGINX,
        remedy=remedy,
        shows=shows,
        files={
            "etc/nginx/nginx.conf": MAIN.replace("MORE", "").replace("$both", "$rsa_both"),
            "etc/nginx/sites-enabled/default": served + SITE.replace("MORE", ""),
            "www/index.html": page,
            "logins": "admin:{PLAIN}secret\n",
        },
        ports={"tls": "tcp https", "web": "tcp http"},
        before=("tls", "web"),
        then=("tls", "web"),
        meets={r"80\b": "$web"},
    )


WEAK = (
    _tls(
        "old versions",
        "nginx-tls-versions",
        (("tls-versions", "tls-1.0-1.1"),),
        main=OLD,
        site="ssl_ciphers ALL:@SECLEVEL=0;",
    ),
    _tls(
        "old versions only",
        "nginx-tls-versions",
        (("tls-versions", "tls-1.0-1.1"), ("tls-modern-versions", "neither")),
        site="ssl_protocols TLSv1 TLSv1.1;\n    ssl_ciphers ALL:@SECLEVEL=0;",
    ),
    _tls(
        "old versions of one site",
        "nginx-tls-versions",
        (("tls-versions", "tls-1.0-1.1"),),
        main="ssl_protocols TLSv1.2;",
        site=f"ssl_ciphers ALL:@SECLEVEL=0;\n    {OLD}",
    ),
    _tls(
        "every suite that there is",
        "nginx-ciphers",
        (
            ("forward-secrecy", "accepted-beside"),
            ("tls-weak-ciphers", "broken"),
            ("short-authentication-tags", "gateway"),
            ("key-exchange-strength", "short-prime"),
            ("handshake-signatures", "accepted"),
        ),
        main='ssl_ciphers "ALL:eNULL:@SECLEVEL=0";\n    ssl_dhparam $dh1024;',
    ),
    _tls(
        "RSA key exchange first",
        "nginx-ciphers",
        (("forward-secrecy", "not-preferred"),),
        main="ssl_protocols TLSv1.2;",
        site="ssl_ciphers AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256;\n    ssl_prefer_server_ciphers on;",
    ),
    _tls(
        "RSA key exchange only",
        "nginx-ciphers",
        (("forward-secrecy", "unsupported"), ("tls-authenticated-encryption", "none")),
        main="ssl_protocols TLSv1.2;",
        site="ssl_ciphers AES128-SHA256;",
    ),
    _tls(
        "a short curve",
        "nginx-curves",
        (("key-exchange-strength", "weak-curve"),),
        main="ssl_ecdh_curve secp192r1:prime256v1;\nssl_ciphers ALL:@SECLEVEL=0;",
    ),
    _tls(
        "tickets of a month",
        "nginx-ticket-lifetime",
        (("session-ticket-lifetime", "long"),),
        main="ssl_session_timeout 30d;",
    ),
    _tls(
        "early data",
        "nginx-early-data",
        (("tls-early-data", "http"),),
        main="ssl_protocols TLSv1.2 TLSv1.3;",
        site="ssl_early_data on;",
    ),
    _plain("a page in the clear", "nginx-redirect", (("https-redirect", "stays"),), PAGE),
    _plain("a form in the clear", "nginx-redirect", (("http-cleartext-login", "cleartext"),), LOGIN),
    _plain(
        "Basic in the clear",
        "nginx-redirect",
        (("http-cleartext-login", "cleartext"),),
        PAGE,
        'auth_basic "x"; auth_basic_user_file $root/logins;',
    ),
    Weakness(
        name="nginx one block for both",
        daemon=NGINX,
        remedy="nginx-redirect",
        shows=(("http-cleartext-login", "cleartext"),),
        files={
            "etc/nginx/nginx.conf": MAIN.replace("MORE", "").replace("$both", "$rsa_both"),
            "etc/nginx/sites-enabled/default": "server {\n    listen $host:$web;\n    listen $host:$tls ssl;\n}\n",
            "www/index.html": LOGIN,
        },
        ports={"tls": "tcp https", "web": "tcp http"},
        before=("tls", "web"),
        then=("tls", "web"),
        meets={r"80\b": "$web"},
    ),
    _named("without HSTS", "nginx-hsts", (("strict-transport-security", "no-hsts"),), "whole"),
    *(_named(f"with a chain: {name}", "nginx-chain", shows, name) for name, shows in CHAINS.items()),
    Weakness(
        name="nginx before a careless application",
        daemon=NGINX,
        remedy="nginx-cookies",
        shows=tuple(("session-cookies", v) for v in ("cookie-not-secure", "readable-by-scripts", "cross-site")),
        files={
            "etc/nginx/nginx.conf": MAIN.replace("MORE", "").replace("$both", "$rsa_both"),
            "etc/nginx/sites-enabled/default": (
                'server {\n    listen $host:$web;\n    add_header Set-Cookie "session=8d8e02; Path=/";\n}\n'
                "server {\n    listen $host:$tls ssl;\n    location / { proxy_pass http://$host:$web; }\n}\n"
            ),
            "www/index.html": PAGE,
        },
        ports={"tls": "tcp https", "web": "tcp http"},
        before=("tls",),
        then=("tls",),
    ),
)
