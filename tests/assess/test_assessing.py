"""Silence is never a pass, absence is never guessed, and one bad check spoils nothing else."""

import itertools

import msgspec
import pytest

from iotscan.assess.assessing import assess
from iotscan.assess.check import AsOf, Each, Fleet, Policy, Presence, Target, Trust
from iotscan.assess.evidence import Evidence
from iotscan.model.answer import Answer, Unanswered
from iotscan.model.device import Image
from iotscan.model.facts import (
    Accounts,
    AdbServer,
    Announcement,
    HostKey,
    HttpServer,
    MqttBroker,
    PortSweep,
    PrivateKeys,
    SignedArtefact,
    SnmpAgent,
    SshServer,
    TelnetServer,
    TlsEndpoint,
    TrustedKey,
    TrustedKeys,
    UpdateArtefacts,
    UpdateSystems,
    WellKnown,
)
from iotscan.model.subject import Subject
from iotscan.model.vocabulary import AttemptStatus, Outcome, Reason, Severity, Vantage
from iotscan.sdk import Returned, Verdict, bad, good, skip, unknown
from tests.assess.making import (
    ADB,
    AS_OF,
    SNMP,
    TELNET,
    WEB,
    ask,
    at,
    check,
    device,
    on_image,
    seen,
    speaks,
    sweep,
    tried,
)

GW = Image(id="gw", source="gw.tar", format="tar", name="gateway 1.0")


def fine(telnet: TelnetServer) -> Returned:
    return good("shut")


def broken(telnet: TelnetServer) -> Returned:
    return bad("open", "open", observed="x", expected="y")


YES = Answer.of(True)
TLS = TlsEndpoint(
    versions={"TLSv1.2": YES},
    forward_secrecy=YES,
    without_forward_secrecy=YES,
    prefers_forward_secrecy=YES,
    plain_psk=YES,
    psk_forward_secrecy=YES,
    broken_ciphers=YES,
    weak_ciphers=YES,
    aead=YES,
    secure_renegotiation=YES,
    extended_master_secret=YES,
    compression=YES,
)


def only(results):
    (result,) = results
    return result


