"""SSH, FTP, telnet and SMTP daemons."""

from pathlib import Path

from .stage import PYTHONS, ROOT, Tape, daemon, hear, inetd, program, upstream, workplace, written

SSH_OPTIONS = {
    "as Debian ships it": [],
    "DebianBanner no": ["-o", "DebianBanner=no"],
    "VersionAddendum kiosk": ["-o", "VersionAddendum=kiosk"],
    "VersionAddendum none": ["-o", "VersionAddendum=none"],
    "VersionAddendum patched-by-acme": ["-o", "VersionAddendum=patched-by-acme"],
    "VersionAddendum gw-3 rev2, DebianBanner no": ["-o", "DebianBanner=no", "-o", "VersionAddendum=gw-3 rev2"],
}


def _ssh(tape: Tape, port: int, how: str) -> None:
    line = next(x for x in hear(port, seconds=3).decode("latin-1").splitlines() if x.startswith("SSH-"))
    tape.add("ssh.banner", line.split("-", 2)[2], how)


def openssh() -> Tape:
    tape = Tape("openssh-server", "OpenSSH", "")
    version = upstream("openssh-server")
    tape.version = version
    with workplace() as folder:
        import subprocess

        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / "key")], check=True)
        Path("/run/sshd").mkdir(exist_ok=True)
        for number, (how, options) in enumerate(SSH_OPTIONS.items()):
            port = 2200 + number
            command = [
                program("sshd"),
                "-D",
                "-e",
                "-f",
                "/dev/null",
                "-h",
                str(folder / "key"),
                "-p",
                str(port),
                *options,
            ]
            with daemon(command, port):
                _ssh(tape, port, how)
    return tape


def dropbear() -> Tape:
    tape = Tape("dropbear-bin", "Dropbear", upstream("dropbear-bin"))
    with workplace() as folder:
        for number, options in enumerate(([], ["-s"], ["-g"], ["-w"])):
            port = 2210 + number
            command = [
                program("dropbear"),
                "-F",
                "-E",
                "-R",
                "-p",
                f"127.0.0.1:{port}",
                "-P",
                str(folder / "pid"),
                *options,
            ]
            with daemon(command, port):
                _ssh(tape, port, " ".join(options) or "no options")
    return tape


def tinyssh() -> Tape:
    tape = Tape("tinysshd", "TinySSH", upstream("tinysshd"))
    with workplace() as folder:
        import subprocess

        keys = folder / "keys"
        from .stage import environment

        subprocess.run([program("tinysshd-makekey"), str(keys)], check=True, env=environment())
        with inetd([program("tinysshd"), "-l", str(keys)], 2220):
            _ssh(tape, 2220, "as Debian ships it")
    return tape


PROFTPD = {
    "ServerIdent on": 'ServerIdent on\nServerName "box"',
    "ServerIdent off": 'ServerIdent off\nServerName "box"',
    "default ServerIdent, ServerName Debian": 'ServerName "Debian"',
    "ServerIdent on, name of a company": 'ServerIdent on\nServerName "Files of Acme"',
    "ServerIdent with a text of its own": 'ServerIdent on "Welcome, stranger"\nServerName "box"',
    "ServerIdent with a version variable": 'ServerIdent on "FTP Server ready."\nServerName "box"',
}


def proftpd() -> Tape:
    tape = Tape("proftpd-core", "ProFTPD", upstream("proftpd-core"))
    with workplace() as folder:
        for number, (how, lines) in enumerate(PROFTPD.items()):
            port = 2230 + number
            text = (
                f"{lines}\nServerType standalone\nPort {port}\nDefaultAddress 127.0.0.1\nUseIPv6 off\nUser nobody\n"
                f"Group nogroup\nPidFile {folder}/pid\nScoreboardFile {folder}/board\nDelayTable none\n"
                f"ModulePath {ROOT}/usr/lib/proftpd\nUseReverseDNS off\nWtmpLog off\nSystemLog none\nTransferLog none\n"
                "AuthPAM off\nRequireValidShell off\n"
            )
            with daemon([program("proftpd"), "-n", "-c", written(folder, f"{number}.conf", text)], port):
                tape.add("ftp.banner", hear(port).decode("latin-1").removeprefix("220 "), how)
    return tape


