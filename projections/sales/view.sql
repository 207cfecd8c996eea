-- What was sold, as rows that only add up. Each row carries the position of the fact that made it; a transaction taken
-- back is the same rows again with the opposite sign.

-- The lines that count: of sales, returns and post-voids, not voided before completion. A line with several kinds of
-- discount has the first kind on its own row and one more row for each other kind, with nothing but `discounts` in it.
CREATE TABLE sales_lines (
    position      UBIGINT NOT NULL,
    business_day  DATE NOT NULL,
    store         VARCHAR NOT NULL,
    currency      VARCHAR NOT NULL,
    hour          UTINYINT NOT NULL,       -- local, of the end of the transaction
    register      VARCHAR NOT NULL,
    number        UBIGINT NOT NULL,
    epoch         UINTEGER NOT NULL,       -- of the register's numbering
    kind          VARCHAR NOT NULL,
    cashier       VARCHAR NOT NULL,
    sku           VARCHAR NOT NULL,
    sign          TINYINT NOT NULL,        -- 1, -1 when taken back
    lines         TINYINT NOT NULL,        -- the sign, 0 for a further kind of discount
    quantity      DECIMAL(18, 3) NOT NULL, -- in the article's unit of measure
    gross         DECIMAL(18, 4) NOT NULL, -- at list price: net + all discounts, + tax where prices include it
    discounts     DECIMAL(18, 4) NOT NULL, -- of discount_kind
    discount_kind VARCHAR,
    net           DECIMAL(18, 4) NOT NULL,
    tax           DECIMAL(18, 4) NOT NULL,
    cost          DECIMAL(18, 4) NOT NULL  -- of the goods when they were issued
);

-- Every transaction, of any kind, with the sums of its lines that count: cuts without an article read no line.
CREATE TABLE sales_receipts (
    position     UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store        VARCHAR NOT NULL,
    currency     VARCHAR NOT NULL,
    hour         UTINYINT NOT NULL,
    register     VARCHAR NOT NULL,
    number       UBIGINT NOT NULL,
    epoch        UINTEGER NOT NULL,
    kind         VARCHAR NOT NULL,
    cashier      VARCHAR NOT NULL,
    customer     VARCHAR NOT NULL,         -- an opaque code
    receipts     TINYINT NOT NULL,         -- 1 for a sale, return or post-void, else 0; -1 when taken back
    transactions TINYINT NOT NULL,         -- 1, -1 when taken back
    lines        INTEGER NOT NULL,
    quantity     DECIMAL(18, 3) NOT NULL,  -- whatever the unit: means something only where units do not differ
    gross        DECIMAL(18, 4) NOT NULL,
    discounts    DECIMAL(18, 4) NOT NULL,
    net          DECIMAL(18, 4) NOT NULL,
    tax          DECIMAL(18, 4) NOT NULL,
    charges      DECIMAL(18, 4) NOT NULL,
    rounding     DECIMAL(18, 4) NOT NULL,
    tendered     DECIMAL(18, 4) NOT NULL   -- tenders less change, of a sale, return or post-void
);

-- How it was paid, and what else went into a drawer or out of it.
CREATE TABLE sales_tenders (
    position     UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store        VARCHAR NOT NULL,
    currency     VARCHAR NOT NULL,
    hour         UTINYINT NOT NULL,
    register     VARCHAR NOT NULL,
    number       UBIGINT NOT NULL,
    epoch        UINTEGER NOT NULL,
    kind         VARCHAR NOT NULL,
    cashier      VARCHAR NOT NULL,
    tender       VARCHAR NOT NULL,
    receipts     TINYINT NOT NULL,         -- as of the transaction
    amount       DECIMAL(18, 4) NOT NULL,
    change       DECIMAL(18, 4) NOT NULL
);

-- Every article that was ever on a line that counts, with the first fact that named it.
CREATE TABLE sales_skus (
    position UBIGINT NOT NULL,
    sku      VARCHAR NOT NULL
);
