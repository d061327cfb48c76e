ALTER TABLE tenant ADD COLUMN calendar TEXT NOT NULL DEFAULT 'national year-end=12-29..01-03';
ALTER TABLE reception ADD COLUMN reception_group TEXT;
ALTER TABLE gateway ADD COLUMN holds_line SMALLINT NOT NULL DEFAULT 0 CHECK (holds_line IN (0, 1));
ALTER TABLE hunt_group ADD COLUMN toll TEXT;
