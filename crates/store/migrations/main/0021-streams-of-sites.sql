ALTER TABLE department ADD COLUMN multicast_sites TEXT NOT NULL DEFAULT '';

ALTER TABLE device ADD COLUMN multicast_groups SMALLINT NOT NULL DEFAULT 0
    CHECK (multicast_groups BETWEEN 0 AND 64);

UPDATE device SET multicast_groups = 64 WHERE hears_multicast = 1;

ALTER TABLE device DROP COLUMN hears_multicast;