class TestWhatIsObserved:
    def test_a_verdict_becomes_a_result_with_its_origin(self):
        observation = seen(TELNET, at("tcp/23"))
        result = only(ask(broken, observation, sweep([23])))
        assert (result.outcome, result.variant, result.severity) == (Outcome.FAIL, "open", Severity.HIGH)
        assert result.subject == at("tcp/23")
        assert result.observations == (observation.id,)
        assert len(result.fingerprint) == 16

    def test_the_severity_is_that_of_the_variant(self):
        def ajar(telnet: TelnetServer) -> Returned:
            return bad("ajar", "ajar", observed="x", expected="y")

        assert only(ask(ajar, seen(TELNET, at("tcp/23")))).severity is Severity.LOW

    def test_each_service_is_asked(self):
        results = ask(fine, seen(TELNET, at("tcp/23")), seen(TELNET, at("tcp/2323")))
        assert [r.subject.service for r in results] == ["tcp/23", "tcp/2323"]

    def test_each_vantage_is_asked(self):
        results = ask(fine, seen(TELNET, at("tcp/23")), seen(TELNET, on_image("/etc/inetd.conf", 3)), images=[GW])
        assert [(r.subject.owner, r.vantage) for r in results] == [
            ("d1", Vantage.OBSERVED),
            ("gw", Vantage.CONFIGURED),
        ]

    def test_a_command_for_the_network_is_not_offered_for_what_an_image_configures(self):
        def asks(telnet: TelnetServer) -> Returned:
            return bad("open", "it is", observed="x", expected="y", reproduce="telnet 192.0.2.1", shows="login")

        evidence = (seen(TELNET, at("tcp/23")), seen(TELNET, on_image("/etc/inetd.conf", 3)))
        results = ask(asks, *evidence, images=[GW])
        assert {(r.subject.image, r.reproduce, r.shows) for r in results} == {
            ("", "telnet 192.0.2.1", "login"),
            ("gw", "", ""),
        }

    def test_several_verdicts_are_several_results(self):
        def two(accounts: Accounts) -> Returned:
            return [
                bad("open", f"line {n}", observed="x", expected="y", about=Subject(path="/etc/shadow", line=n))
                for n in (3, 7)
            ]

        results = ask(two, seen(Accounts(accounts=()), on_image("/etc/shadow")), devices=[], images=[GW])
        assert [(r.subject.image, r.subject.path, r.subject.line) for r in results] == [
            ("gw", "/etc/shadow", 3),
            ("gw", "/etc/shadow", 7),
        ]
        assert len({r.fingerprint for r in results}) == 2

    def test_extras_are_passed(self):
        got = {}

        def curious(telnet: TelnetServer, target: Target, as_of: AsOf, policy: Policy) -> Returned:
            got.update(target=target, as_of=as_of, policy=policy)
            return good("shut")

        ask(
            curious,
            seen(TELNET, at("tcp/23")),
            policy=Policy(kind="constrained", values={"a": 1, "b": 1}),
            values={"doors": {"b": 2}},
        )
        assert got["target"].authority == "192.0.2.1:23"
        assert got["target"].label == "192.0.2.1"
        assert got["as_of"] == AS_OF
        assert got["policy"] == Policy(kind="constrained", values={"a": 1, "b": 2})

    def test_trust_is_what_was_given_and_what_images_hold(self):
        given, own, other = (TrustedKey(use="rauc", path=path) for path in ("given", "own", "other"))
        packed = TrustedKey(use="rauc", path="packed", within=("update.raucb",))
        held = {"gw": (own, packed), "gw-2": (other,)}
        known = [seen(TrustedKeys(keys=keys), on_image(name=image)) for image, keys in held.items()]
        got = []

        def by_image(accounts: Accounts, trust: Trust) -> Returned:
            got.append([key.path for key in trust.keys])
            return good("asked")

        def by_device(telnet: TelnetServer, trust: Trust) -> Returned:
            return by_image(Accounts(accounts=()), trust)

        images = [GW, msgspec.structs.replace(GW, id="gw-2", name="")]
        ask(by_image, seen(Accounts(accounts=()), on_image("/etc/shadow")), *known, images=images, trusted=[given])
        ask(by_device, seen(TELNET, at("tcp/23")), *known, images=images, trusted=[given])
        # One inside an update may have come from the very server that a device is.
        assert got == [["given", "own", "packed"], ["given", "own of image gateway 1.0", "other of image gw-2"]]

    def test_an_update_is_judged_by_the_keys_of_other_images_but_not_by_those_in_updates(self):
        own, other = TrustedKey(use="rauc", path="own", within=("",)), TrustedKey(use="rauc", path="other")
        in_update = msgspec.structs.replace(other, within=("/x.raucb",))
        known = (
            seen(TrustedKeys(keys=(own,)), on_image(name="gw")),
            seen(TrustedKeys(keys=(other, in_update)), on_image(name="gw-2")),
        )
        whole, inside = (SignedArtefact(path=p, format="rauc", protection="none") for p in ("", "/x.raucb"))
        got = []

        def question(found: UpdateArtefacts, trust: Trust) -> Returned:
            got.append([key.path for key in trust.keys])
            return good("asked")

        images = [GW, msgspec.structs.replace(GW, id="gw-2", name="gw-2")]
        for artefact in (whole, inside):
            ask(question, seen(UpdateArtefacts(artefacts=(artefact,)), on_image()), *known, images=images)
        assert got == [["own", "other of image gw-2"], ["own"]]

    def test_what_was_said_of_a_merged_id_is_said_of_the_device(self):
        merged = device(merged=("d9 has the same MAC address 00:11:22:33:44:55",))
        results = ask(fine, seen(TELNET, at("tcp/23", "d9", "192.0.2.9")), devices=[merged])
        assert only(results).subject == at("tcp/23", "d1", "192.0.2.9")

    def test_what_is_said_of_nobody_is_left_out(self):
        results = ask(fine, seen(TELNET, at("tcp/23", "stranger")), sweep())
        assert only(results).outcome is Outcome.NOT_APPLICABLE


