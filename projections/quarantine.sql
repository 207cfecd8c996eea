-- Transactions that stand against others: their number, or a neighbouring day, holds something else.
CREATE TABLE conflicts (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    register VARCHAR NOT NULL,
    number UBIGINT NOT NULL,
    epoch UINTEGER NOT NULL,
    why VARCHAR NOT NULL,
    hash VARCHAR NOT NULL,
    first_hash VARCHAR NOT NULL,
    first_day VARCHAR NOT NULL,
    bytes_hash VARCHAR NOT NULL
);
-- Headquarters' decisions on them.
CREATE TABLE conflict_decisions (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    register VARCHAR NOT NULL,
    number UBIGINT NOT NULL,
    epoch UINTEGER NOT NULL,
    hash VARCHAR NOT NULL,
    decision VARCHAR NOT NULL
);
-- Whose kept bytes were forgotten, by their hash.
CREATE TABLE purged_bytes (
    position UBIGINT NOT NULL,
    bytes_hash VARCHAR NOT NULL
);
-- What is not in the books: refused as a whole, or rejected out of a batch. Its bytes are kept under their hash.
CREATE TABLE refusals (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,  -- it was for, else the day of refusal
    store VARCHAR NOT NULL,
    source VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    field VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    bytes_hash VARCHAR NOT NULL,
    bytes_length UBIGINT NOT NULL
);
