ALTER TABLE tenant ADD COLUMN accounts_max SMALLINT NOT NULL DEFAULT 5;

ALTER TABLE person ADD COLUMN former_devices BLOB;

ALTER TABLE credential ADD COLUMN recent BLOB;

CREATE TABLE idempotency (
    tenant BLOB NOT NULL,
    name BLOB NOT NULL,
    asked BLOB NOT NULL,
    answer BLOB NOT NULL,
    made_at BIGINT NOT NULL,
    PRIMARY KEY (tenant, name)
);

CREATE INDEX idempotency_made ON idempotency (made_at);