class TestWhatIsNot:
    @pytest.mark.parametrize(
        ("status", "reason", "expected"),
        [
            (AttemptStatus.TIMED_OUT, None, Reason.TIMEOUT),
            (AttemptStatus.TIMED_OUT, Reason.UNREACHABLE, Reason.UNREACHABLE),
            (AttemptStatus.UNREADABLE, None, Reason.UNREADABLE),
            (AttemptStatus.REFUSED_BY_SCOPE, None, Reason.OUT_OF_SCOPE),
            (AttemptStatus.NOT_TRIED, Reason.CONSENT, Reason.CONSENT),
            (AttemptStatus.BROKEN, Reason.UNREADABLE, Reason.PROBE_ERROR),
            (AttemptStatus.OBSERVED, None, Reason.PROBE_ERROR),
        ],
    )
    def test_a_missed_service_is_not_assessed(self, status, reason, expected):
        result = only(ask(fine, tried("telnet-server", status, "tcp/23", reason), sweep([23])))
        assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, expected)
        assert result.subject == at("tcp/23")
        assert "telnet-server on tcp/23" in result.detail
        assert result.remedy

    def test_a_retry_that_was_heard_settles_it(self):
        missed = tried("telnet-server", AttemptStatus.TIMED_OUT, "tcp/23")
        assert only(ask(fine, seen(TELNET, at("tcp/23")), missed)).outcome is Outcome.PASS

    def test_a_miss_beside_a_pass_is_told(self):
        missed = tried("telnet-server", AttemptStatus.TIMED_OUT, "tcp/2323")
        results = ask(fine, seen(TELNET, at("tcp/23")), missed)
        assert [r.outcome for r in results] == [Outcome.PASS, Outcome.NOT_ASSESSED]

    def test_absent_everywhere_does_not_apply(self):
        absent = tried("telnet-server", AttemptStatus.ABSENT, "tcp/80")
        result = only(ask(fine, sweep([80]), absent, speaks("tcp/80", "http")))
        assert result.outcome is Outcome.NOT_APPLICABLE
        assert result.subject == at()

    def test_all_closed_does_not_apply(self):
        assert only(ask(fine, sweep())).outcome is Outcome.NOT_APPLICABLE

    def test_absent_here_and_silent_there_is_not_assessed(self):
        absent = tried("telnet-server", AttemptStatus.ABSENT, "tcp/80")
        missed = tried("telnet-server", AttemptStatus.TIMED_OUT, "tcp/23")
        assert only(ask(fine, sweep([23, 80]), absent, missed)).reason is Reason.TIMEOUT

    def test_silent_ports_are_no_absence(self):
        absent = tried("telnet-server", AttemptStatus.ABSENT, "tcp/80")
        result = only(ask(fine, sweep([80], filtered=[23, 2323]), absent))
        assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.TIMEOUT)
        assert result.detail == "2 of 4 ports did not answer"

    def test_an_unswept_device_is_not_assessed(self):
        assert only(ask(fine)).reason is Reason.UNREACHABLE

    def test_a_sweep_that_was_not_done_says_why(self):
        cut = tried("port-sweep", AttemptStatus.NOT_TRIED, reason=Reason.DEADLINE)
        assert only(ask(fine, cut)).reason is Reason.DEADLINE

    def test_an_open_port_that_nobody_understands_is_no_absence(self):
        result = only(ask(fine, sweep([4000]), speaks("tcp/4000", "unknown")))
        assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NOT_OBSERVABLE)
        assert "tcp/4000" in result.detail

    def test_an_open_port_that_spoke_another_protocol_is(self):
        assert only(ask(fine, sweep([4000]), speaks("tcp/4000", "ssh"))).outcome is Outcome.NOT_APPLICABLE
        assert only(ask(fine, sweep([80]), seen(WEB, at("tcp/80")))).outcome is Outcome.NOT_APPLICABLE

    def test_an_open_port_whose_identification_timed_out_is_a_timeout(self):
        missed = tried("open-service", AttemptStatus.TIMED_OUT, "tcp/4000")
        assert only(ask(fine, sweep([4000]), missed)).reason is Reason.TIMEOUT

    def test_a_datagram_service_is_judged_by_its_own_attempts(self):
        def closed(snmp: SnmpAgent) -> Returned:
            return good("shut")

        silent = tried("snmp-agent", AttemptStatus.TIMED_OUT, "udp/161")
        absent = tried("snmp-agent", AttemptStatus.ABSENT, "udp/161")
        assert only(ask(closed, sweep(), silent)).reason is Reason.TIMEOUT
        assert only(ask(closed, sweep(filtered=[23]), absent)).outcome is Outcome.NOT_APPLICABLE
        assert only(ask(closed, sweep())).outcome is Outcome.NOT_ASSESSED
        assert only(ask(closed, sweep(), seen(SNMP, at("udp/161")))).outcome is Outcome.PASS

    def test_what_speaks_over_datagrams_too_is_not_absent_where_those_went_unanswered(self):
        def current(tls: TlsEndpoint) -> Returned:
            return good("current")

        silent = tried("dtls-server", AttemptStatus.TIMED_OUT, "udp/5684")
        closed = tried("dtls-server", AttemptStatus.ABSENT, "udp/5684")
        result = only(ask(current, sweep(), silent))
        assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.TIMEOUT)
        assert "udp/5684" in result.detail
        assert only(ask(current, sweep(), closed)).outcome is Outcome.NOT_APPLICABLE
        seen_on_tcp = seen(TLS, at("tcp/443"))
        assert [r.outcome for r in ask(current, sweep([443]), silent, seen_on_tcp)] == [Outcome.PASS]

    def test_what_a_device_never_announced_is_not_absent(self):
        def modest(said: Announcement) -> Returned:
            return good("says little")

        assert only(ask(modest, sweep())).outcome is Outcome.NOT_ASSESSED
        absent = tried("announcement", AttemptStatus.ABSENT)
        assert only(ask(modest, sweep(), absent)).outcome is Outcome.NOT_APPLICABLE

    def test_what_only_an_image_shows_needs_one(self):
        def sealed(keys: PrivateKeys) -> Returned:
            return good("none")

        result = only(ask(sealed, sweep()))
        assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NEEDS_IMAGE)
        assert "iotscan image" in result.remedy

    def test_what_only_the_network_shows_needs_it(self):
        result = only(ask(fine, devices=[], images=[GW]))
        assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.NEEDS_NETWORK)
        assert result.vantage is Vantage.CONFIGURED

    def test_an_image_without_it_does_not_apply(self):
        absent = tried("telnet-server", AttemptStatus.ABSENT, subject=on_image())
        assert only(ask(fine, absent, devices=[], images=[GW])).outcome is Outcome.NOT_APPLICABLE

    def test_an_image_nobody_looked_into_is_not_assessed(self):
        def sealed(keys: PrivateKeys) -> Returned:
            return good("none")

        assert only(ask(sealed, devices=[], images=[GW])).outcome is Outcome.NOT_ASSESSED

    def test_no_consent_names_the_grant(self):
        missed = tried("telnet-server", AttemptStatus.NOT_TRIED, "tcp/23", Reason.CONSENT)
        assert only(ask(fine, missed)).remedy.startswith("grant it: --scope FILE --intrusive")


