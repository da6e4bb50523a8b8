-- Times are UTC, RFC 3339; days are YYYY-MM-DD; amounts are øre. Agreements are versioned: an
-- expectation points at the version it was marked by, so an answer can be rendered again, byte for
-- byte, whatever was imported since.

PRAGMA application_id = 0x6d6f6472; -- "modr"

CREATE TABLE store (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    miljoe TEXT NOT NULL CHECK (miljoe IN ('PROD', 'TEST'))
) STRICT;

CREATE TABLE import (
    nr INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    mode TEXT NOT NULL CHECK (mode IN ('upsert', 'replace')),
    new INTEGER NOT NULL DEFAULT 0 CHECK (new >= 0),
    changed INTEGER NOT NULL DEFAULT 0 CHECK (changed >= 0),
    unchanged INTEGER NOT NULL DEFAULT 0 CHECK (unchanged >= 0),
    removed INTEGER NOT NULL DEFAULT 0 CHECK (removed >= 0)
) STRICT;

-- A row is one version of an agreement; nothing in it changes but that an import replaces it.
-- Imports insert in the order of the answers, so that reading an answer walks along the table.
CREATE TABLE aftale (
    nr INTEGER PRIMARY KEY,
    aftale_id TEXT NOT NULL CHECK (length(aftale_id) BETWEEN 1 AND 20),
    kommunekode INTEGER NOT NULL CHECK (kommunekode BETWEEN 101 AND 860),
    cpr TEXT NOT NULL CHECK (length(cpr) = 10),
    beloeb INTEGER NOT NULL CHECK (beloeb BETWEEN 0 AND 99999999999),
    ydelsestype TEXT NOT NULL CHECK (length(ydelsestype) = 2),
    gyldig_fra TEXT NOT NULL CHECK (date(gyldig_fra) IS gyldig_fra),
    gyldig_til TEXT CHECK (gyldig_til IS NULL OR date(gyldig_til) IS gyldig_til),
    prioritet INTEGER NOT NULL CHECK (prioritet BETWEEN 1 AND 99),
    fordring_id TEXT CHECK (length(fordring_id) BETWEEN 1 AND 20),
    -- Not IN (…): SQLite would build that list anew for every row.
    status TEXT NOT NULL
        CHECK (status = 'aktiv' OR status = 'suspenderet' OR status = 'ophoert'),
    indlaest INTEGER NOT NULL REFERENCES import (nr),
    erstattet INTEGER REFERENCES import (nr) CHECK (erstattet >= indlaest)
) STRICT;

CREATE UNIQUE INDEX aftale_gaeldende ON aftale (aftale_id) WHERE erstattet IS NULL;

-- All that marking reads, in the order of the answer: no sort, no look-up of rows.
CREATE INDEX aftale_svar ON aftale
    (kommunekode, cpr, prioritet, aftale_id, gyldig_fra, gyldig_til, beloeb)
    WHERE erstattet IS NULL AND status = 'aktiv';

CREATE TRIGGER aftale_version_is_fixed
BEFORE UPDATE OF nr, aftale_id, kommunekode, cpr, beloeb, ydelsestype, gyldig_fra, gyldig_til,
    prioritet, fordring_id, status, indlaest ON aftale
BEGIN
    SELECT RAISE(ABORT, 'a version of an agreement never changes');
END;

CREATE TRIGGER aftale_is_replaced_once
BEFORE UPDATE OF erstattet ON aftale WHEN OLD.erstattet IS NOT NULL
BEGIN
    SELECT RAISE(ABORT, 'a version of an agreement is replaced once');
END;

-- A process that works on files. Its number is the fencing number of what it claims: a step is
-- taken only while the transfer is claimed by whoever takes it.
CREATE TABLE node (
    nr INTEGER PRIMARY KEY AUTOINCREMENT,
    lock TEXT NOT NULL UNIQUE,
    begun_at TEXT NOT NULL,
    ended_at TEXT
) STRICT;

