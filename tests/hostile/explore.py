import sys, tempfile, time
from pathlib import Path
from contextlib import ExitStack
from tests.hostile.devices import PLAIN
from tests.hostile.serving import *
from tests.hostile.scanning import *
from iotscan.model.vocabulary import Outcome
names = sys.argv[1:] or list(PLAIN)
with ExitStack() as s:
    made = {n: s.enter_context(device()) for n in names}
    for n in names: PLAIN[n](made[n])
    t=time.time()
    run = scan(Path(tempfile.mkdtemp()), *(d.address for d in made.values()), ports=ALL, expected=EXPECTED)
    print("took", time.time()-t)
for n in names:
    a = made[n].address
    d = device_at(run, a)
    print("==", n, [f"{x.port}:{x.protocol}" for x in d.services], run.costs[d.id].bytes_received, run.costs[d.id].connections, run.costs[d.id].seconds)
    for r in run.results:
        if r.subject.owner==d.id and r.outcome in (Outcome.PASS, Outcome.FAIL, Outcome.ERROR): print("    ", r.check, r.outcome, r.variant, r.subject.service, r.summary)
    print("   NA", not_applicable(run,a))
    if len(names)<3:
        for x in run.attempts:
            if x.subject.device==d.id: print("      ", x.subject.service, x.need, x.status, x.reason, x.detail, x.probe)