class TestJoinedNeeds:
    @staticmethod
    def both(web: HttpServer, telnet: TelnetServer) -> Returned:
        return bad("open", f"{web.status} {telnet.banner}", observed="x", expected="y")

    def test_facts_of_one_service_are_joined(self):
        stated = [seen(WEB, at("tcp/80")), seen(TELNET, at("tcp/80")), seen(TELNET, at("tcp/23"))]
        result = only(ask(self.both, *stated, sweep([23, 80])))
        assert result.subject.service == "tcp/80"
        assert len(result.observations) == 2

    def test_a_joined_fact_that_is_absent_does_not_apply(self):
        absent = tried("telnet-server", AttemptStatus.ABSENT, "tcp/80")
        assert only(ask(self.both, seen(WEB, at("tcp/80")), absent, sweep([80]))).outcome is Outcome.NOT_APPLICABLE

    def test_a_joined_fact_that_timed_out_is_not_assessed(self):
        missed = tried("telnet-server", AttemptStatus.TIMED_OUT, "tcp/80")
        result = only(ask(self.both, seen(WEB, at("tcp/80")), missed, sweep([80])))
        assert (result.reason, result.subject) == (Reason.TIMEOUT, at("tcp/80"))

    def test_a_joined_image_fact_on_a_device_needs_an_image(self):
        def join(web: HttpServer, updates: UpdateSystems) -> Returned:
            return good("x")

        assert only(ask(join, seen(WEB, at("tcp/80")), sweep([80]))).reason is Reason.NEEDS_IMAGE

    def test_each_sees_the_whole_device(self):
        def count(web: HttpServer, telnets: Each[TelnetServer]) -> Returned:
            return good(f"{len(telnets.seen)}")

        stated = [seen(WEB, at("tcp/80")), seen(TELNET, at("tcp/23")), seen(TELNET, at("tcp/2323"))]
        assert only(ask(count, *stated, sweep([80, 23, 2323]))).summary == "2"
        assert only(ask(count, stated[0], sweep([80]))).summary == "0"

    def test_each_with_a_gap_is_no_pass(self):
        def count(web: HttpServer, telnets: Each[TelnetServer]) -> Returned:
            return good(f"{len(telnets.seen)}")

        stated = [seen(WEB, at("tcp/80")), seen(TELNET, at("tcp/23")), sweep([80, 23, 2323])]
        missed = tried("telnet-server", AttemptStatus.TIMED_OUT, "tcp/2323")
        assert {r.outcome for r in ask(count, *stated, missed)} == {Outcome.PASS, Outcome.NOT_ASSESSED}
        assert only(ask(count, stated[0], missed)).outcome is Outcome.NOT_ASSESSED

    def test_joined_presence(self):
        def has(web: HttpServer, telnet: Presence[TelnetServer]) -> Returned:
            return good("yes" if telnet.fact else "no")

        web = seen(WEB, at("tcp/80"))
        absent = tried("telnet-server", AttemptStatus.ABSENT, "tcp/80")
        assert only(ask(has, web, sweep([80]), seen(TELNET, at("tcp/80")))).summary == "yes"
        assert only(ask(has, web, sweep([80]), absent)).summary == "no"
        assert only(ask(has, web, sweep([80]))).outcome is Outcome.NOT_ASSESSED


