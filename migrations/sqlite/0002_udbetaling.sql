-- What a file is about, besides its municipality and its request.
ALTER TABLE transfer ADD COLUMN dispositionsdato TEXT;

CREATE INDEX transfer_dispositionsdato ON transfer (dispositionsdato)
    WHERE dispositionsdato IS NOT NULL;
CREATE INDEX forespoergsel_periode ON forespoergsel (udbetalingsperiode, kommunekode);
CREATE INDEX forespoergsel_dispositionsdato ON forespoergsel (dispositionsdato);

-- One applied payout report. Its records are the rows of indberetning whose number is foer and
-- their loebenummer together; refused ones leave gaps.
CREATE TABLE udbetaling (
    nr INTEGER PRIMARY KEY,
    udbetaling_id TEXT NOT NULL UNIQUE CHECK (length(udbetaling_id) = 36),
    kommunekode INTEGER NOT NULL,
    dispositionsdato TEXT NOT NULL,
    udbetalingsperiode TEXT NOT NULL CHECK (length(udbetalingsperiode) = 6),
    -- As the file names it, known here or not.
    forespoergsel_id TEXT CHECK (length(forespoergsel_id) = 36),
    indlaest TEXT NOT NULL,
    -- What its amounts do to those of earlier reports on the same expectation.
    rettelse TEXT NOT NULL CHECK (rettelse IN ('erstatter', 'laegger-til')),
    foer INTEGER NOT NULL CHECK (foer >= 0),
    antal_i_filen INTEGER NOT NULL CHECK (antal_i_filen >= 0),
    -- What was applied, and how many records were refused.
    antal_indberetninger INTEGER NOT NULL CHECK (antal_indberetninger >= 0),
    sum_beloeb INTEGER NOT NULL,
    antal_afvist INTEGER NOT NULL CHECK (antal_afvist >= 0),
    inbound INTEGER NOT NULL UNIQUE REFERENCES transfer (nr),
    -- What its sender is told of the refused records, and the transfer that carries it.
    rapport TEXT,
    outbound INTEGER UNIQUE REFERENCES transfer (nr),
    CHECK ((rapport IS NULL) = (outbound IS NULL))
) STRICT;

CREATE INDEX udbetaling_periode ON udbetaling (udbetalingsperiode, kommunekode);
CREATE INDEX udbetaling_dispositionsdato ON udbetaling (dispositionsdato);

-- One record of a payout report, as it was reported. Nothing in it changes. Its forventning, and that
-- of indfrielse, is taken from the table forventning by the statement that inserts it, and no row there
-- is ever removed: a foreign key would say nothing more, and have every marking look here.
CREATE TABLE indberetning (
    nr INTEGER PRIMARY KEY,
    -- The expectation it is about; none = nobody expected it.
    forventning INTEGER,
    aftale_id TEXT NOT NULL CHECK (length(aftale_id) BETWEEN 1 AND 20),
    cpr TEXT NOT NULL CHECK (length(cpr) = 10),
    -- Negative = taken back.
    beloeb INTEGER NOT NULL,
    udbetalingsdato TEXT NOT NULL,
    aarsag TEXT NOT NULL CHECK (length(aarsag) = 2)
) STRICT;

CREATE TRIGGER indberetning_is_not_changed BEFORE UPDATE ON indberetning
BEGIN
    SELECT RAISE(ABORT, 'what was reported never changes');
END;

CREATE TRIGGER indberetning_is_not_deleted BEFORE DELETE ON indberetning
BEGIN
    SELECT RAISE(ABORT, 'what was reported never changes');
END;

-- What has become of an expectation that something was reported about: all reports together.
CREATE TABLE indfrielse (
    forventning INTEGER PRIMARY KEY,
    forventet INTEGER NOT NULL,
    modtaget INTEGER NOT NULL,
    -- Whether the latest amount counts something that was taken back.
    tilbagefoert INTEGER NOT NULL CHECK (tilbagefoert IN (0, 1)),
    aarsag TEXT NOT NULL,
    -- The newest indberetning, and how many reports there were.
    sidste INTEGER NOT NULL REFERENCES indberetning (nr),
    antal_rapporter INTEGER NOT NULL DEFAULT 1 CHECK (antal_rapporter >= 1),
    udfald TEXT NOT NULL GENERATED ALWAYS AS (CASE
        WHEN modtaget > forventet THEN 'over'
        WHEN modtaget = forventet THEN 'fuld'
        WHEN modtaget > 0 THEN 'delvis'
        WHEN tilbagefoert THEN 'tilbagefoert'
        ELSE 'ingen' END) VIRTUAL
) STRICT;

-- What was reported although nobody expected it: all reports of one payout together.
CREATE TABLE uventet (
    nr INTEGER PRIMARY KEY,
    kommunekode INTEGER NOT NULL,
    udbetalingsperiode TEXT NOT NULL,
    dispositionsdato TEXT NOT NULL,
    aftale_id TEXT NOT NULL,
    cpr TEXT NOT NULL,
    modtaget INTEGER NOT NULL,
    tilbagefoert INTEGER NOT NULL CHECK (tilbagefoert IN (0, 1)),
    aarsag TEXT NOT NULL,
    sidste INTEGER NOT NULL REFERENCES indberetning (nr),
    antal_rapporter INTEGER NOT NULL DEFAULT 1 CHECK (antal_rapporter >= 1),
    UNIQUE (udbetalingsperiode, kommunekode, dispositionsdato, aftale_id)
) STRICT;

-- The deadline of a request's expectations is over; how many were unanswered then, and their sum.
-- Those that still are have stayed out (are udeblevet).
CREATE TABLE udeblivelse (
    forespoergsel INTEGER PRIMARY KEY REFERENCES forespoergsel (nr),
    at TEXT NOT NULL,
    antal INTEGER NOT NULL CHECK (antal >= 0),
    sum_beloeb INTEGER NOT NULL CHECK (sum_beloeb >= 0)
) STRICT;
