-- What a batch says of a register: how it numbers, whether it has a drawer, and the last number it declares.
CREATE TABLE register_days (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    register VARCHAR NOT NULL,
    epoch UINTEGER NOT NULL,
    numbering VARCHAR NOT NULL,
    first_number UBIGINT NOT NULL,
    last_number UBIGINT,  -- NULL: the batch declares none
    drawer BOOLEAN NOT NULL
);