class TestEach:
    @staticmethod
    def count(webs: Each[HttpServer]) -> Returned:
        return good(f"{len(webs.seen)}")

    def test_all_of_one_device_together(self):
        stated = [seen(WEB, at("tcp/80")), seen(WEB, at("tcp/8080")), sweep([80, 8080])]
        result = only(ask(self.count, *stated))
        assert (result.summary, result.subject) == ("2", at())

    def test_a_miss_is_told_beside(self):
        missed = tried("http-server", AttemptStatus.TIMED_OUT, "tcp/8080")
        results = ask(self.count, seen(WEB, at("tcp/80")), missed)
        assert [r.outcome for r in results] == [Outcome.PASS, Outcome.NOT_ASSESSED]

    def test_none_does_not_apply(self):
        assert only(ask(self.count, sweep())).outcome is Outcome.NOT_APPLICABLE

    def test_about_narrows_the_observations_too(self):
        def second(webs: Each[HttpServer]) -> Returned:
            return bad("open", "this", observed="x", expected="y", about=webs.seen[1].subject)

        stated = [seen(WEB, at("tcp/80")), seen(WEB, at("tcp/8080"))]
        result = only(ask(second, *stated))
        assert (result.subject, result.observations) == (at("tcp/8080"), (stated[1].id,))


