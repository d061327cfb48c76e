CREATE TABLE binding (
    device BLOB NOT NULL,
    bkey BLOB NOT NULL,
    expires_at BIGINT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (device, bkey)
);
