-- What becomes of an appointment: who came, whether they met, what was proposed to the booking
-- system when its window had closed (once; it stays the owner of the status), and calls that staff
-- started although the door was closed.
ALTER TABLE appointments ADD COLUMN patient_came_at BIGINT;
ALTER TABLE appointments ADD COLUMN staff_came_at BIGINT;
ALTER TABLE appointments ADD COLUMN met_at BIGINT;
ALTER TABLE appointments ADD COLUMN judged_at BIGINT;
ALTER TABLE appointments ADD COLUMN verdict TEXT CHECK (verdict IN ('fulfilled', 'noshow'));
CREATE INDEX appointments_unjudged ON appointments (closes_at, id) WHERE judged_at IS NULL;

ALTER TABLE calls ADD COLUMN overridden INTEGER NOT NULL DEFAULT 0 CHECK (overridden IN (0, 1));
