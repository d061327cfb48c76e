CREATE TABLE revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    number BIGINT NOT NULL
);
INSERT INTO revision (id, number) VALUES (1, 0);

CREATE TABLE tenant (
    id BLOB NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    realm TEXT NOT NULL,
    preset SMALLINT NOT NULL,
    sip_secret_compat SMALLINT NOT NULL CHECK (sip_secret_compat IN (0, 1)),
    quota BIGINT,
    is_default SMALLINT NOT NULL CHECK (is_default IN (0, 1)),
    web_policy SMALLINT NOT NULL,
    unlock_min BIGINT,
    reminder_days BIGINT NOT NULL,
    retention_days BIGINT NOT NULL
);

CREATE TABLE tenant_revision (
    tenant BLOB NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL
);

CREATE TABLE site (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    domain TEXT NOT NULL,
    domain_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    media_path SMALLINT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant) REFERENCES tenant (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE person (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    site BLOB NOT NULL,
    name TEXT NOT NULL,
    furigana TEXT NOT NULL,
    dn TEXT NOT NULL,
    web_user TEXT NOT NULL,
    web_key TEXT,
    state SMALLINT NOT NULL,
    ring_time_s BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, dn),
    UNIQUE (tenant, web_key),
    FOREIGN KEY (tenant, site) REFERENCES site (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE device (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    site BLOB NOT NULL,
    kind SMALLINT NOT NULL,
    sip_id TEXT NOT NULL,
    sip_key TEXT NOT NULL,
    ha1 BLOB NOT NULL,
    person BLOB,
    label TEXT NOT NULL,
    srtp SMALLINT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, sip_key),
    FOREIGN KEY (tenant, site) REFERENCES site (tenant, id) DEFERRABLE INITIALLY DEFERRED,
    FOREIGN KEY (tenant, person) REFERENCES person (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE INDEX device_person ON device (tenant, person);

CREATE TABLE mobile_line (
    tenant BLOB NOT NULL,
    number TEXT NOT NULL UNIQUE,
    state SMALLINT NOT NULL,
    dn TEXT,
    requested_at BIGINT,
    activated_at BIGINT,
    cancelled_at BIGINT,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant) REFERENCES tenant (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE admin (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    site BLOB,
    login TEXT NOT NULL,
    login_key TEXT NOT NULL,
    state SMALLINT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, login_key),
    FOREIGN KEY (tenant) REFERENCES tenant (id) DEFERRABLE INITIALLY DEFERRED
);
