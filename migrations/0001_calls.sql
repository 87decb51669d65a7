-- The first schema: appointments, calls and their history, API keys, invites.
-- Common subset of SQLite 3.40 and PostgreSQL 15. Times are UTC milliseconds since 1970 (`_at`),
-- spans milliseconds (`_ms`), flags 0 or 1. Words are those of include/rendezvous/call/words.hpp.
-- A file of this folder is never edited once it has been released: its SHA-256 is kept.

-- Our projection of what the booking system owns. `call_status` and `newest_call_id` repeat what
-- the newest call says, in the same transaction, so that lists can filter and begin with them;
-- `newest_call_id` has no foreign key because the two tables would need each other to exist.
CREATE TABLE appointments (
    id             TEXT PRIMARY KEY CHECK (length(id) BETWEEN 1 AND 128),
    status         TEXT NOT NULL CHECK (status IN ('pending', 'booked', 'arrived', 'fulfilled', 'cancelled', 'noshow')),
    payment_status TEXT NOT NULL CHECK (payment_status IN ('unpaid', 'paid', 'waived', 'refunded')),
    start_at       BIGINT NOT NULL,
    end_at         BIGINT NOT NULL,
    media          TEXT NOT NULL CHECK (media IN ('video', 'audio')),
    start_policy   TEXT NOT NULL CHECK (start_policy IN ('any', 'staff')),
    capacity       INTEGER NOT NULL CHECK (capacity BETWEEN 2 AND 6),
    opens_at       BIGINT NOT NULL,
    closes_at      BIGINT NOT NULL,
    hard_end       INTEGER NOT NULL CHECK (hard_end IN (0, 1)),
    version        BIGINT NOT NULL CHECK (version >= 1),
    call_status    TEXT NOT NULL DEFAULT 'inactive' CHECK (call_status IN ('inactive', 'waiting', 'active', 'ended')),
    newest_call_id TEXT,
    CHECK ((call_status = 'inactive') = (newest_call_id IS NULL))
);
CREATE INDEX appointments_by_start ON appointments (start_at, id);
CREATE INDEX appointments_by_status ON appointments (status, start_at, id);
CREATE INDEX appointments_by_call_status ON appointments (call_status, start_at, id);
CREATE UNIQUE INDEX appointments_by_newest_call ON appointments (newest_call_id) WHERE newest_call_id IS NOT NULL;

-- Who is listed, and who was: a person taken off keeps the row, so that the participant id stays
-- theirs. `start_at` repeats the appointment's, for one person's list in order.
CREATE TABLE appointment_participants (
    participant_id TEXT PRIMARY KEY,
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    user_id        TEXT NOT NULL CHECK (length(user_id) BETWEEN 1 AND 255),
    role           TEXT NOT NULL CHECK (role IN ('patient', 'doctor', 'guest', 'agent', 'admin')),
    name           TEXT NOT NULL,
    locale         TEXT,
    position       INTEGER NOT NULL,
    start_at       BIGINT NOT NULL,
    removed_at     BIGINT
);
CREATE UNIQUE INDEX participants_listed_once ON appointment_participants (appointment_id, user_id) WHERE removed_at IS NULL;
CREATE INDEX participants_by_appointment ON appointment_participants (appointment_id, position);
CREATE INDEX participants_by_user ON appointment_participants (user_id, start_at, appointment_id) WHERE removed_at IS NULL;

CREATE TABLE calls (
    id              TEXT PRIMARY KEY,
    appointment_id  TEXT REFERENCES appointments (id),
    kind            TEXT NOT NULL CHECK (kind IN ('appointment', 'direct', 'queue', 'transfer', 'phone')),
    media           TEXT NOT NULL CHECK (media IN ('video', 'audio')),
    state           TEXT NOT NULL CHECK (state IN ('queued', 'waiting', 'active', 'ended')),
    end_reason      TEXT CHECK (end_reason IN ('cancelled', 'abandoned', 'declined', 'busy', 'missed', 'lost',
                                               'expired', 'completed', 'transferred', 'failed')),
    started_by      TEXT NOT NULL,
    started_by_user TEXT NOT NULL,
    created_at      BIGINT NOT NULL,
    answered_at     BIGINT,
    connected_at    BIGINT,
    ended_at        BIGINT,
    last_alive_at   BIGINT NOT NULL,
    duration_ms     BIGINT NOT NULL DEFAULT 0 CHECK (duration_ms >= 0),
    billable_ms     BIGINT NOT NULL DEFAULT 0 CHECK (billable_ms >= 0),
    parent_call_id  TEXT REFERENCES calls (id),
    CHECK ((state = 'ended') = (end_reason IS NOT NULL)),
    CHECK ((state = 'ended') = (ended_at IS NOT NULL)),
    CHECK (state <> 'active' OR answered_at IS NOT NULL),
    CHECK (state NOT IN ('queued', 'waiting') OR answered_at IS NULL),
    CHECK (connected_at IS NULL OR answered_at IS NOT NULL),
    CHECK (kind <> 'appointment' OR appointment_id IS NOT NULL)
);
-- Both press Start together: one of the two inserts fails here, whatever the code believed.
CREATE UNIQUE INDEX one_open_call ON calls (appointment_id) WHERE state <> 'ended' AND appointment_id IS NOT NULL;
CREATE INDEX calls_by_time ON calls (created_at, id);
CREATE INDEX calls_open_by_time ON calls (created_at, id) WHERE state <> 'ended';
CREATE INDEX calls_by_state ON calls (state, created_at, id);
CREATE INDEX calls_by_end_reason ON calls (end_reason, created_at, id) WHERE end_reason IS NOT NULL;
CREATE INDEX calls_by_kind ON calls (kind, created_at, id);
CREATE INDEX calls_by_appointment ON calls (appointment_id, created_at, id);
CREATE INDEX calls_by_parent ON calls (parent_call_id) WHERE parent_call_id IS NOT NULL;

