-- Debitorregistreringer: what we hand to the municipalities' debitorsystemer. Ids that come by the
-- million are blobs of 16 bytes. Several fagsystemer may share one installation.

CREATE TABLE fagsystem (
    nr INTEGER PRIMARY KEY,
    navn TEXT NOT NULL UNIQUE CHECK (length(navn) BETWEEN 1 AND 20)
) STRICT;

-- The classes a fagsystem may use, and when; both ends check by it.
CREATE TABLE sortiment (
    fagsystem TEXT NOT NULL,
    liste TEXT NOT NULL
        CHECK (liste IN ('debitorkontotype', 'kravtype', 'delfordringstype', 'materialetype')),
    klasse TEXT NOT NULL CHECK (length(klasse) BETWEEN 1 AND 10),
    betegnelse TEXT NOT NULL,
    gyldig_fra TEXT NOT NULL,
    gyldig_til TEXT CHECK (gyldig_til >= gyldig_fra),
    PRIMARY KEY (fagsystem, liste, klasse, gyldig_fra)
) STRICT, WITHOUT ROWID;

-- Which debitorsystem collects for a municipality, and when. No two rows of one hold on one day.
CREATE TABLE rute (
    kommunekode INTEGER NOT NULL,
    gyldig_fra TEXT NOT NULL,
    gyldig_til TEXT CHECK (gyldig_til >= gyldig_fra),
    myndighed_cvr TEXT NOT NULL CHECK (length(myndighed_cvr) = 8),
    debitorsystem TEXT NOT NULL CHECK (length(debitorsystem) BETWEEN 1 AND 20),
    endpoint TEXT NOT NULL,
    overfoerselstype TEXT NOT NULL
        CHECK (overfoerselstype IN ('plain', 'simpel', 'dynamisk', 'styret')),
    PRIMARY KEY (kommunekode, gyldig_fra)
) STRICT, WITHOUT ROWID;

-- A debitorkonto that registrations were entered for. It stays its fagsystem's and municipality's.
CREATE TABLE afsenderkonto (
    nr INTEGER PRIMARY KEY,
    debitorkonto_id BLOB NOT NULL UNIQUE CHECK (length(debitorkonto_id) = 16),
    kommunekode INTEGER NOT NULL,
    fagsystem INTEGER NOT NULL REFERENCES fagsystem (nr),
    -- The debitorsystem counts what it has accepted: the next one has the number after.
    antal_accepteret INTEGER NOT NULL DEFAULT 0 CHECK (antal_accepteret >= 0)
) STRICT;

-- One registration. Its konto's are sent one at a time, by plads and nr: the first that is open.
CREATE TABLE registrering (
    nr INTEGER PRIMARY KEY,
    registrering_id BLOB NOT NULL UNIQUE CHECK (length(registrering_id) = 16),
    konto INTEGER NOT NULL REFERENCES afsenderkonto (nr),
    -- Those of konto, once more: transfers are cut by them.
    kommunekode INTEGER NOT NULL,
    fagsystem INTEGER NOT NULL,
    -- A correction takes the place of what it corrects; any other has its own nr.
    plads INTEGER NOT NULL,
    operation TEXT NOT NULL CHECK (length(operation) = 2),
    -- What it adds to its file: records, øre.
    poster INTEGER NOT NULL CHECK (poster > 0),
    hovedstol INTEGER NOT NULL,
    betalt INTEGER NOT NULL,
    modtaget TEXT NOT NULL,
    -- What was decided about it. Until then it waits, or is in a transfer: see overfoersel.
    tilstand TEXT NOT NULL DEFAULT 'modtaget' CHECK (tilstand = 'modtaget'
        OR tilstand = 'accepteret' OR tilstand = 'afvist' OR tilstand = 'rettet'
        OR tilstand = 'annulleret'),
    -- Whether no earlier one of its konto is open: it leaves with the next transfer.
    klar INTEGER NOT NULL DEFAULT 0
        CHECK (klar = 0 OR (klar = 1 AND tilstand = 'modtaget' AND overfoersel IS NULL)),
    retter INTEGER UNIQUE REFERENCES registrering (nr),
    -- The newest transfer that has it; none, where that was cancelled.
    overfoersel INTEGER REFERENCES overfoersel (nr),
    -- The kvittering that answered it.
    kvittering INTEGER REFERENCES forretningskvittering (nr),
    CHECK (tilstand = 'modtaget' OR tilstand = 'annulleret' OR kvittering IS NOT NULL)
) STRICT;

