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
