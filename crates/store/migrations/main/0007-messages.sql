CREATE TABLE message (
    file BIGINT NOT NULL PRIMARY KEY,
    body BLOB NOT NULL
);

CREATE TABLE greeting (
    tenant BLOB NOT NULL,
    dn TEXT NOT NULL,
    file BIGINT NOT NULL,
    PRIMARY KEY (tenant, dn)
);
