"""What an image starts: every init system on small roots, systemd also against its own tools."""

import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iotscan.model.facts import ScheduledJobs, StartedService, StartedServices
from iotscan.observe.image.inspectors import startup
from iotscan.observe.image.readers.folder import FolderTree
from iotscan.observe.image.startup.command import fill_in, split, understand
from iotscan.observe.image.startup.units import Units
from iotscan.observe.image.startup.words import shown_arguments, shown_line
from tests.observe.image.looking import a_root, heard_of

UNITS = "usr/lib/systemd/system"
TARGETS = {
    "usr/lib/systemd/systemd": "x",
    f"{UNITS}/multi-user.target": "[Unit]\nRequires=basic.target\n",
    f"{UNITS}/basic.target": "[Unit]\nRequires=sysinit.target\nWants=sockets.target timers.target\n",
    f"{UNITS}/sysinit.target": "[Unit]\nDescription=x\n",
    f"{UNITS}/sockets.target": "[Unit]\nDescription=x\n",
    f"{UNITS}/timers.target": "[Unit]\nDescription=x\n",
    "etc/machine-id": "0123456789abcdef0123456789abcdef\n",
}
LINKS = {"sbin/init": "/usr/lib/systemd/systemd", "etc/systemd/system/default.target": f"/{UNITS}/multi-user.target"}


def unit(text: str) -> str:
    return f"[Service]\n{text}\n[Install]\nWantedBy=multi-user.target\n"


def a_system(folder: Path, files: Mapping[str, str], links: Mapping[str, str] = {}) -> FolderTree:
    tree = a_root(folder, {**TARGETS, **files})
    add_links(folder, {**LINKS, **links})
    return tree


def add_links(folder: Path, links: Mapping[str, str]) -> None:
    for name, target in links.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.symlink_to(target)


def started(tree: FolderTree) -> dict[str, StartedService]:
    heard = heard_of(startup.INSPECTOR, tree)
    (fact,) = (f for f in heard.facts if isinstance(f, StartedServices))
    return {service.name: service for service in fact.services}


def wanted(*names: str) -> dict[str, str]:
    folder = "etc/systemd/system/multi-user.target.wants"
    return {f"{folder}/{name}": f"/{UNITS}/{name}" for name in names}


def test_only_what_default_target_pulls_in_is_started(tmp_path: Path) -> None:
    files = {f"{UNITS}/{name}.service": unit(f"ExecStart=/opt/{name}") for name in ("on", "off", "masked", "emptied")}
    tree = a_system(
        tmp_path,
        files | {"etc/systemd/system/emptied.service": ""},
        {**wanted("on.service", "masked.service", "emptied.service"), "etc/systemd/system/masked.service": "/dev/null"},
    )
    found = started(tree)
    assert list(found) == ["on.service"]
    assert found["on.service"].path == f"/{UNITS}/on.service"
    assert found["on.service"].line == 2
    assert found["on.service"].enabled_by == "/etc/systemd/system/multi-user.target.wants/on.service"
    assert found["on.service"].user.known == "root"
    assert not found["on.service"].faces_network.is_answered


def test_drop_ins_override_and_empty_assignments_reset(tmp_path: Path) -> None:
    tree = a_system(
        tmp_path,
        {
            f"{UNITS}/app.service": unit("ExecStart=/opt/old\nUser=app\nProtectSystem=strict\nSystemCallFilter=@a"),
            f"{UNITS}/app.service.d/10-user.conf": "[Service]\nUser=vendor\n",
            "etc/systemd/system/app.service.d/10-user.conf": "[Service]\nUser=\n# User=commented\n",
            "etc/systemd/system/app.service.d/20.conf": (
                "[Service]\nExecStart=\nExecStart=-/opt/new \\\n  --port=8080\n"
            ),
            "etc/systemd/system/service.d/30.conf": (
                "[Service]\nNoNewPrivileges=yes\nProtectSystem=no\nSystemCallFilter=\n"
            ),
        },
        wanted("app.service"),
    )
    app = started(tree)["app.service"]
    assert (app.program, app.arguments, app.user.known) == ("/opt/new", ("--port=8080",), "root")
    assert (app.path, app.line) == ("/etc/systemd/system/app.service.d/20.conf", 3)
    assert app.sandbox == ("NoNewPrivileges=yes",)
    assert [(p.transport, p.port, p.source) for p in app.listeners] == [("tcp", 8080, "argument")]


