"""What an image starts at boot and by the clock, as facts. Reading it is the work of :mod:`..startup`."""

from iotscan.model.answer import Answer
from iotscan.model.facts import Fact, ScheduledJob, ScheduledJobs, StartedService, StartedServices
from iotscan.model.text import safe_text
from iotscan.model.vocabulary import AttemptStatus, Reason
from iotscan.observe.heard import Heard, all_missed
from iotscan.observe.image.inspector import Inspector
from iotscan.observe.image.startup.listening import faces_network, listeners_of
from iotscan.observe.image.startup.programs import becomes
from iotscan.observe.image.startup.reading import startup_of
from iotscan.observe.image.startup.service import Job, Service
from iotscan.observe.image.startup.words import shown_arguments, shown_line
from iotscan.observe.image.tree import Tree

_GIVES: tuple[type[Fact], ...] = (StartedServices, ScheduledJobs)
_MOST_ARGUMENTS = 40
_OPEN: Answer[str] = Answer.missing(Reason.NOT_OBSERVABLE, "its file leaves open whom it runs as")


def _inspect(tree: Tree) -> Heard:
    found = startup_of(tree)
    if found.problem and found.is_unreadable:
        return all_missed(_GIVES, AttemptStatus.UNREADABLE, Reason.UNREADABLE, found.problem)
    if found.problem:
        return all_missed(_GIVES, AttemptStatus.NOT_TRIED, Reason.NOT_OBSERVABLE, found.problem)
    services = StartedServices(
        system=found.system,
        services=tuple(_started(tree, service) for service in found.services),
        not_seen=tuple(safe_text(word) for word in found.not_seen),
    )
    return Heard(facts=(services, ScheduledJobs(jobs=tuple(_job(tree, job) for job in found.jobs))))


def _started(tree: Tree, service: Service) -> StartedService:
    arguments = shown_arguments(service.program, service.arguments[:_MOST_ARGUMENTS])
    return StartedService(
        name=safe_text(service.name, 100),
        path=tree.show(service.path),
        line=service.line,
        started_by=service.started_by,
        enabled_by=safe_text(service.enabled_by),
        program=safe_text(service.program),
        arguments=tuple(safe_text(word) for word in arguments),
        user=Answer.of(safe_text(service.user, 64)) if service.user is not None else _OPEN,
        becomes=safe_text(becomes(service.program, service.arguments), 64),
        listeners=listeners_of(service),
        faces_network=faces_network(service, tree),
        sandbox=tuple(safe_text(word) for word in service.sandbox),
        runs_once=service.runs_once,
    )


def _job(tree: Tree, job: Job) -> ScheduledJob:
    return ScheduledJob(
        path=tree.show(job.path),
        line=job.line,
        when=safe_text(job.when, 80),
        user=safe_text(job.user, 64),
        command=safe_text(shown_line(job.command)),
    )


INSPECTOR = Inspector(name="startup", version=1, gives=_GIVES, inspect=_inspect)
