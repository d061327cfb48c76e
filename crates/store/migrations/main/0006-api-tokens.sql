CREATE TABLE api_token (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    name TEXT NOT NULL,
    role SMALLINT NOT NULL CHECK (role IN (0, 1)),
    hash BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT,
    PRIMARY KEY (tenant, id)
);

CREATE UNIQUE INDEX api_token_hash ON api_token (hash);
