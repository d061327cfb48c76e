-- The last clause is SQLite only: one tree instead of two.
CREATE TABLE call_record (
    tenant BLOB NOT NULL,
    called_at BIGINT NOT NULL,
    id BLOB NOT NULL,
    site BLOB,
    answered SMALLINT NOT NULL CHECK (answered IN (0, 1)),
    services BIGINT NOT NULL,
    cause TEXT NOT NULL,
    numbers TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (tenant, called_at, id)
) WITHOUT ROWID;
