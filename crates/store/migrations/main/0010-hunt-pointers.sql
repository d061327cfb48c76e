CREATE TABLE hunt_pointer (
    tenant BLOB NOT NULL,
    hunt BIGINT NOT NULL,
    member TEXT NOT NULL,
    PRIMARY KEY (tenant, hunt)
);
