-- What the runs of a folder say of devices, keys and findings. Everything but sightings.device is as a run has it:
-- who is who among the devices follows from the marks, in the order of time, and is worked out again when it must be.
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    folder TEXT NOT NULL UNIQUE,     -- its name below the folder where runs are kept
    stamp TEXT NOT NULL,             -- size and time of run.json when it was taken in
    command TEXT NOT NULL,
    at TEXT NOT NULL,                -- when it started: UTC, ISO 8601, so that text sorts as time
    finished TEXT NOT NULL,
    status TEXT NOT NULL,
    as_of TEXT NOT NULL,
    tool TEXT NOT NULL,
    profile TEXT NOT NULL,
    profile_sha256 TEXT NOT NULL,
    redaction TEXT NOT NULL,
    shown TEXT NOT NULL,             -- the letter: of the network, else of the only image
    assessed INTEGER NOT NULL,
    total INTEGER NOT NULL,
    critical INTEGER NOT NULL,
    high INTEGER NOT NULL,
    medium INTEGER NOT NULL,
    low INTEGER NOT NULL,
    info INTEGER NOT NULL,
    accepted INTEGER NOT NULL,       -- findings that are waived; not in the counts above
    devices INTEGER NOT NULL,
    images INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_at ON runs (at, run);

CREATE TABLE devices (id INTEGER PRIMARY KEY) STRICT;

CREATE TABLE sightings (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    device INTEGER REFERENCES devices (id),
    kind TEXT NOT NULL,              -- device or image
    name TEXT NOT NULL,              -- its id in the run
    label TEXT NOT NULL,
    address TEXT NOT NULL,
    shown TEXT NOT NULL,
    assessed INTEGER NOT NULL,
    total INTEGER NOT NULL,
    known_by TEXT NOT NULL,          -- the kind of mark that links it to an earlier sighting; empty for the first
    UNIQUE (run, name)
) STRICT;
CREATE INDEX sightings_device ON sightings (device, run);
CREATE INDEX sightings_address ON sightings (run, address);

CREATE TABLE marks (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,              -- mac, serial, uuid, ssh, tls, address; image, source
    value TEXT NOT NULL,
    UNIQUE (kind, value)
) STRICT;

CREATE TABLE borne (
    sighting INTEGER NOT NULL REFERENCES sightings (id) ON DELETE CASCADE,
    place INTEGER NOT NULL,          -- 0 is the strongest
    mark INTEGER NOT NULL REFERENCES marks (id),
    PRIMARY KEY (sighting, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX borne_mark ON borne (mark);

CREATE TABLE keys (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,              -- tls or ssh
    sha256 TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    UNIQUE (kind, sha256)
) STRICT;

CREATE TABLE certificates (
    id INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    serial TEXT NOT NULL,
    not_before TEXT NOT NULL,
    not_after TEXT NOT NULL,
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL
) STRICT;

CREATE TABLE shown (
    sighting INTEGER NOT NULL REFERENCES sightings (id) ON DELETE CASCADE,
    service TEXT NOT NULL,
    opening TEXT NOT NULL,
    key INTEGER NOT NULL REFERENCES keys (id),
    certificate INTEGER REFERENCES certificates (id),
    PRIMARY KEY (sighting, service, opening, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE findings (
    id INTEGER PRIMARY KEY,
    fingerprint TEXT NOT NULL UNIQUE,
    "check" TEXT NOT NULL
) STRICT;

CREATE TABLE found (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    finding INTEGER NOT NULL REFERENCES findings (id),
    severity TEXT NOT NULL,
    accepted INTEGER NOT NULL,
    PRIMARY KEY (run, finding)
) STRICT, WITHOUT ROWID;
CREATE INDEX found_finding ON found (finding);

-- What became of the findings of one run in another, by the one rule of iotscan diff: costly, so it is kept.
CREATE TABLE compared (
    run INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    previous INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    tool TEXT NOT NULL,              -- which iotscan compared
    added INTEGER NOT NULL,
    fixed INTEGER NOT NULL,
    PRIMARY KEY (run, previous)
) STRICT, WITHOUT ROWID;
