-- The settings of a store: one row for each stretch of days and of the log in which they held.
-- `weekdays` are ISO numbers (1 Monday); NULL where the store has no calendar.
CREATE TABLE store_versions (
    store VARCHAR NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    known_from UBIGINT NOT NULL,
    known_to UBIGINT NOT NULL,
    kind VARCHAR NOT NULL,
    owner VARCHAR NOT NULL,
    region VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    gln VARCHAR NOT NULL,
    time_zone VARCHAR NOT NULL,
    day_boundary VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    prices_include_tax BOOLEAN NOT NULL,
    balancing VARCHAR NOT NULL,
    weekdays UTINYINT[],
    closed_on DATE[],
    open_on DATE[]
);
-- Whether a store is open, suspended or closed.
CREATE TABLE store_status (
    store VARCHAR NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    known_from UBIGINT NOT NULL,
    known_to UBIGINT NOT NULL,
    status VARCHAR NOT NULL
);
-- The registers of a store, all of them in one row.
CREATE TABLE store_registers (
    store VARCHAR NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    known_from UBIGINT NOT NULL,
    known_to UBIGINT NOT NULL,
    registers STRUCT(code VARCHAR, numbering VARCHAR, first_number UBIGINT, epoch UINTEGER, drawer BOOLEAN)[] NOT NULL
);
