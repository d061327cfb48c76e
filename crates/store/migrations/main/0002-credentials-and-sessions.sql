CREATE TABLE credential (
    tenant BLOB NOT NULL,
    kind SMALLINT NOT NULL,
    owner BLOB NOT NULL,
    form SMALLINT NOT NULL,
    salt BLOB NOT NULL,
    hash BLOB NOT NULL,
    must_change SMALLINT NOT NULL CHECK (must_change IN (0, 1)),
    changed_at BIGINT NOT NULL,
    failures BIGINT NOT NULL,
    locked_at BIGINT,
    locked_zone SMALLINT,
    locked_from TEXT,
    PRIMARY KEY (tenant, kind, owner)
);

CREATE INDEX credential_locked ON credential (tenant, locked_at) WHERE locked_at IS NOT NULL;
CREATE INDEX credential_form ON credential (form) WHERE form = 1;

CREATE TABLE session (
    token BLOB NOT NULL,
    tenant BLOB NOT NULL,
    kind SMALLINT NOT NULL,
    owner BLOB NOT NULL,
    zone SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (token, tenant)
);

CREATE INDEX session_owner ON session (tenant, kind, owner);
CREATE INDEX session_seen ON session (seen_at);
