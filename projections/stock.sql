-- What moved in a location's ledger, a row an article and movement. On hand is the sum, of quantity and of value.
-- `unknown` marks rows whose cost nobody has ever known; `catch_up` is the cost of goods sold that a receipt corrects.
CREATE TABLE stock_movements (
    position UBIGINT NOT NULL,
    business_day DATE NOT NULL,
    store VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    movement VARCHAR NOT NULL,
    sku VARCHAR NOT NULL,
    quantity DECIMAL(18, 3) NOT NULL,
    value DECIMAL(18, 4) NOT NULL,
    catch_up DECIMAL(18, 4) NOT NULL,
    unknown BOOLEAN NOT NULL
);
