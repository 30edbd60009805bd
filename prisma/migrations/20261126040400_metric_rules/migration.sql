ALTER TABLE metric_bucket
  ADD CONSTRAINT metric_bucket_seconds CHECK (seconds IN (60, 3600, 86400)),
  ADD CONSTRAINT metric_bucket_count CHECK (count >= 0);
-- A bucket is added to many times while it is new: with room on its page that touches no index.
ALTER TABLE metric_bucket SET (fillfactor = 70);