def mod_sftp() -> Tape:
    import subprocess

    tape = Tape("proftpd-mod-crypto", "mod_sftp", "")
    with workplace() as folder:
        subprocess.run(["ssh-keygen", "-q", "-t", "rsa", "-m", "PEM", "-N", "", "-f", str(folder / "key")], check=True)
        for number, ident in enumerate(("on", "off", 'on "files of Acme"')):
            port = 2250 + number
            text = (
                f"ServerType standalone\nPort {port}\nDefaultAddress 127.0.0.1\nUseIPv6 off\nUser nobody\n"
                "Group nogroup\n"
                f"ServerIdent {ident}\nPidFile {folder}/pid\nScoreboardFile {folder}/board\nDelayTable none\n"
                f"ModulePath {ROOT}/usr/lib/proftpd\nLoadModule mod_sftp.c\nSFTPEngine on\nSFTPHostKey {folder}/key\n"
                "UseReverseDNS off\nWtmpLog off\nSystemLog none\nTransferLog none\nAuthPAM off\n"
            )
            with daemon([program("proftpd"), "-n", "-c", written(folder, f"{number}.conf", text)], port):
                _ssh(tape, port, f"ServerIdent {ident}")
    return tape


def pureftpd() -> Tape:
    tape = Tape("pure-ftpd", "Pure-FTPd", upstream("pure-ftpd"))
    for number, options in enumerate((["-A"], ["-e"], ["-E"], ["-4", "-C", "2"], ["-0"], ["-I", "5"], ["-R"], ["-r"])):
        port = 2240 + number
        with daemon([program("pure-ftpd"), "-S", f"127.0.0.1,{port}", "-c", "10", *options], port):
            first = hear(port).decode("latin-1")
            tape.add("ftp.banner", first.removeprefix("220-").removeprefix("220 "), " ".join(options))
    return tape


VSFTPD = {
    "default banner": "",
    "ftpd_banner=Welcome to the archive.": "ftpd_banner=Welcome to the archive.\n",
    "ftpd_banner=box FTP ready": "ftpd_banner=box FTP ready\n",
    "anonymous off": "anonymous_enable=NO\n",
    "local users": "local_enable=YES\nwrite_enable=YES\n",
    "one process": "run_as_launching_user=NO\nuse_localtime=YES\n",
}


def vsftpd() -> Tape:
    tape = Tape("vsftpd", "vsftpd", upstream("vsftpd"))
    with workplace() as folder:
        Path("/var/run/vsftpd/empty").mkdir(parents=True, exist_ok=True)
        for number, (how, lines) in enumerate(VSFTPD.items()):
            port = 2260 + number
            text = (
                f"{lines}listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\nseccomp_sandbox=NO\n"
            )
            with daemon([program("vsftpd"), written(folder, f"{number}.conf", text)], port):
                tape.add("ftp.banner", hear(port).decode("latin-1").removeprefix("220 "), how)
    return tape


def inetutils() -> Tape:
    tape = Tape("inetutils-ftpd", "inetutils ftpd", upstream("inetutils-ftpd"))
    for number, options in enumerate(([], ["-q"], ["-a", "default"])):
        with inetd([program("ftpd"), *options], 2270 + number):
            tape.add(
                "ftp.banner", hear(2270 + number).decode("latin-1").removeprefix("220 "), " ".join(options) or "plain"
            )
    return tape


ISSUES = {
    "issue.net of Debian": "Debian GNU/Linux 12\n",
    "issue of a product": "Acme Thermostat T-100 rev 4\n",
    "no issue": "",
    "a warning": "Authorised access only!\nThis system is watched.\n",
    "Buildroot's issue": "Welcome to Buildroot\n",
}


