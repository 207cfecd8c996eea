-- What was said of an article: one row for each stretch of days and of the log in which a version held.
-- Amounts are NULL where none was given; `gtins` are 14 digits, several parted by a blank.
CREATE TABLE article_versions (
    sku VARCHAR NOT NULL,
    valid_from DATE NOT NULL,
    valid_to DATE NOT NULL,
    known_from UBIGINT NOT NULL,
    known_to UBIGINT NOT NULL,
    unit VARCHAR NOT NULL,
    name VARCHAR NOT NULL,
    gtins VARCHAR NOT NULL,
    department VARCHAR NOT NULL,
    category VARCHAR NOT NULL,
    subcategory VARCHAR NOT NULL,
    brand VARCHAR NOT NULL,
    manufacturer VARCHAR NOT NULL,
    package_size VARCHAR NOT NULL,
    currency VARCHAR NOT NULL,
    list_price DECIMAL(18, 4),
    cost DECIMAL(18, 4)
);
