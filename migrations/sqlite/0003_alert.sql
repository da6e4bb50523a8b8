-- What an operator is told of: raised once for each thing that is wrong, and kept for good. An alert
-- is sent when every hook that wants its kind has taken it, or when none wants it.
CREATE TABLE alert (
    nr INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    -- What is wrong, by a name that stays the same for as long as it is the same thing.
    subject TEXT NOT NULL,
    since TEXT NOT NULL,
    text TEXT NOT NULL,
    -- The command that goes on from here.
    next TEXT NOT NULL,
    raised_at TEXT NOT NULL,
    sent_at TEXT,
    -- Rounds in which a hook did not take it, and the last of them.
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    tried_at TEXT,
    -- Who hands it over now.
    node INTEGER REFERENCES node (nr),
    UNIQUE (kind, subject),
    CHECK ((attempts = 0) = (tried_at IS NULL)),
    CHECK (node IS NULL OR sent_at IS NULL)
) STRICT;

CREATE INDEX alert_unsent ON alert (nr) WHERE sent_at IS NULL;
CREATE INDEX alert_node ON alert (node) WHERE node IS NOT NULL;

CREATE TABLE alert_taken (
    alert INTEGER NOT NULL REFERENCES alert (nr),
    hook TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (alert, hook)
) STRICT, WITHOUT ROWID;
