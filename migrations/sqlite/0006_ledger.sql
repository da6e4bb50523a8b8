-- The debitorsystem's ledger: debitorkonti of others, what is owed on them, and what was paid. What
-- comes by the million has numbers that only grow, so that what belongs together stands together.

-- One transfer that was taken in, and its kvittering. The answers to its registrations are the rows of
-- registreringssvar whose number is foer and their loebenummer together.
CREATE TABLE modtaget_overfoersel (
    nr INTEGER PRIMARY KEY,
    overfoersel_id BLOB NOT NULL UNIQUE CHECK (length(overfoersel_id) = 16),
    kommunekode INTEGER NOT NULL,
    myndighed_cvr TEXT NOT NULL CHECK (length(myndighed_cvr) = 8),
    fagsystem INTEGER NOT NULL REFERENCES fagsystem (nr),
    -- When it was cut, and when its kvittering was made.
    dannet TEXT NOT NULL,
    kvitteret TEXT NOT NULL,
    kvittering_id BLOB NOT NULL UNIQUE CHECK (length(kvittering_id) = 16),
    foer INTEGER NOT NULL CHECK (foer >= 0),
    antal_registreringer INTEGER NOT NULL CHECK (antal_registreringer > 0),
    antal_afvist INTEGER NOT NULL CHECK (antal_afvist BETWEEN 0 AND antal_registreringer),
    inbound INTEGER NOT NULL UNIQUE REFERENCES transfer (nr),
    outbound INTEGER NOT NULL UNIQUE REFERENCES transfer (nr)
) STRICT;

-- What one registration was answered. Nothing in it changes.
CREATE TABLE registreringssvar (
    nr INTEGER PRIMARY KEY,
    registrering_id BLOB NOT NULL CHECK (length(registrering_id) = 16),
    -- The first answer under this id; none = this is it.
    foerste INTEGER REFERENCES registreringssvar (nr),
    -- Of what it said: the same id with other content is another registration.
    fingeraftryk INTEGER NOT NULL,
    -- Why it was rejected; none = it was accepted.
    aarsag TEXT CHECK (length(aarsag) = 4),
    tekst TEXT CHECK (length(tekst) <= 60),
    restance INTEGER CHECK (restance >= 0)
) STRICT;

CREATE UNIQUE INDEX registreringssvar_foerste ON registreringssvar (registrering_id)
    WHERE foerste IS NULL;

CREATE TRIGGER registreringssvar_is_not_changed BEFORE UPDATE ON registreringssvar
BEGIN
    SELECT RAISE(ABORT, 'what was answered never changes');
END;

CREATE TRIGGER registreringssvar_is_not_deleted BEFORE DELETE ON registreringssvar
BEGIN
    SELECT RAISE(ABORT, 'what was answered never changes');
END;

CREATE TABLE debitorkonto (
    -- That of the answer to its OpretDebitorkonto.
    nr INTEGER PRIMARY KEY REFERENCES registreringssvar (nr),
    debitorkonto_id BLOB NOT NULL UNIQUE CHECK (length(debitorkonto_id) = 16),
    kommunekode INTEGER NOT NULL,
    -- Only this fagsystem changes it.
    ejer INTEGER NOT NULL REFERENCES fagsystem (nr),
    debitorkontotype TEXT NOT NULL,
    betegnelse TEXT,
    -- The place of the last accepted registration among its own.
    sekvens INTEGER NOT NULL DEFAULT 1 CHECK (sekvens > 0)
) STRICT;

-- A part is a CPR number of ten digits or a CVR number of eight. nr counts from 1 in each konto.
CREATE TABLE haeftelse (
    konto INTEGER NOT NULL REFERENCES debitorkonto (nr),
    nr INTEGER NOT NULL,
    rolle TEXT NOT NULL CHECK (length(rolle) = 2),
    part TEXT NOT NULL CHECK (length(part) IN (8, 10)),
    gyldig_fra TEXT NOT NULL,
    gyldig_til TEXT CHECK (gyldig_til >= gyldig_fra),
    PRIMARY KEY (konto, nr)
) STRICT, WITHOUT ROWID;

