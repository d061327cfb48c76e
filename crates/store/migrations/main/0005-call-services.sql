ALTER TABLE tenant ADD COLUMN codes TEXT NOT NULL DEFAULT 'hold=#7 dial-confirm=#1 push-tone-send=#9 park=#5 pickup=*55 group-pickup=*56 park-retrieve=*57 forward-all-set=*211 forward-all-clear=*210 forward-busy-set=*221 forward-busy-clear=*220 forward-no-answer-set=*231 forward-no-answer-clear=*230 forward-unregistered-set=*241 forward-unregistered-clear=*240 voicemail-set=*251 voicemail-clear=*250 forward-query=*29 do-not-disturb-set=*261 do-not-disturb-clear=*260 night=*281 day=*280 automatic-hours=*282 line-select=*80 login=*91 logout=*92 voicemail=*98';
ALTER TABLE tenant ADD COLUMN options BIGINT NOT NULL DEFAULT 254;
ALTER TABLE tenant ADD COLUMN announcements SMALLINT NOT NULL DEFAULT 1 CHECK (announcements IN (0, 1));

ALTER TABLE site ADD COLUMN number TEXT;
ALTER TABLE site ADD COLUMN codes TEXT NOT NULL DEFAULT '';
ALTER TABLE site ADD COLUMN tones SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN hold_again SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN forward_outside SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN transfer_outside SMALLINT NOT NULL DEFAULT 0;
ALTER TABLE site ADD COLUMN park_s BIGINT NOT NULL DEFAULT 90;
ALTER TABLE site ADD COLUMN park_overflow TEXT;
ALTER TABLE site ADD COLUMN voicemail_without_pin SMALLINT NOT NULL DEFAULT 1 CHECK (voicemail_without_pin IN (0, 1));

ALTER TABLE person ADD COLUMN pickup_departments BLOB;

ALTER TABLE device ADD COLUMN do_not_disturb SMALLINT NOT NULL DEFAULT 0 CHECK (do_not_disturb IN (0, 1));
ALTER TABLE device ADD COLUMN accepts_tones SMALLINT NOT NULL DEFAULT 0 CHECK (accepts_tones IN (0, 1));

CREATE TABLE virtual_dn (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    site BLOB NOT NULL,
    dn TEXT NOT NULL,
    name TEXT NOT NULL,
    web_user TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, dn),
    FOREIGN KEY (tenant, site) REFERENCES site (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE department (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    site BLOB NOT NULL,
    name TEXT NOT NULL,
    dn TEXT NOT NULL,
    multicast SMALLINT NOT NULL CHECK (multicast IN (0, 1)),
    ring_s BIGINT NOT NULL,
    members BLOB NOT NULL,
    ring_busy SMALLINT NOT NULL CHECK (ring_busy IN (0, 1)),
    ring_forwarded SMALLINT NOT NULL CHECK (ring_forwarded IN (0, 1)),
    forward_all TEXT,
    forward_all_last TEXT,
    overflow TEXT,
    voicemail SMALLINT NOT NULL CHECK (voicemail IN (0, 1)),
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, dn),
    FOREIGN KEY (tenant, site) REFERENCES site (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE hunt_group (
    tenant BLOB NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    site BLOB NOT NULL,
    method SMALLINT NOT NULL,
    pilot TEXT NOT NULL,
    members TEXT NOT NULL,
    ring_s BIGINT NOT NULL,
    limit_s BIGINT NOT NULL,
    rounds BIGINT NOT NULL,
    follow_all SMALLINT NOT NULL CHECK (follow_all IN (0, 1)),
    forward_all TEXT,
    forward_all_last TEXT,
    overflow TEXT,
    voicemail SMALLINT NOT NULL CHECK (voicemail IN (0, 1)),
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, pilot),
    FOREIGN KEY (tenant, site) REFERENCES site (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE pickup_group (
    tenant BLOB NOT NULL,
    number BIGINT NOT NULL,
    name TEXT NOT NULL,
    members TEXT NOT NULL,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant) REFERENCES tenant (id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE park_slot (
    tenant BLOB NOT NULL,
    dn TEXT NOT NULL,
    site BLOB NOT NULL,
    PRIMARY KEY (tenant, dn),
    FOREIGN KEY (tenant, site) REFERENCES site (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE gateway (
    tenant BLOB NOT NULL,
    id BLOB NOT NULL,
    site BLOB NOT NULL,
    name TEXT NOT NULL,
    kind SMALLINT NOT NULL,
    prefix TEXT NOT NULL,
    channels BIGINT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, site) REFERENCES site (tenant, id) DEFERRABLE INITIALLY DEFERRED
);

CREATE TABLE dn_settings (
    tenant BLOB NOT NULL,
    dn TEXT NOT NULL,
    forward_all TEXT,
    forward_all_last TEXT,
    forward_busy TEXT,
    forward_busy_last TEXT,
    forward_no_answer TEXT,
    forward_no_answer_last TEXT,
    forward_unregistered TEXT,
    forward_unregistered_last TEXT,
    no_answer_s BIGINT NOT NULL,
    voicemail SMALLINT NOT NULL CHECK (voicemail IN (0, 1)),
    voicemail_s BIGINT NOT NULL,
    waiting SMALLINT NOT NULL,
    call_limit BIGINT NOT NULL,
    record_s BIGINT NOT NULL,
    messages_max BIGINT NOT NULL,
    keep_days BIGINT NOT NULL,
    shown SMALLINT NOT NULL,
    PRIMARY KEY (tenant, dn),
    FOREIGN KEY (tenant) REFERENCES tenant (id) DEFERRABLE INITIALLY DEFERRED
);
