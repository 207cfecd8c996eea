-- What was counted in a drawer, blind, a row a tender. `drawer` is a register, a cashier or empty, by `balancing`.
CREATE TABLE drawer_declarations (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    drawer VARCHAR NOT NULL,
    balancing VARCHAR NOT NULL,
    tender VARCHAR NOT NULL,
    counted DECIMAL(18, 4) NOT NULL
);