CREATE TABLE adresse (
    konto INTEGER NOT NULL REFERENCES debitorkonto (nr),
    nr INTEGER NOT NULL,
    rolle TEXT NOT NULL CHECK (length(rolle) = 2),
    part TEXT NOT NULL CHECK (length(part) IN (8, 10)),
    gyldig_fra TEXT NOT NULL,
    gyldig_til TEXT CHECK (gyldig_til >= gyldig_fra),
    vej TEXT NOT NULL,
    postnummer TEXT NOT NULL,
    "by" TEXT NOT NULL,
    land TEXT NOT NULL,
    PRIMARY KEY (konto, nr)
) STRICT, WITHOUT ROWID;

CREATE TABLE materialeabonnement (
    konto INTEGER NOT NULL REFERENCES debitorkonto (nr),
    nr INTEGER NOT NULL,
    rolle TEXT NOT NULL CHECK (length(rolle) = 2),
    part TEXT NOT NULL CHECK (length(part) IN (8, 10)),
    materialetype TEXT NOT NULL,
    gyldig_fra TEXT NOT NULL,
    gyldig_til TEXT CHECK (gyldig_til >= gyldig_fra),
    PRIMARY KEY (konto, nr)
) STRICT, WITHOUT ROWID;

CREATE TABLE fordring (
    nr INTEGER PRIMARY KEY,
    -- That of its konto: a claim's name is its fagsystem's.
    ejer INTEGER NOT NULL,
    fordring_id TEXT NOT NULL CHECK (length(fordring_id) BETWEEN 1 AND 20),
    konto INTEGER NOT NULL REFERENCES debitorkonto (nr),
    kravtype TEXT NOT NULL,
    -- Øre: that of its delfordringer together.
    hovedstol INTEGER NOT NULL CHECK (hovedstol > 0),
    periode_fra TEXT NOT NULL,
    periode_til TEXT NOT NULL CHECK (periode_til >= periode_fra),
    forfaldsdato TEXT NOT NULL,
    fordringstilstand TEXT NOT NULL CHECK (fordringstilstand IN ('01', '02')),
    UNIQUE (ejer, fordring_id)
) STRICT;

-- What is left to pay on a claim is what is left on its parts.
CREATE TABLE delfordring (
    fordring INTEGER NOT NULL REFERENCES fordring (nr),
    delfordring_id TEXT NOT NULL CHECK (length(delfordring_id) BETWEEN 1 AND 20),
    delfordringstype TEXT NOT NULL,
    -- Øre. The second and third are what the rows of postering add up to.
    hovedstol INTEGER NOT NULL CHECK (hovedstol > 0),
    nedreguleret INTEGER NOT NULL DEFAULT 0 CHECK (nedreguleret >= 0),
    daekket INTEGER NOT NULL DEFAULT 0 CHECK (daekket >= 0),
    restance INTEGER NOT NULL GENERATED ALWAYS AS (hovedstol - nedreguleret - daekket) VIRTUAL
        CHECK (restance >= 0),
    PRIMARY KEY (fordring, delfordring_id)
) STRICT, WITHOUT ROWID;

-- A payment, the reversal of a whole one, or a nedregulering. Nothing in it changes. Its delfordring was
-- looked up just before, and none is ever removed: a foreign key would say nothing more.
CREATE TABLE postering (
    -- That of the answer to its registration.
    nr INTEGER PRIMARY KEY,
    indbetaling_id BLOB NOT NULL UNIQUE CHECK (length(indbetaling_id) = 16),
    fordring INTEGER NOT NULL,
    delfordring_id TEXT NOT NULL,
    nedregulering INTEGER NOT NULL CHECK (nedregulering IN (0, 1)),
    beloeb INTEGER NOT NULL CHECK (beloeb > 0),
    indbetalingsdato TEXT NOT NULL,
    -- The payment that is reversed by it.
    tilbagefoerer INTEGER REFERENCES postering (nr),
    CHECK (nedregulering = 0 OR tilbagefoerer IS NULL)
) STRICT;

CREATE UNIQUE INDEX postering_tilbagefoerer ON postering (tilbagefoerer)
    WHERE tilbagefoerer IS NOT NULL;

CREATE TRIGGER postering_is_not_changed BEFORE UPDATE ON postering
BEGIN
    SELECT RAISE(ABORT, 'what was entered never changes');
END;

CREATE TRIGGER postering_is_not_deleted BEFORE DELETE ON postering
BEGIN
    SELECT RAISE(ABORT, 'what was entered never changes');
END;
