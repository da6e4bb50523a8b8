-- When an inbox with a schedule was last looked into and left with nothing to take in: after a
-- standstill it is known whether a scheduled time was missed.
CREATE TABLE intake (
    endpoint TEXT NOT NULL,
    directory TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (endpoint, directory)
) STRICT, WITHOUT ROWID;
