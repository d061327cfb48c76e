ALTER TABLE tenant ADD COLUMN stopped_to TEXT;
