-- What was odd about transactions that count nevertheless, as it was noted when they came. `line` is its place in the
-- transaction, -1 for the whole; `count` is -1 when the transaction is taken back; `amount` is the net of what it is about.
CREATE TABLE exceptions_noted (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    code VARCHAR NOT NULL,
    register VARCHAR NOT NULL,
    number UBIGINT NOT NULL,
    epoch UINTEGER NOT NULL,
    line INTEGER NOT NULL,
    sku VARCHAR NOT NULL,
    cashier VARCHAR NOT NULL,
    detail VARCHAR NOT NULL,
    count TINYINT NOT NULL,
    amount DECIMAL(18, 4) NOT NULL
);
-- The lines of returns and post-voids that name their original; one with no line has a row without an article.
CREATE TABLE sales_returns (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    register VARCHAR NOT NULL,
    number UBIGINT NOT NULL,
    epoch UINTEGER NOT NULL,
    cashier VARCHAR NOT NULL,
    sku VARCHAR NOT NULL,
    count TINYINT NOT NULL,
    quantity DECIMAL(18, 3) NOT NULL,
    net DECIMAL(18, 4) NOT NULL,
    original_store VARCHAR NOT NULL,
    original_day DATE NOT NULL,
    original_register VARCHAR NOT NULL,
    original_number UBIGINT NOT NULL,
    original_epoch UINTEGER NOT NULL -- 0: any
);