class TestPresence:
    @staticmethod
    def wanted(documents: Presence[WellKnown]) -> Returned:
        return good("there") if documents.fact else bad("open", "missing", observed="none", expected="one")

    def test_absence_is_the_question(self):
        absent = tried("well-known", AttemptStatus.ABSENT, "tcp/443")
        result = only(ask(self.wanted, absent, sweep([443])))
        assert (result.outcome, result.subject.service) == (Outcome.FAIL, "tcp/443")
        assert result.vantage is Vantage.OBSERVED

    def test_presence_is_the_answer(self):
        fact = WellKnown(security_txt=Answer.of(True), oauth_metadata=Answer.of(False))
        assert only(ask(self.wanted, seen(fact, at("tcp/443")))).outcome is Outcome.PASS

    def test_silence_is_neither(self):
        missed = tried("well-known", AttemptStatus.TIMED_OUT, "tcp/443")
        assert only(ask(self.wanted, missed, sweep([443]))).outcome is Outcome.NOT_ASSESSED

    def test_absent_by_one_probe_and_missed_by_another_is_not_absent(self):
        stated = [tried("well-known", s, "tcp/443") for s in (AttemptStatus.ABSENT, AttemptStatus.UNREADABLE)]
        assert only(ask(self.wanted, *stated)).outcome is Outcome.NOT_ASSESSED

    def test_no_service_to_have_it_does_not_apply(self):
        assert only(ask(self.wanted, sweep())).outcome is Outcome.NOT_APPLICABLE

    def test_on_an_image(self):
        def updatable(updates: Presence[UpdateSystems]) -> Returned:
            return good("there") if updates.fact else bad("open", "missing", observed="none", expected="one")

        absent = tried("update-systems", AttemptStatus.ABSENT, subject=on_image())
        result = only(ask(updatable, absent, devices=[], images=[GW]))
        assert (result.outcome, result.vantage) == (Outcome.FAIL, Vantage.CONFIGURED)


class TestFleet:
    DEVICES = (device("a", "192.0.2.1"), device("b", "192.0.2.2"), device("c", "192.0.2.3"))

    @staticmethod
    def ssh(key: str, name: str):
        address = {"a": "192.0.2.1", "b": "192.0.2.2", "c": "192.0.2.3"}[name]
        keys = Answer.of((HostKey(algorithm="ssh-ed25519", bits=0, sha256=key),))
        return seen(SshServer(protocol="2.0", software="x", host_keys=keys), at("tcp/22", name, address))

    @staticmethod
    def shared(servers: Fleet[SshServer]) -> Returned:
        def owners(key: str) -> set[str]:
            return {s.subject.device for s in servers if s.fact.host_keys.value[0].sha256 == key}

        return [
            bad("open", "shared", observed="2", expected="1", about=s.subject)
            for s in servers
            if len(owners(s.fact.host_keys.value[0].sha256)) > 1
        ] or good("all differ")

    def test_the_bad_are_named_and_the_others_pass(self):
        stated = [self.ssh("k1", "a"), self.ssh("k1", "b"), self.ssh("k2", "c")]
        results = ask(self.shared, *stated, devices=self.DEVICES)
        assert [(r.subject.device, r.outcome) for r in results] == [
            ("a", Outcome.FAIL),
            ("b", Outcome.FAIL),
            ("c", Outcome.PASS),
        ]
        assert results[0].observations == (stated[0].id,)

    def test_a_device_without_the_fact_is_derived(self):
        empty = sweep(subject=at("", "b", "192.0.2.2"))
        results = ask(self.shared, self.ssh("k1", "a"), empty, devices=self.DEVICES)
        assert [r.outcome for r in results] == [Outcome.PASS, Outcome.NOT_APPLICABLE, Outcome.NOT_ASSESSED]

    def test_one_alone_is_asked(self):
        results = ask(self.shared, self.ssh("k1", "a"), devices=self.DEVICES[:1])
        assert only(results).summary == "all differ"

    def test_unanswered_holds_for_all_that_were_asked(self):
        fact = SshServer(protocol="2.0", software="x", host_keys=Answer.missing(Reason.BUDGET, "too many"))
        stated = [self.ssh("k1", "a"), seen(fact, at("tcp/22", "b", "192.0.2.2"))]
        results = ask(self.shared, *stated, devices=self.DEVICES[:2])
        assert [r.reason for r in results] == [Reason.BUDGET] * 2

    def test_a_verdict_about_a_stranger_is_an_error(self):
        def stray(servers: Fleet[SshServer]) -> Returned:
            return bad("open", "x", observed="x", expected="x", about=Subject(device="zz"))

        assert only(ask(stray, self.ssh("k1", "a"), devices=self.DEVICES[:1])).outcome is Outcome.ERROR

    def test_a_crash_is_an_error_for_all_that_were_asked(self):
        def crash(servers: Fleet[SshServer]) -> Returned:
            raise KeyError("secret")

        results = ask(crash, self.ssh("k1", "a"), self.ssh("k1", "b"), devices=self.DEVICES[:2])
        assert [r.detail for r in results] == ["KeyError in doors"] * 2


