"""Mandatory access control and watchdogs, as their files configure them."""

from pathlib import Path

import pytest

from iotscan.model.facts import MandatoryAccess, Watchdogs
from iotscan.observe.image.inspectors import mandatory_access, watchdogs
from tests.observe.image.looking import a_root, heard_of

OPENRC = '#!/sbin/openrc-run\ncommand="/sbin/watchdog"\ncommand_args="$WATCHDOG_OPTS -F $WATCHDOG_DEV"\n'


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        (
            {"etc/selinux/config": "# x\nSELINUX=enforcing\nSELINUXTYPE=mcs\n",
             "etc/selinux/mcs/policy/policy.33": "x"},
            [("selinux", "enforcing", 1, "init", 2)],
        ),
        ({"etc/selinux/config": "SELINUX=permissive\n"}, [("selinux", "permissive", 0, "", 1)]),
        ({"system/etc/selinux/plat_sepolicy.cil": "x"}, [("selinux", "enforcing", 1, "init", 0)]),
        (
            {"etc/apparmor.d/usr.sbin.mosquitto": "x", "etc/apparmor.d/abstractions/base": "x",
             "etc/rcS.d/S11apparmor": "x"},
            [("apparmor", "enforcing", 1, "/etc/rcS.d/S11apparmor", 0)],
        ),
        (
            {"etc/apparmor.d/a": "x", "etc/apparmor.d/b": "x", "etc/apparmor.d/disable/b": "x",
             "etc/apparmor.d/force-complain/a": "x"},
            [("apparmor", "permissive", 1, "", 0)],
        ),
        ({"etc/smack/accesses.d/app": "System App rwx\n"}, [("smack", "enforcing", 1, "", 0)]),
    ],
)  # fmt: skip
def test_what_confines_programs(
    tmp_path: Path, files: dict[str, str | bytes], expected: list[tuple[object, ...]]
) -> None:
    (fact,) = heard_of(mandatory_access.INSPECTOR, a_root(tmp_path, files)).facts
    assert isinstance(fact, MandatoryAccess)
    assert [(s.system, s.mode, s.policies, s.enabled_by, s.line) for s in fact.systems] == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, []),
        ({"etc/systemd/system.conf": "[Manager]\n#RuntimeWatchdogSec=off\nRuntimeWatchdogSec=30s\n"}, [("systemd", 3)]),
        (
            {"etc/systemd/system.conf": "RuntimeWatchdogSec=30\n",
             "etc/systemd/system.conf.d/x.conf": "RuntimeWatchdogSec=off\n"},
            [],
        ),
        ({"etc/watchdog.conf": "watchdog-device = /dev/watchdog\n", "etc/rc2.d/S05watchdog": ""}, [("watchdog", 1)]),
        ({"etc/watchdog.conf": "watchdog-device = /dev/watchdog\n"}, []),
        ({"etc/watchdog.conf": "#watchdog-device = /dev/watchdog\n", "etc/rc2.d/S05watchdog": ""}, []),
        ({"etc/inittab": "::respawn:/sbin/watchdog -F -t 5 /dev/watchdog\n"}, [("busybox", 1)]),
        ({"etc/init.d/S15watchdog": "#!/bin/sh\n\twatchdog -t 5 /dev/watchdog0\n"}, [("busybox", 2)]),
        (
            {"sbin/openrc": "x", "etc/runlevels/default/watchdog": OPENRC, "etc/init.d/watchdog": OPENRC,
             "etc/conf.d/watchdog": 'WATCHDOG_DEV="/dev/watchdog"\nWATCHDOG_OPTS="-t 5"\n', "sbin/watchdog": ""},
            [("busybox", 2)],
        ),
        ({"sbin/openrc": "x", "etc/runlevels/default/x": "", "etc/init.d/wd": "watchdog -t 5 /dev/watchdog\n"}, []),
        (
            {"usr/lib/systemd/systemd": "x", "usr/sbin/watchdogd": "x",
             "etc/systemd/system/default.target": "[Unit]\nWants=wd.service\n",
             "etc/systemd/system/wd.service": "[Service]\nExecStart=/usr/sbin/watchdogd -n\n"},
            [("watchdog", 2)],
        ),
        (
            {"usr/lib/systemd/systemd": "x", "etc/watchdog.conf": "watchdog-device = /dev/watchdog\n",
             "usr/sbin/watchdog": "x", "etc/systemd/system/default.target": "[Unit]\nWants=watchdog.service\n",
             "etc/systemd/system/watchdog.service": "[Service]\nExecStart=/usr/sbin/watchdog\n"},
            [("watchdog", 1)],
        ),
        ({"etc/init.d/S15x": "#!/bin/sh\n# watchdog -t 5 /dev/watchdog\nls /dev/watchdog\n"}, []),
        ({"sbin/procd": "x"}, [("procd", 0)]),
    ],
)  # fmt: skip
def test_what_feeds_a_watchdog(tmp_path: Path, files: dict[str, str | bytes], expected: list[tuple[str, int]]) -> None:
    (fact,) = heard_of(watchdogs.INSPECTOR, a_root(tmp_path, files)).facts
    assert isinstance(fact, Watchdogs)
    assert [(w.fed_by, w.line) for w in fact.watchdogs] == expected
