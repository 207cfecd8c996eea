-- What happened to a store's day, as counters: batches with their outcomes, declarations of no sales, seals, restatements.
CREATE TABLE day_events (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    origin VARCHAR NOT NULL,
    batches INTEGER NOT NULL,
    accepted INTEGER NOT NULL,
    duplicate INTEGER NOT NULL,
    conflict INTEGER NOT NULL,
    rejected INTEGER NOT NULL,
    after_close INTEGER NOT NULL,
    no_sales INTEGER NOT NULL,
    closed INTEGER NOT NULL,
    restated INTEGER NOT NULL
);