def test_sockets_instances_aliases_and_conditions(tmp_path: Path) -> None:
    tree = a_system(
        tmp_path,
        {
            f"{UNITS}/web.socket": "[Socket]\nListenStream=127.0.0.1:8081\nListenStream=8080\nListenStream=/run/x\n",
            f"{UNITS}/web.service": unit("ExecStart=/opt/web\nDynamicUser=yes"),
            f"{UNITS}/tel.socket": "[Socket]\nListenStream=23\nAccept=yes\n",
            f"{UNITS}/tel@.service": unit("ExecStart=-/opt/telnetd -i"),
            f"{UNITS}/tty@.service": unit("ExecStart=/opt/tty /dev/%i"),
            f"{UNITS}/real.service": unit("ExecStart=/opt/real"),
            f"{UNITS}/never.service": "[Unit]\nConditionPathExists=/etc/no-such\n" + unit("ExecStart=/opt/never"),
            f"{UNITS}/gone.service": unit("ExecStart=/usr/sbin/gone"),
        },
        {
            "etc/systemd/system/sockets.target.wants/web.socket": f"/{UNITS}/web.socket",
            "etc/systemd/system/sockets.target.wants/tel.socket": f"/{UNITS}/tel.socket",
            "etc/systemd/system/multi-user.target.wants/tty@one.service": f"/{UNITS}/tty@.service",
            "etc/systemd/system/nick.service": f"/{UNITS}/real.service",
            "etc/systemd/system/multi-user.target.wants/nick.service": f"/{UNITS}/real.service",
            **wanted("never.service", "gone.service"),
        },
    )
    found = started(tree)
    assert sorted(found) == ["real.service", "tel@.service", "tty@one.service", "web.service"]
    assert found["web.service"].user.known == "dynamic"
    assert {(p.port, p.address, p.source) for p in found["web.service"].listeners} == {
        (8081, "127.0.0.1", "socket"),
        (8080, "", "socket"),
    }
    assert [p.port for p in found["tel@.service"].listeners] == [23]
    assert found["tty@one.service"].arguments == ("/dev/one",)


def test_an_empty_line_takes_back_addresses_but_no_dependency(tmp_path: Path) -> None:
    tree = a_system(
        tmp_path,
        {
            f"{UNITS}/web.socket": "[Socket]\nListenStream=8080\n",
            "etc/systemd/system/web.socket.d/a.conf": "[Socket]\nListenStream=\nListenStream=127.0.0.1:8081\n",
            f"{UNITS}/web.service": "[Unit]\nWants=more.service\n" + unit("ExecStart=/opt/web"),
            "etc/systemd/system/web.service.d/a.conf": "[Unit]\nWants=\n",
            f"{UNITS}/more.service": unit("ExecStart=/opt/more"),
        },
        {"etc/systemd/system/sockets.target.wants/web.socket": f"/{UNITS}/web.socket"},
    )
    found = started(tree)
    assert sorted(found) == ["more.service", "web.service"]
    assert [p.port for p in found["web.service"].listeners] == [8081]
    assert found["web.service"].faces_network.known is False


def test_a_program_that_does_not_import_bind_opens_no_port(tmp_path: Path) -> None:
    true, agent = shutil.which("true"), shutil.which("ssh-agent")
    if true is None or agent is None:
        pytest.skip("ssh-agent is missing (package openssh-client)")
    files = {f"{UNITS}/{n}.service": unit(f"ExecStart=/usr/bin/{n}") for n in ("quiet", "binds", "script")}
    tree = a_system(
        tmp_path, files | {"usr/bin/script": "#!/bin/sh\n"}, wanted("quiet.service", "binds.service", "script.service")
    )
    (tmp_path / "usr/bin/quiet").write_bytes(Path(true).read_bytes())
    (tmp_path / "usr/bin/binds").write_bytes(Path(agent).read_bytes())
    answers = {name: service.faces_network.known for name, service in started(tree).items()}
    assert answers == {"quiet.service": False, "binds.service": None, "script.service": None}


