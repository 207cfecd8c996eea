-- One row per fact, without what it says: who, when, why, and where it stands.
CREATE TABLE facts (
    position     UBIGINT NOT NULL,
    recorded_at  TIMESTAMPTZ NOT NULL,
    owner        VARCHAR NOT NULL,
    stream       VARCHAR NOT NULL,
    version      UINTEGER NOT NULL,
    topic        VARCHAR NOT NULL,
    area         VARCHAR NOT NULL,
    business_day DATE,              -- where it has one
    actor        VARCHAR NOT NULL,
    role         VARCHAR NOT NULL,
    device       VARCHAR NOT NULL,
    on_behalf_of VARCHAR NOT NULL,
    reason       VARCHAR NOT NULL,
    origin       VARCHAR NOT NULL,
    causation    VARCHAR NOT NULL,  -- stream#version of the fact that caused it
    correlation  VARCHAR NOT NULL
);