CREATE INDEX node_living ON node (nr) WHERE ended_at IS NULL;

CREATE TABLE transfer (
    nr INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
    direction TEXT NOT NULL CHECK (direction IN ('in', 'out')),
    flow TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    directory TEXT NOT NULL,
    name TEXT NOT NULL,
    state TEXT NOT NULL,
    size INTEGER CHECK (size >= 0),
    sha256 TEXT CHECK (length(sha256) = 64),
    kommunekode INTEGER,
    forespoergsel_id TEXT CHECK (length(forespoergsel_id) = 36),
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    problem_class TEXT,
    problem_code TEXT,
    problem_text TEXT,
    created_at TEXT NOT NULL,
    changed_at TEXT NOT NULL CHECK (changed_at >= created_at),
    -- Who works on it now.
    node INTEGER REFERENCES node (nr),
    -- An operator has let it go on although it was held.
    released INTEGER NOT NULL DEFAULT 0 CHECK (released IN (0, 1)),
    CHECK (CASE direction
        WHEN 'in' THEN state IN
            ('seen', 'fetched', 'accepted', 'recognised', 'vanished', 'rejected', 'held',
             'archived', 'purged')
        ELSE state IN
            ('queued', 'rendered', 'published', 'triggered', 'received', 'acknowledged',
             'refused', 'failed', 'dead', 'held', 'cancelled', 'delivered-out-of-band') END),
    -- The last two while they are purged.
    CHECK (node IS NULL
        OR state IN ('seen', 'fetched', 'accepted', 'recognised', 'queued', 'rendered',
                     'published', 'failed', 'archived', 'rejected')),
    -- Before these states the bytes need not be known; from then on they are.
    CHECK (state IN ('seen', 'vanished', 'queued', 'failed', 'dead', 'held', 'cancelled',
                     'delivered-out-of-band')
        OR (size IS NOT NULL AND sha256 IS NOT NULL)),
    CHECK (state NOT IN ('accepted', 'recognised') OR kommunekode IS NOT NULL),
    CHECK ((problem_class IS NULL) = (problem_code IS NULL)
        AND (problem_class IS NULL) = (problem_text IS NULL)),
    CHECK (state NOT IN ('rejected', 'held', 'failed', 'dead', 'refused')
        OR problem_code IS NOT NULL)
) STRICT;

CREATE INDEX transfer_place ON transfer (endpoint, directory, name);
CREATE INDEX transfer_state ON transfer (direction, state);
CREATE INDEX transfer_forespoergsel ON transfer (forespoergsel_id)
    WHERE forespoergsel_id IS NOT NULL;
CREATE INDEX transfer_node ON transfer (node) WHERE node IS NOT NULL;
CREATE UNIQUE INDEX transfer_unfinished ON transfer (endpoint, directory, name)
    WHERE state IN ('seen', 'fetched');

-- What happened, to a transfer or to something else that an operator can touch (the subject). Each
-- row carries the digest of the transfer's row as the event left it, and a hash over itself and the
-- hash before it: a row that is changed, removed or moved breaks the chain.
CREATE TABLE event (
    nr INTEGER PRIMARY KEY,
    transfer INTEGER REFERENCES transfer (nr),
    subject TEXT,
    at TEXT NOT NULL,
    event TEXT,
    from_state TEXT,
    to_state TEXT,
    problem_class TEXT,
    problem_code TEXT,
    problem_text TEXT,
    -- Who did it, and why; none = modregn by itself.
    actor TEXT,
    reason TEXT,
    row_sha256 TEXT CHECK (length(row_sha256) = 64),
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
    CHECK ((transfer IS NULL) = (subject IS NOT NULL)),
    CHECK ((transfer IS NULL) = (to_state IS NULL)),
    CHECK ((transfer IS NULL) = (row_sha256 IS NULL)),
    CHECK ((actor IS NULL) = (reason IS NULL)),
    CHECK (transfer IS NULL OR (event IS NULL) = (from_state IS NULL)),
    CHECK ((problem_class IS NULL) = (problem_code IS NULL)
        AND (problem_class IS NULL) = (problem_text IS NULL))
) STRICT;

