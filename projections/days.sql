-- The seal of a day: its totals then, and what was still open.
CREATE TABLE day_seals (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    transactions INTEGER NOT NULL,
    receipts INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    net DECIMAL(38, 4) NOT NULL,
    tax DECIMAL(38, 4) NOT NULL,
    gaps BIGINT NOT NULL,       -- missing numbers
    conflicts INTEGER NOT NULL, -- open in quarantine
    over_short DECIMAL(38, 4) NOT NULL, -- of all drawers, positive is over
    sealed_version UINTEGER NOT NULL,
    sealed_hash VARCHAR NOT NULL
);
-- What was added to a sealed day, restatement by restatement.
CREATE TABLE day_restatements (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    number UINTEGER NOT NULL,
    transactions INTEGER NOT NULL,
    receipts INTEGER NOT NULL,
    lines INTEGER NOT NULL,
    net DECIMAL(38, 4) NOT NULL,
    tax DECIMAL(38, 4) NOT NULL
);
