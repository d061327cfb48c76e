CREATE TABLE line (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    number TEXT NOT NULL,
    gateway BLOB NOT NULL,
    prefix TEXT,
    reserve BLOB,
    receive SMALLINT NOT NULL,
    receivers BLOB NOT NULL,
    callers BLOB NOT NULL,
    initial_of BLOB NOT NULL,
    common SMALLINT NOT NULL CHECK (common IN (0, 1)),
    day TEXT NOT NULL,
    night TEXT,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, code),
    UNIQUE (tenant, number),
    FOREIGN KEY (tenant, gateway) REFERENCES gateway (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE reception (
    tenant BLOB NOT NULL,
    site BLOB NOT NULL,
    night_switch SMALLINT NOT NULL,
    week TEXT,
    holidays TEXT NOT NULL,
    unknown_to TEXT,
    PRIMARY KEY (tenant, site),
    FOREIGN KEY (tenant, site) REFERENCES site (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

ALTER TABLE dn_settings ADD COLUMN caller_number SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE dn_settings ADD COLUMN hide_number SMALLINT NOT NULL DEFAULT 0 CHECK (hide_number IN (0, 1));