def test_presets_enable_with_the_first_start(tmp_path: Path) -> None:
    files = {
        f"{UNITS}/a.service": unit("ExecStart=/opt/a"),
        f"{UNITS}/b.service": unit("ExecStart=/opt/b"),
        "usr/lib/systemd/system-preset/50-x.preset": "enable a.*\ndisable *\n",
        "etc/machine-id": "uninitialized\n",
    }
    found = started(a_system(tmp_path, files))
    assert list(found) == ["a.service"]
    assert found["a.service"].enabled_by.endswith("/50-x.preset:1")


def test_a_drop_in_that_cannot_be_read_makes_it_unreadable(tmp_path: Path) -> None:
    tree = a_system(tmp_path, {f"{UNITS}/a.service": unit("ExecStart=/opt/a")}, wanted("a.service"))
    place = tmp_path / "etc/systemd/system/a.service.d"
    place.mkdir()
    os.mkfifo(place / "x.conf")
    (missed,) = {m.reason for m in heard_of(startup.INSPECTOR, tree).missed}
    assert missed == "unreadable"


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemctl (package systemd) is the control")
def test_the_closure_agrees_with_systemctl(tmp_path: Path) -> None:
    names = {"on": "enabled", "off": "disabled", "masked": "masked", "alias": "enabled", "tmpl@x": "enabled"}
    files = {f"{UNITS}/{n}.service": unit(f"ExecStart=/opt/{n}") for n in ("on", "off", "masked", "alias")}
    files[f"{UNITS}/tmpl@.service"] = unit("ExecStart=/opt/tmpl")
    files[f"{UNITS}/alias.service"] += "Alias=nick.service\n"
    tree = a_system(tmp_path, files)

    def systemctl(*words: str) -> str:
        done = subprocess.run(
            ["systemctl", f"--root={tmp_path}", *words], capture_output=True, text=True, timeout=20, check=False
        )
        return done.stdout.strip()

    systemctl("enable", "on.service", "alias.service", "tmpl@x.service")
    systemctl("mask", "masked.service")
    said = {name: systemctl("is-enabled", f"{name}.service") for name in names}
    assert said == names
    found = started(tree)
    assert sorted(found) == sorted(f"{name}.service" for name, state in said.items() if state == "enabled")
    assert Units(tree).load("nick.service").name == "alias.service"
    assert Units(tree).load("masked.service").is_masked


REAL_UNITS = ("avahi-daemon", "dovecot", "lighttpd", "mosquitto", "nginx", "snmpd", "ssh", "vsftpd")


@pytest.mark.skipif(shutil.which("systemctl") is None, reason="systemctl (package systemd) is the control")
def test_real_units_agree_with_systemctl(tmp_path: Path) -> None:
    real = Path("/usr/lib/systemd/system")
    names = [name for name in REAL_UNITS if (real / f"{name}.service").is_file()]
    if len(names) < 4:
        pytest.skip("units of services are missing (packages mosquitto, nginx-light, openssh-server, snmpd, vsftpd)")
    place = tmp_path / UNITS
    place.mkdir(parents=True)
    shown = [f"{name}.service" for name in names]
    for unit_name in [*shown, *(file.name for file in real.glob("*.target"))]:
        # A link between units stays one.
        shutil.copy(real / unit_name, place / unit_name, follow_symlinks=False)
        for program in re.findall(r"^ExecStart=[-@:+!]*(/\S+)", (real / unit_name).read_text(), re.M):
            (tmp_path / program.lstrip("/")).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / program.lstrip("/")).write_bytes(b"")
    # snmpd has a condition on its configuration, which systemctl does not look at.
    files = {name: TARGETS[name] for name in ("usr/lib/systemd/systemd", "etc/machine-id")}
    tree = a_root(tmp_path, {**files, "etc/snmp/snmpd.conf": "x"})
    add_links(tmp_path, LINKS)
    root = f"--root={tmp_path}"
    for words in (["enable", *shown[1:]], ["mask", shown[1]], ["disable", shown[2]]):
        subprocess.run(["systemctl", root, *words], capture_output=True, timeout=20, check=True)
    listed = ["systemctl", root, "list-unit-files", "--state=enabled", "--type=service", "--no-legend", "--plain"]
    done = subprocess.run(listed, capture_output=True, text=True, timeout=20, check=True)
    enabled = sorted(line.split()[0] for line in done.stdout.splitlines())
    assert enabled == sorted(shown[3:])
    assert sorted(started(tree)) == enabled