CREATE INDEX registrering_klar ON registrering (kommunekode, fagsystem, nr, poster) WHERE klar = 1;
CREATE INDEX registrering_aaben ON registrering (konto, plads, nr)
    WHERE tilstand IN ('modtaget', 'afvist');
CREATE INDEX registrering_afvist ON registrering (kommunekode, nr) WHERE tilstand = 'afvist';

-- What it says, as JSON: written once, and read where it is sent.
CREATE TABLE indhold (
    registrering INTEGER PRIMARY KEY,
    json TEXT NOT NULL
) STRICT;

-- One transfer. Its registrations are the rows of forsendelse from after foer, so many.
CREATE TABLE overfoersel (
    nr INTEGER PRIMARY KEY,
    overfoersel_id BLOB NOT NULL UNIQUE CHECK (length(overfoersel_id) = 16),
    kommunekode INTEGER NOT NULL,
    fagsystem INTEGER NOT NULL REFERENCES fagsystem (nr),
    myndighed_cvr TEXT NOT NULL,
    debitorsystem TEXT NOT NULL,
    dannet TEXT NOT NULL,
    foer INTEGER NOT NULL CHECK (foer >= 0),
    antal_registreringer INTEGER NOT NULL CHECK (antal_registreringer > 0),
    antal_poster INTEGER NOT NULL CHECK (antal_poster >= antal_registreringer),
    sum_hovedstol INTEGER NOT NULL,
    sum_betalt INTEGER NOT NULL,
    -- How many of them are answered by a kvittering of this transfer.
    antal_besvaret INTEGER NOT NULL DEFAULT 0
        CHECK (antal_besvaret BETWEEN 0 AND antal_registreringer),
    -- Cancelled: what was not answered has gone back among what waits.
    opgivet TEXT,
    outbound INTEGER NOT NULL UNIQUE REFERENCES transfer (nr)
) STRICT;

CREATE INDEX overfoersel_ubesvaret ON overfoersel (nr)
    WHERE antal_besvaret < antal_registreringer AND opgivet IS NULL;

-- A registration in a transfer; its loebenummer there is nr less foer.
CREATE TABLE forsendelse (
    nr INTEGER PRIMARY KEY,
    registrering INTEGER NOT NULL,
    sekvens INTEGER NOT NULL CHECK (sekvens > 0)
) STRICT;

-- One forretningskvittering, and what was in it.
CREATE TABLE forretningskvittering (
    nr INTEGER PRIMARY KEY,
    kvittering_id BLOB NOT NULL UNIQUE CHECK (length(kvittering_id) = 16),
    overfoersel INTEGER NOT NULL REFERENCES overfoersel (nr),
    dannet TEXT NOT NULL,
    indlaest TEXT NOT NULL,
    antal_accepteret INTEGER NOT NULL CHECK (antal_accepteret >= 0),
    antal_afvist INTEGER NOT NULL CHECK (antal_afvist >= 0),
    -- Said before; said otherwise before; of none that was sent.
    antal_gentaget INTEGER NOT NULL CHECK (antal_gentaget >= 0),
    antal_modsagt INTEGER NOT NULL CHECK (antal_modsagt >= 0),
    antal_ukendt INTEGER NOT NULL CHECK (antal_ukendt >= 0),
    inbound INTEGER NOT NULL UNIQUE REFERENCES transfer (nr)
) STRICT;

CREATE INDEX forretningskvittering_overfoersel ON forretningskvittering (overfoersel);

-- Why a registration was rejected.
CREATE TABLE afvisning (
    registrering INTEGER PRIMARY KEY REFERENCES registrering (nr),
    aarsag TEXT NOT NULL CHECK (length(aarsag) = 4),
    tekst TEXT,
    restance INTEGER
) STRICT;

-- An answer that changed nothing, and is to be looked at: it contradicts an earlier one, or answers
-- what was not asked.
CREATE TABLE afvigelse (
    nr INTEGER PRIMARY KEY,
    kvittering INTEGER NOT NULL REFERENCES forretningskvittering (nr),
    registrering_id BLOB NOT NULL CHECK (length(registrering_id) = 16),
    art TEXT NOT NULL CHECK (art IN ('modsagt', 'ukendt')),
    -- What it said; none = accepted.
    aarsag TEXT,
    tekst TEXT
) STRICT;

-- What a case worker has decided.
CREATE TABLE annullering (
    registrering INTEGER PRIMARY KEY REFERENCES registrering (nr),
    at TEXT NOT NULL,
    who TEXT NOT NULL,
    why TEXT NOT NULL
) STRICT;
