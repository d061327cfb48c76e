CREATE TABLE audit (
    tenant BLOB NOT NULL,
    number BIGINT NOT NULL,
    at BIGINT NOT NULL,
    actor_kind SMALLINT NOT NULL,
    actor BLOB,
    actor_name TEXT NOT NULL,
    address TEXT NOT NULL,
    act TEXT NOT NULL,
    detail TEXT NOT NULL,
    revision BIGINT NOT NULL,
    before_blob BLOB,
    after_blob BLOB,
    hash BLOB NOT NULL,
    PRIMARY KEY (tenant, number)
);

CREATE TABLE audit_head (
    tenant BLOB NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    hash BLOB NOT NULL
);