def test_init_scripts_of_system_v(tmp_path: Path) -> None:
    script = (
        "#!/bin/sh\n### BEGIN INIT INFO\n# Provides: acme\n### END INIT INFO\nDAEMON=/usr/sbin/acmed\n"
        'OPTS="-f"\n[ -r /etc/default/acme ] && . /etc/default/acme\ncase "$1" in\nstart)\n'
        "  start-stop-daemon --start --quiet --chuid acme:acme \\\n    --exec $DAEMON -- $OPTS\n  ;;\nesac\n"
    )
    tree = a_root(
        tmp_path,
        {
            "sbin/init": "ELF",
            "etc/inittab": (
                "id:3:initdefault:\nsi::sysinit:/etc/init.d/rcS\nT0:23:respawn:/sbin/getty -L ttyS0\n#x:3:once:/bin/y\n"
            ),
            "sbin/getty": "x",
            "usr/sbin/acmed": "x",
            "etc/init.d/acme": script,
            "etc/default/acme": "OPTS='-f --port 9000 --password hunter2'\n",
            "etc/init.d/old": script.replace("acme", "old"),
        },
    )
    add_links(tmp_path, {"etc/rc3.d/S20acme": "../init.d/acme", "etc/rc2.d/S20old": "../init.d/old"})
    add_links(tmp_path, {"etc/rc3.d/K01old": "../init.d/old"})
    found = started(tree)
    assert sorted(found) == ["acme", "getty"]
    acme = found["acme"]
    assert (acme.program, acme.user.known, acme.line) == ("/usr/sbin/acmed", "acme", 10)
    assert acme.arguments[:2] == ("-f", "--port")
    assert "hunter2" not in str(acme)
    assert [p.port for p in acme.listeners] == [9000]
    assert found["getty"].faces_network.known is False


def test_openrc_reads_conf_d(tmp_path: Path) -> None:
    tree = a_root(
        tmp_path,
        {
            "sbin/openrc": "x",
            "etc/init.d/sshd": (
                ': ${cfg_dir:="/etc/ssh"}\ncommand="${SSHD_BINARY:-/usr/sbin/sshd}"\n'
                'command_args="${SSHD_OPTS} -f $cfg_dir/x"\n'
            ),
            "etc/conf.d/sshd": 'SSHD_OPTS="-p 2222"\n',
            "etc/init.d/app": "command=/usr/bin/app\ncommand_user=app:app\nno_new_privs=yes\n",
            "etc/init.d/off": "command=/usr/bin/off\n",
        },
    )
    add_links(tmp_path, {"etc/runlevels/default/sshd": "/etc/init.d/sshd", "etc/runlevels/boot/app": "/etc/init.d/app"})
    found = started(tree)
    assert sorted(found) == ["app", "sshd"]
    assert found["sshd"].arguments == ("-p", "2222", "-f", "/etc/ssh/x")
    assert [p.port for p in found["sshd"].listeners] == [2222]
    assert (found["app"].user.known, found["app"].sandbox) == ("app", ("no_new_privs=yes",))