CREATE INDEX event_transfer ON event (transfer);

CREATE TRIGGER event_is_not_changed BEFORE UPDATE ON event
BEGIN
    SELECT RAISE(ABORT, 'events are only added');
END;

CREATE TRIGGER event_is_not_deleted BEFORE DELETE ON event
BEGIN
    SELECT RAISE(ABORT, 'events are only added');
END;

-- What a platform between us and others said of a file that it brought. The receipt's place is there
-- where the sender gets one for what becomes of the file.
CREATE TABLE delivery (
    transfer INTEGER PRIMARY KEY REFERENCES transfer (nr),
    file_transfer_uuid TEXT NOT NULL CHECK (length(file_transfer_uuid) = 36),
    sender TEXT NOT NULL,
    recipient TEXT NOT NULL,
    receipt_endpoint TEXT,
    receipt_directory TEXT,
    receipt_name TEXT,
    CHECK ((receipt_endpoint IS NULL) = (receipt_directory IS NULL)
        AND (receipt_endpoint IS NULL) = (receipt_name IS NULL))
) STRICT;

CREATE INDEX delivery_way ON delivery (file_transfer_uuid);

-- A receipt that is about a file we know: ours about one that came, or others' about one we sent.
CREATE TABLE kvittering (
    transfer INTEGER PRIMARY KEY REFERENCES transfer (nr),
    about INTEGER NOT NULL REFERENCES transfer (nr),
    file_transfer_uuid TEXT NOT NULL CHECK (length(file_transfer_uuid) = 36),
    verdict TEXT NOT NULL CHECK (verdict IN
        ('delivered', 'not-delivered', 'accepted', 'rejected', 'could-not-notify')),
    reason TEXT
) STRICT;

CREATE INDEX kvittering_about ON kvittering (about);
CREATE INDEX kvittering_way ON kvittering (file_transfer_uuid);

-- An endpoint that is left alone until an operator has mended it and says so.
CREATE TABLE pause (
    endpoint TEXT PRIMARY KEY,
    since TEXT NOT NULL,
    problem_class TEXT NOT NULL,
    problem_code TEXT NOT NULL,
    problem_text TEXT NOT NULL
) STRICT;

-- One answered request. Its expectations are the rows of forventning numbered from foer + 1 to
-- foer + antal_transaktioner; a transaction's loebenummer is its number less foer.
CREATE TABLE forespoergsel (
    nr INTEGER PRIMARY KEY,
    forespoergsel_id TEXT NOT NULL UNIQUE CHECK (length(forespoergsel_id) = 36),
    kommunekode INTEGER NOT NULL,
    forespoergselsdato TEXT NOT NULL,
    dispositionsdato TEXT NOT NULL,
    udbetalingsperiode TEXT NOT NULL CHECK (length(udbetalingsperiode) = 6),
    dannet TEXT NOT NULL,
    foer INTEGER NOT NULL CHECK (foer >= 0),
    antal_transaktioner INTEGER NOT NULL CHECK (antal_transaktioner >= 0),
    sum_beloeb INTEGER NOT NULL CHECK (sum_beloeb >= 0),
    inbound INTEGER NOT NULL UNIQUE REFERENCES transfer (nr),
    outbound INTEGER NOT NULL UNIQUE REFERENCES transfer (nr)
) STRICT;

-- One payment that can be expected. As small as can be: there are as many as transactions answered.
CREATE TABLE forventning (
    nr INTEGER PRIMARY KEY,
    aftale INTEGER NOT NULL REFERENCES aftale (nr)
) STRICT;