-- One row per presence of a person in a call; coming back is a new row with the highest order.
CREATE TABLE call_seats (
    call_id        TEXT NOT NULL REFERENCES calls (id),
    seat_order     INTEGER NOT NULL CHECK (seat_order >= 1),
    participant_id TEXT NOT NULL,
    user_id        TEXT NOT NULL,
    role           TEXT NOT NULL CHECK (role IN ('patient', 'doctor', 'guest', 'agent', 'admin')),
    name           TEXT NOT NULL,
    joined_at      BIGINT NOT NULL,
    left_at        BIGINT,
    leave_reason   TEXT CHECK (leave_reason IN ('left', 'lost', 'ended', 'replaced', 'moved', 'removed')),
    PRIMARY KEY (call_id, seat_order),
    CHECK ((left_at IS NULL) = (leave_reason IS NULL))
);
CREATE UNIQUE INDEX one_held_seat ON call_seats (call_id, participant_id) WHERE left_at IS NULL;
CREATE INDEX seats_by_user ON call_seats (user_id, call_id);

-- Whose list a call stands in: who has or had a seat, or is listed in its appointment. Kept in
-- the same transaction as those, so that one person's history is one index range.
CREATE TABLE call_users (
    user_id    TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    call_id    TEXT NOT NULL REFERENCES calls (id),
    PRIMARY KEY (user_id, created_at, call_id)
);
CREATE INDEX call_users_by_call ON call_users (call_id, user_id);

-- The history: append-only (triggers beside this file), one hash chain per database, people by
-- participant id only. `hash` is explained in src/store/chain.hpp.
CREATE TABLE call_events (
    event_id       BIGINT PRIMARY KEY CHECK (event_id >= 1),
    call_id        TEXT NOT NULL REFERENCES calls (id),
    seq            BIGINT NOT NULL CHECK (seq >= 1),
    at             BIGINT NOT NULL,
    type           TEXT NOT NULL,
    participant_id TEXT,
    data           TEXT NOT NULL,
    prev_hash      TEXT NOT NULL CHECK (length(prev_hash) = 64),
    hash           TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    UNIQUE (call_id, seq)
);

-- Quality samples; short retention, no history.
CREATE TABLE call_stats (
    call_id        TEXT NOT NULL REFERENCES calls (id),
    participant_id TEXT NOT NULL,
    at             BIGINT NOT NULL,
    rtt_ms         DOUBLE PRECISION,
    loss_ratio     DOUBLE PRECISION,
    jitter_ms      DOUBLE PRECISION,
    bitrate_kbps   DOUBLE PRECISION,
    candidate_type TEXT
);
CREATE INDEX call_stats_by_call ON call_stats (call_id, at);
CREATE INDEX call_stats_by_time ON call_stats (at);

-- SHA-256 of the whole key, never the key.
CREATE TABLE api_keys (
    hash       TEXT PRIMARY KEY CHECK (length(hash) = 64),
    name       TEXT NOT NULL,
    prefix     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    revoked_at BIGINT
);
CREATE INDEX api_keys_by_name ON api_keys (name, created_at);

-- SHA-256 of the code, never the code.
CREATE TABLE invites (
    id             TEXT PRIMARY KEY,
    hash           TEXT NOT NULL UNIQUE CHECK (length(hash) = 64),
    appointment_id TEXT NOT NULL REFERENCES appointments (id),
    user_id        TEXT NOT NULL,
    created_at     BIGINT NOT NULL,
    expires_at     BIGINT NOT NULL,
    revoked_at     BIGINT
);
CREATE INDEX invites_by_appointment ON invites (appointment_id, created_at, id);