def test_procd_and_its_parameters(tmp_path: Path) -> None:
    tree = a_root(
        tmp_path,
        {
            "sbin/init": "ELF",
            "sbin/procd": "ELF",
            "etc/rc.common": "x",
            "usr/sbin/dropbear": "x",
            "etc/init.d/dropbear": (
                "#!/bin/sh /etc/rc.common\nUSE_PROCD=1\nPROG=/usr/sbin/dropbear\nstart_service() {\n"
                '\tprocd_open_instance\n\tprocd_set_param command "$PROG" -F -P /run/x\n'
                "\tprocd_append_param command -p 22\n"
                "\tprocd_set_param user nobody\n\tprocd_add_jail dropbear\n\tprocd_set_param no_new_privs 1\n}\n"
            ),
            "etc/init.d/off": "#!/bin/sh /etc/rc.common\nprocd_set_param command /usr/sbin/off\n",
        },
    )
    add_links(tmp_path, {"etc/rc.d/S19dropbear": "../init.d/dropbear", "etc/rc.d/K50off": "../init.d/off"})
    (dropbear,) = started(tree).values()
    assert (dropbear.program, dropbear.user.known) == ("/usr/sbin/dropbear", "nobody")
    assert dropbear.arguments == ("-F", "-P", "/run/x", "-p", "22")
    assert dropbear.sandbox == ("procd_add_jail", "no_new_privs 1")


def test_busybox_inittab_rc_scripts_and_inetd(tmp_path: Path) -> None:
    tree = a_root(
        tmp_path,
        {
            "bin/busybox": "ELF",
            "etc/inittab": (
                "::sysinit:/etc/init.d/rcS\n::respawn:/usr/sbin/telnetd -F -l /bin/sh\n#::respawn:/usr/sbin/ftpd\n"
                "::once:/etc/vendor/media.sh\n"
            ),
            "etc/vendor/media.sh": "#!/bin/sh\n/opt/minidlnad &\n",
            "opt/minidlnad": "ELF",
            "etc/init.d/rcS": (
                "#!/bin/sh\nfor i in /etc/init.d/S??* ;do\n $i start\ndone\nhttpd -h /www -p 127.0.0.1:81 &\n"
            ),
            "etc/init.d/S50inetd": "#!/bin/sh\nstart() {\n  inetd\n}\n",
            "etc/inetd.conf": (
                "# comment\nftp stream tcp nowait root /usr/sbin/ftpd ftpd -w /\n"
                "#tftp dgram udp wait root /usr/sbin/tftpd\n"
                "127.0.0.1:2121 stream tcp nowait nobody /usr/sbin/ftpd ftpd\n"
            ),
        },
    )
    busybox = {f"usr/sbin/{name}": "/bin/busybox" for name in ("telnetd", "httpd", "inetd", "ftpd", "tftpd")}
    add_links(tmp_path, {"sbin/init": "/bin/busybox", **busybox})
    found = started(tree)
    assert sorted(found) == ["2121", "ftp", "httpd", "inetd", "minidlnad", "telnetd"]
    assert found["minidlnad"].path == "/etc/vendor/media.sh"
    assert found["telnetd"].arguments == ("-F", "-l", "/bin/sh")
    assert (found["ftp"].path, found["ftp"].line, found["ftp"].user.known) == ("/etc/inetd.conf", 2, "root")
    assert found["2121"].faces_network.known is False
    assert found["httpd"].faces_network.known is False
    assert (found["httpd"].path, found["httpd"].line) == ("/etc/init.d/rcS", 5)