def busybox() -> Tape:
    tape = Tape("busybox-static", "BusyBox", upstream("busybox-static"))
    with workplace() as folder:
        for number, (how, issue) in enumerate(ISSUES.items()):
            port = 2280 + number
            login = written(folder, f"login{number}", "#!/bin/sh\nprintf 'box login: '\nread x\n")
            Path(login).chmod(0o755)
            command = [
                program("busybox"),
                "telnetd",
                "-F",
                "-p",
                str(port),
                "-f",
                written(folder, f"i{number}", issue),
                "-l",
                login,
            ]
            with daemon(command, port):
                tape.add("telnet_banners", _text(hear(port)), how)
        with daemon([program("busybox"), "telnetd", "-F", "-p", "2290", "-l", "/bin/busybox", "-f", "/dev/null"], 2290):
            pass
        shell = written(folder, "shell", f"#!/bin/sh\ncd /\nexec {program('busybox')} ash -i\n")
        Path(shell).chmod(0o755)
        with daemon([program("busybox"), "telnetd", "-F", "-p", "2291", "-l", shell, "-f", "/dev/null"], 2291):
            tape.add("telnet_banners", _text(hear(2291)), "an open ash")
        with inetd([program("busybox"), "ftpd", "/tmp"], 2292):
            tape.add("ftp.banner", hear(2292).decode("latin-1").removeprefix("220 "), "busybox ftpd")
    return tape


def _text(data: bytes) -> str:
    """Telnet without its negotiation, and without the terminal's own codes."""
    import re

    from iotscan.wire import telnet

    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", telnet.split(data).text.decode("latin-1")).replace("\x00", "")


EXIM = {
    "default": "",
    "smtp_banner with a text of its own": "smtp_banner = $smtp_active_hostname ESMTP ready\n",
    "smtp_banner without version": "smtp_banner = $smtp_active_hostname ESMTP Exim\n",
    "with the time alone": "smtp_banner = $tod_full ready for mail\n",
    "a name without a dot": "smtp_active_hostname = gw\n",
    "another name": "smtp_active_hostname = relay.acme.test\n",
}


def exim() -> Tape:
    tape = Tape("exim4-daemon-light", "Exim", upstream("exim4-daemon-light"))
    with workplace() as folder:
        folder.chmod(0o777)
        for number, (how, lines) in enumerate(EXIM.items()):
            text = (
                f"{lines}primary_hostname = mail.box.test\nspool_directory = {folder}/spool{number}\n"
                f"log_file_path = {folder}/log%s\n"
                "exim_user = nobody\nexim_group = nogroup\nacl_smtp_rcpt = deny_all\nkeep_environment =\n"
                "tls_advertise_hosts =\n"
                "host_lookup =\nbegin acl\ndeny_all:\n  deny\n"
            )
            config = written(folder, f"exim{number}.conf", text)
            with inetd([program("exim4"), "-C", config, "-bs", "-oMa", "127.0.0.1"], 2300 + number):
                tape.add(
                    "smtp.banner", hear(2300 + number).decode("latin-1").partition("\r\n")[0].removeprefix("220 "), how
                )
    return tape


def opensmtpd() -> Tape:
    tape = Tape("opensmtpd", "OpenSMTPD", upstream("opensmtpd"))
    with workplace() as folder:
        for number, name in enumerate(("mail.box.test", "gw", "relay.acme.test")):
            port = 2310 + number
            text = (
                f'listen on 127.0.0.1 port {port} hostname "{name}"\naction "l" maildir\nmatch for local action "l"\n'
            )
            with daemon([program("/usr/sbin/smtpd"), "-d", "-f", written(folder, f"{number}.conf", text)], port):
                tape.add(
                    "smtp.banner", hear(port).decode("latin-1").partition("\r\n")[0].removeprefix("220 "), f"as {name}"
                )
    return tape


