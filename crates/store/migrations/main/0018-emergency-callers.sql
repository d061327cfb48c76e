CREATE TABLE emergency_caller (
    tenant BLOB NOT NULL,
    device BLOB NOT NULL,
    gateway BLOB NOT NULL,
    shown TEXT NOT NULL,
    back TEXT,
    at BIGINT NOT NULL,
    PRIMARY KEY (tenant, device)
);