class TestWhatChecksDo:
    def test_an_unanswered_question_is_not_assessed(self):
        def door(broker: MqttBroker) -> Returned:
            return good(f"{broker.anonymous.value}")

        fact = MqttBroker(tls=False, anonymous=Answer.missing(Reason.TIMEOUT, "no CONNACK"), return_code=0)
        result = only(ask(door, seen(fact, at("tcp/1883"))))
        assert (result.outcome, result.reason, result.detail) == (Outcome.NOT_ASSESSED, Reason.TIMEOUT, "no CONNACK")

    def test_a_crash_tells_no_device_text(self):
        def crash(telnet: TelnetServer) -> Returned:
            raise ValueError(telnet.banner)

        result = only(ask(crash, seen(TELNET, at("tcp/23"))))
        assert (result.outcome, result.detail) == (Outcome.ERROR, "ValueError in doors")
        assert "login" not in msgspec.json.encode(result).decode()

    def test_a_crash_on_one_service_leaves_the_others(self):
        def crash(telnet: TelnetServer, target: Target) -> Returned:
            if target.port == 23:
                raise RecursionError
            return good("shut")

        results = ask(crash, seen(TELNET, at("tcp/23")), seen(TELNET, at("tcp/2323")))
        assert [r.outcome for r in results] == [Outcome.ERROR, Outcome.PASS]

    @pytest.mark.parametrize("returned", [None, (), [], "good", [None], True])
    def test_no_verdict_is_an_error(self, returned):
        def odd(telnet: TelnetServer) -> Returned:
            return returned

        assert only(ask(odd, seen(TELNET, at("tcp/23")))).outcome is Outcome.ERROR

    def test_an_undeclared_variant_is_an_error(self):
        def odd(telnet: TelnetServer) -> Returned:
            return bad("gone", "x", observed="x", expected="x")

        assert only(ask(odd, seen(TELNET, at("tcp/23")))).outcome is Outcome.ERROR

    def test_a_verdict_about_another_device_is_an_error(self):
        def odd(telnet: TelnetServer) -> Returned:
            return bad("open", "x", observed="x", expected="x", about=Subject(device="other"))

        assert only(ask(odd, seen(TELNET, at("tcp/23")))).outcome is Outcome.ERROR

    @pytest.mark.parametrize(
        ("verdict", "outcome"),
        [(good("x"), Outcome.PASS), (skip("x"), Outcome.NOT_APPLICABLE), (unknown("x"), Outcome.NOT_ASSESSED)],
    )
    def test_outcomes(self, verdict: Verdict, outcome: Outcome):
        def plain(telnet: TelnetServer) -> Returned:
            return verdict

        result = only(ask(plain, seen(TELNET, at("tcp/23"))))
        assert result.outcome is outcome
        assert bool(result.remedy) is (outcome is Outcome.NOT_ASSESSED)

    def test_unanswered_is_raised_by_reading_only(self):
        with pytest.raises(Unanswered):
            _ = Answer.missing(Reason.TIMEOUT).value