GREETINGS = {"default": "", "its own": "login_greeting = Mail of Acme\n", "hidden": "login_greeting = ready\n"}


def dovecot() -> Tape:
    tape = Tape("dovecot-core", "Dovecot", upstream("dovecot-core"))
    with workplace() as folder:
        for number, (how, lines) in enumerate(GREETINGS.items()):
            base = 2320 + 4 * number
            text = (
                f"{lines}protocols = imap pop3\npassdb {{\n driver = static\n args = password=x\n}}\nuserdb {{\n"
                f" driver = static\n args = uid=65534 gid=65534 home=/tmp\n}}\nbase_dir = {folder}/run{number}\n"
                f"ssl = no\nlog_path = {folder}/log\n"
                f"service imap-login {{\n inet_listener imap {{\n  address = 127.0.0.1\n  port = {base}\n }}\n"
                " inet_listener imaps {\n  port = 0\n }\n}\n"
                f"service pop3-login {{\n inet_listener pop3 {{\n  address = 127.0.0.1\n  port = {base + 1}\n }}\n"
                " inet_listener pop3s {\n  port = 0\n }\n}\n"
            )
            with daemon([program("dovecot"), "-F", "-c", written(folder, f"{number}.conf", text)], base):
                imap = hear(base).decode("latin-1").removeprefix("* OK ")
                tape.add("imap4.banner", imap, how)
                tape.add("pop3.banner", hear(base + 1).decode("latin-1").removeprefix("+OK "), how)
    return tape


PYTHON_SERVERS = {
    "asyncssh": (
        "AsyncSSH",
        "ssh.banner",
        "import asyncio, asyncssh\nasync def main():\n"
        " await asyncssh.listen('127.0.0.1', {port}, server_host_keys=[asyncssh.generate_private_key('ssh-ed25519')])\n"
        " await asyncio.sleep(60)\nasyncio.run(main())\n",
    ),
    "paramiko": (
        "Paramiko",
        "ssh.banner",
        "import socket, paramiko\nkey = paramiko.RSAKey.generate(2048)\n"
        "s = socket.create_server(('127.0.0.1', {port}))\n"
        "while True:\n c, _ = s.accept()\n t = paramiko.Transport(c)\n t.add_server_key(key)\n"
        " try:\n  t.start_server(server=paramiko.ServerInterface(), timeout=2)\n except Exception: pass\n",
    ),
    "pyftpdlib": (
        "pyftpdlib",
        "ftp.banner",
        "from pyftpdlib.handlers import FTPHandler as H\nfrom pyftpdlib.servers import FTPServer\n"
        "FTPServer(('127.0.0.1', {port}), H).serve_forever()\n",
    ),
    "aiosmtpd": (
        "aiosmtpd",
        "smtp.banner",
        "import asyncio\nfrom aiosmtpd.smtp import SMTP\nfrom aiosmtpd.handlers import Sink\nasync def main():\n"
        " l = asyncio.get_running_loop()\n await l.create_server(lambda: SMTP(Sink()), '127.0.0.1', {port})\n"
        " await asyncio.sleep(60)\nasyncio.run(main())\n",
    ),
}


def python_servers() -> list[Tape]:
    import subprocess

    tapes = []
    wanted = [(python, name, *rest) for python in PYTHONS for name, rest in PYTHON_SERVERS.items()]
    for number, (python, package, product, kind, code) in enumerate(wanted):
        port = 2340 + number
        ask = f"import importlib.metadata as m; print(m.version('{package}'))"
        version = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=False).stdout.strip()
        if not version:
            continue
        tape = Tape(f"PyPI {package}", product, version)
        with daemon([python, "-c", code.format(port=port)], port):
            said = hear(port, seconds=3).decode("latin-1").partition("\r\n")[0]
            tape.add(
                kind, said.split("-", 2)[-1] if kind == "ssh.banner" else said.removeprefix("220 "), "its defaults"
            )
        tapes.append(tape)
    return tapes