def test_runit_and_s6_and_xinetd(tmp_path: Path) -> None:
    runit = a_root(
        tmp_path / "runit",
        {
            "etc/runit/2": "x",
            "etc/sv/web/run": "#!/bin/sh\nexec 2>&1\nexec chpst -u www:www /opt/web -p 80\n",
            "etc/sv/off/run": "#!/bin/sh\nexec /opt/off\n",
            "etc/sv/off/down": "",
            "etc/sv/x/run": "#!/bin/sh\nexec xinetd -dontfork\n",
            "usr/sbin/xinetd": "x",
            "etc/xinetd.d/telnet": (
                "service telnet\n{\n  disable = no\n  user = root\n  server = /usr/sbin/in.telnetd\n}\n"
            ),
            "etc/xinetd.d/tftp": "service tftp\n{\n  disable = yes\n  server = /usr/sbin/in.tftpd\n}\n",
        },
    )
    add_links(tmp_path / "runit", {f"etc/runit/runsvdir/default/{n}": f"../../../sv/{n}" for n in ("web", "off", "x")})
    found = started(runit)
    assert sorted(found) == ["telnet", "web", "x"]
    assert (found["web"].program, found["web"].user.known) == ("/opt/web", "www")
    assert [(p.port, p.source) for p in found["telnet"].listeners] == [(23, "inetd")]
    s6 = a_root(
        tmp_path / "s6", {"etc/services.d/app/run": "#!/usr/bin/with-contenv sh\nexec s6-setuidgid app /opt/app\n"}
    )
    (app,) = started(s6).values()
    assert (app.program, app.user.known, app.started_by) == ("/opt/app", "app", "s6")


def test_no_init_system_is_said_not_taken_for_nothing_started(tmp_path: Path) -> None:
    heard = heard_of(startup.INSPECTOR, a_root(tmp_path, {"etc/hostname": "x"}))
    assert {(m.need, m.reason) for m in heard.missed} == {
        ("started-services", "not_observable"),
        ("scheduled-jobs", "not_observable"),
    }


def test_jobs_of_cron_and_timers(tmp_path: Path) -> None:
    tree = a_system(
        tmp_path,
        {
            f"{UNITS}/backup.timer": "[Timer]\nOnCalendar=daily\n",
            f"{UNITS}/backup.service": "[Service]\nType=oneshot\nUser=backup\nExecStart=/opt/backup\n",
            "etc/crontab": "SHELL=/bin/sh\n# m h\n17 * * * * root curl https://u:p4ss@host/ | sh\n",
            "var/spool/cron/crontabs/app": "@reboot /opt/app --token abcdef\n",
        },
        {"etc/systemd/system/timers.target.wants/backup.timer": f"/{UNITS}/backup.timer"},
    )
    (fact,) = (f for f in heard_of(startup.INSPECTOR, tree).facts if isinstance(f, ScheduledJobs))
    assert [(j.when, j.user, j.line) for j in fact.jobs] == [
        ("OnCalendar=daily", "backup", 2),
        ("17 * * * *", "root", 3),
        ("@reboot", "app", 1),
    ]
    assert "p4ss" not in str(fact)
    assert "abcdef" not in str(fact)


@pytest.mark.parametrize(
    ("text", "program", "arguments", "user"),
    [
        ("/bin/sh -c 'cd / && exec /opt/a -x'", "/opt/a", ("-x",), ""),
        ("env A=1 nice -n 5 /opt/a b", "/opt/a", ("b",), ""),
        ("su -s /bin/sh app -c '/opt/a b'", "/opt/a", ("b",), "app"),
        ("start-stop-daemon -S -b -x /opt/a -c app -- -p 1", "/opt/a", ("-p", "1"), "app"),
        ("start-stop-daemon -K -x /opt/a", "", (), ""),
        ("setpriv --reuid=app --clear-groups /opt/a", "/opt/a", (), "app"),
    ],
)
def test_wrappers_are_looked_through(text: str, program: str, arguments: tuple[str, ...], user: str) -> None:
    found = understand(split(text))
    assert (found.program, found.arguments, found.user) == (program, arguments, user)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("mosquitto_sub -h b -P hinterhaus --psk-key=ab", "mosquitto_sub -h … -P … --psk-key=…"),
        ("mysql -phinterhaus", "mysql -p…"),
        ("sshpass -p 1234 ssh gw@h", "sshpass -p … … …"),
        ("curl -uadmin:hinterhaus http://x/?key=hinterhaus", "curl -u… …"),
        ("TOKEN=hinterhaus /opt/agent --token hinterhaus", "TOKEN=… /opt/agent --token …"),
        ("a --password-file /etc/p --port 80 --key /etc/k", "a --password-file /etc/p --port 80 --key …"),
        ("sshd -D -p 22 -Y 1234", "sshd -D -p 22 -Y …"),
        ("busybox nc -l -p 4444 -e /bin/sh", "busybox nc -l -p 4444 -e /bin/sh"),
        ("telnetd -Fl /bin/sh", "telnetd -F… /bin/sh"),
        ("socat tcp-l:99,fork exec:/bin/sh,x=hinterhaus", "socat tcp-l:99… exec:/bin/sh…"),
        ("echo hinterhaus | passwd --stdin root", "echo …; passwd --stdin …"),
    ],
)
def test_what_may_be_a_secret_stays_out_of_command_lines(line: str, shown: str) -> None:
    assert shown_line(line) == shown


