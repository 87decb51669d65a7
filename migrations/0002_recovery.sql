-- What a restart needs: who may come back to a held seat, how long a call has really lasted, and
-- which commands were carried out.

-- SHA-256 of the token the seat was taken with, never the token.
ALTER TABLE call_seats ADD COLUMN token_hash TEXT NOT NULL DEFAULT '';

-- `answered_at` and `connected_at` by the boot clock, and the boot they were measured in: under
-- another boot the two numbers mean nothing.
ALTER TABLE calls ADD COLUMN answered_boot_ms BIGINT;
ALTER TABLE calls ADD COLUMN connected_boot_ms BIGINT;
ALTER TABLE calls ADD COLUMN boot_id TEXT;

-- Commands that were carried out, written with what they did, so that repeating one has no second
-- effect; `name` and `content` are hashes. Short retention, no history; `call_id` has no foreign
-- key, because a call may be erased before its commands are forgotten.
CREATE TABLE done_commands (
    appointment_id  TEXT NOT NULL REFERENCES appointments (id),
    name            TEXT NOT NULL CHECK (length(name) >= 1),
    content         TEXT NOT NULL,
    kind            TEXT NOT NULL CHECK (kind IN ('start', 'join', 'leave', 'end')),
    at              BIGINT NOT NULL,
    call_id         TEXT,
    seat_order      INTEGER NOT NULL CHECK (seat_order >= 0),
    joined_existing INTEGER NOT NULL CHECK (joined_existing IN (0, 1)),
    reattached      INTEGER NOT NULL CHECK (reattached IN (0, 1)),
    offer_relayed   INTEGER NOT NULL CHECK (offer_relayed IN (0, 1)),
    PRIMARY KEY (appointment_id, name)
);
CREATE INDEX done_commands_by_appointment ON done_commands (appointment_id, at, name);
CREATE INDEX done_commands_by_time ON done_commands (at);
