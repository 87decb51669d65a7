-- The account of who read or changed what, about whom, and what erasing a person needs.

-- The random 256-bit key of a person, by which the rows of `audit_log` name them. Destroying it
-- (with the row) makes those rows pseudonymous, and leaves them as they are.
CREATE TABLE subjects (
    user_id     TEXT PRIMARY KEY CHECK (length(user_id) BETWEEN 1 AND 255),
    subject_key TEXT NOT NULL CHECK (length(subject_key) = 43),
    ref         TEXT NOT NULL UNIQUE CHECK (length(ref) = 64),
    created_at  BIGINT NOT NULL
);

-- Append-only (triggers beside this file), one hash chain; see include/rendezvous/store/audit_chain.hpp.
-- `actor_ref`: of users HMAC-SHA-256(subject_key, user id), of API keys their name. `subject_ref`:
-- whose record it is, in the same form. No names, no text; `reason_hash` stands for one in audit_texts.
CREATE TABLE audit_log (
    seq         BIGINT PRIMARY KEY CHECK (seq >= 1),
    at          BIGINT NOT NULL,
    actor_kind  TEXT NOT NULL CHECK (actor_kind IN ('apiKey', 'user', 'anonymous', 'operator', 'server')),
    actor_ref   TEXT,
    action      TEXT NOT NULL CHECK (length(action) BETWEEN 1 AND 64),
    object      TEXT,
    subject_ref TEXT,
    outcome     TEXT NOT NULL,
    ip_prefix   TEXT,
    request_id  TEXT,
    reason_hash TEXT,
    prev_hash   TEXT NOT NULL CHECK (length(prev_hash) = 64),
    hash        TEXT NOT NULL CHECK (length(hash) = 64)
);
CREATE INDEX audit_by_time ON audit_log (at, seq);
CREATE INDEX audit_by_actor ON audit_log (actor_ref, at, seq) WHERE actor_ref IS NOT NULL;
CREATE INDEX audit_by_subject ON audit_log (subject_ref, at, seq) WHERE subject_ref IS NOT NULL;

-- What somebody wrote as the reason of an override. Not part of the chain, so that it can be erased:
-- reason_hash = HMAC-SHA-256(salt, text).
CREATE TABLE audit_texts (
    seq  BIGINT PRIMARY KEY,
    salt TEXT NOT NULL CHECK (length(salt) = 43),
    text TEXT NOT NULL
);

-- Where a chain begins once its oldest rows were kept long enough: `last_id` is the last row of a
-- closed month, `hash` its hash. Rows up to there may go, and only those (triggers).
CREATE TABLE chain_anchors (
    chain   TEXT NOT NULL CHECK (chain IN ('calls', 'audit')),
    last_id BIGINT NOT NULL CHECK (last_id >= 1),
    hash    TEXT NOT NULL CHECK (length(hash) = 64),
    at      BIGINT NOT NULL,
    PRIMARY KEY (chain, last_id)
);

CREATE INDEX invites_by_user ON invites (user_id);
CREATE INDEX participants_of_person ON appointment_participants (user_id, appointment_id);
CREATE INDEX calls_by_starter ON calls (started_by_user);