UNIT_LINES = st.lists(
    st.sampled_from(
        ["[Service]", "[Unit]", "ExecStart=", "ExecStart=@/opt/a", "Wants=a.service x@%i.service", "\\", "="]
    )
    | st.text(max_size=30),
    max_size=10,
)


@settings(max_examples=40)
@given(lines=UNIT_LINES)
def test_any_unit_is_survived(tmp_path_factory: pytest.TempPathFactory, lines: list[str]) -> None:
    text = "\n".join(lines).encode("utf-8", "replace").decode()
    folder = tmp_path_factory.mktemp("any")
    tree = a_system(folder, {f"{UNITS}/a.service": text, "etc/crontab": text}, wanted("a.service"))
    heard_of(startup.INSPECTOR, tree)


@given(st.text(max_size=300))
def test_any_command_line_is_survived(text: str) -> None:
    understand(split(fill_in(text, {"A": "$B ${A}", "B": text})))
    shown_arguments(text[:9], split(text))
    shown_line(text)


RC_S = 'for i in /etc/init.d/S??*; do\n case "$i" in\n *.sh) . $i ;;\n *) $i start ;;\n esac\ndone\n'


@pytest.mark.parametrize(
    ("runs", "off", "expected"),
    [
        (RC_S, ("S50telnet",), {"dropbear"}),
        # A shell that is given the script needs no right to execute it.
        ("for i in /etc/init.d/S*; do sh $i start; done\n", ("S50telnet",), {"dropbear", "telnet"}),
        # Where nothing may be executed the bits were lost on the way.
        (RC_S, ("S50telnet", "S50dropbear"), {"dropbear", "telnet"}),
    ],
)
def test_a_script_that_may_not_be_executed_is_switched_off(
    tmp_path: Path, runs: str, off: tuple[str, ...], expected: set[str]
) -> None:
    files = {
        "etc/init.d/S50telnet": "start-stop-daemon -S -x /usr/sbin/telnetd -- -F\n",
        "etc/init.d/S50dropbear": "start-stop-daemon -S -x /usr/sbin/dropbear -- -R\n",
    }
    tree = a_root(
        tmp_path,
        {
            **files,
            **dict.fromkeys(("bin/busybox", "usr/sbin/dropbear", "usr/sbin/telnetd"), "x"),
            "etc/inittab": "::sysinit:/etc/init.d/rcS\n",
            "etc/init.d/rcS": runs,
        },
    )
    add_links(tmp_path, {"sbin/init": "../bin/busybox"})
    for path in (tmp_path / "etc/init.d").iterdir():
        path.chmod(0o644 if path.name in off else 0o755)
    assert set(started(tree)) == expected


@pytest.mark.parametrize("mode", [0o644, 0o755])
def test_systemd_takes_no_init_script_that_may_not_be_executed(tmp_path: Path, mode: int) -> None:
    script = "start-stop-daemon -S -x /usr/sbin/in.tftpd -- --listen\n"
    tree = a_system(
        tmp_path,
        {"etc/init.d/tftpd": script, "etc/init.d/other": "true\n", "usr/sbin/in.tftpd": "x"},
        {"etc/rc2.d/S01tftpd": "../init.d/tftpd", "etc/rc2.d/S02other": "../init.d/other"},
    )
    (tmp_path / "etc/init.d/other").chmod(0o755)
    (tmp_path / "etc/init.d/tftpd").chmod(mode)
    assert ("tftpd" in started(tree)) is (mode == 0o755)