def test_excluded_checks_are_listed_and_not_asked():
    def crash(telnet: TelnetServer) -> Returned:
        raise AssertionError

    evidence = Evidence([device()], [], [seen(TELNET, at("tcp/23"))], [], AS_OF)
    result = only(assess(evidence, [], excluded=[check(crash)]))
    assert (result.outcome, result.reason) == (Outcome.NOT_ASSESSED, Reason.EXCLUDED)


def test_what_a_narrower_scan_left_out_is_open_for_who_asks_it_now():
    left_out = tried("telnet-server", AttemptStatus.NOT_TRIED, "tcp/23", Reason.EXCLUDED, detail="no check asked")
    found = only(ask(broken, left_out))
    assert (found.outcome, found.reason) == (Outcome.NOT_ASSESSED, Reason.NOT_ASKED)
    assert found.remedy == "scan again with the checks that are asked now"


def test_fingerprints_outlive_address_line_and_order():
    mac = "00:11:22:33:44:55"
    before = ask(broken, seen(TELNET, at("tcp/23")), devices=[device(mac=mac)])
    after = ask(
        broken,
        seen(TELNET, at("tcp/23", "z", "192.0.2.77")),
        devices=[device("z", "192.0.2.77", mac=mac)],
    )
    assert only(before).fingerprint == only(after).fingerprint


def test_every_result_has_its_own_fingerprint():
    def many(keys: PrivateKeys) -> Returned:
        return [bad("open", "x", observed="x", expected="y", about=Subject(path="/k", line=n)) for n in (1, 2, 3)]

    results = ask(many, seen(PrivateKeys(keys=(), files_searched=1), on_image()), devices=[device()], images=[GW])
    assert len({r.fingerprint for r in results}) == len(results) == 4


def test_order_of_what_is_given_does_not_matter():
    def pair(web: HttpServer, adbs: Each[AdbServer]) -> Returned:
        return good(f"{len(adbs.seen)}")

    def fleet(webs: Fleet[HttpServer]) -> Returned:
        return good("x")

    def listed(webs: Each[HttpServer]) -> Returned:
        return good(" ".join(str(s.subject.port) for s in webs))

    def swept(sweep: PortSweep) -> Returned:
        return good("x")

    checks = [check(f, id=f.__name__) for f in (pair, fleet, listed, swept, fine)]
    devices = [device("a", "192.0.2.1"), device("b", "192.0.2.2")]
    stated = [
        seen(WEB, at("tcp/80", "a")),
        seen(WEB, at("tcp/9", "a")),
        seen(WEB, at("tcp/8080", "b", "192.0.2.2")),
        seen(ADB, at("tcp/5555", "a")),
        sweep([9, 80, 5555], subject=at("", "a")),
    ]
    missed = [tried("telnet-server", AttemptStatus.TIMED_OUT, subject=at(f"tcp/{p}", "b")) for p in (23, 2323)]

    def run(order):
        seen_now, missed_now, checks_now, devices_now = order
        return msgspec.json.encode(assess(Evidence(devices_now, [], seen_now, missed_now, AS_OF), checks_now))

    expected = run((stated, missed, checks, devices))
    for turned in itertools.permutations(stated):
        assert run((turned, missed[::-1], checks[::-1], devices[::-1])) == expected


def test_the_same_observation_twice_is_one():
    observation = seen(TELNET, at("tcp/23"))
    assert len(ask(broken, observation, observation)) == 1
