-- Credentials: scopes of API keys, PINs of invitations, tokens that were given and taken back.

-- Words with spaces between them; empty: every scope.
ALTER TABLE api_keys ADD COLUMN scopes TEXT NOT NULL DEFAULT '';

-- `pin_hash` is salted and keyed; tries are given back by a right PIN and by a new code.
ALTER TABLE invites ADD COLUMN pin_hash TEXT;
ALTER TABLE invites ADD COLUMN pin_tries INTEGER NOT NULL DEFAULT 0 CHECK (pin_tries BETWEEN 0 AND 5);
ALTER TABLE invites ADD COLUMN redeemed_at BIGINT;
ALTER TABLE invites ADD COLUMN redeemed_count BIGINT NOT NULL DEFAULT 0;
CREATE INDEX invites_by_end ON invites (expires_at);

-- Tokens of our own; never the token. Kept until it can be good for nothing.
CREATE TABLE issued_tokens (
    jti        TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL,
    invite_id  TEXT,
    issued_at  BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);
CREATE INDEX issued_tokens_by_end ON issued_tokens (expires_at);
CREATE INDEX issued_tokens_by_user ON issued_tokens (user_id);

-- `at` is when it was taken back, `until_at` when nobody needs to know any more.
CREATE TABLE revocations (
    kind     TEXT NOT NULL CHECK (kind IN ('token', 'user', 'invite')),
    id       TEXT NOT NULL,
    at       BIGINT NOT NULL,
    until_at BIGINT NOT NULL,
    PRIMARY KEY (kind, id)
);
CREATE INDEX revocations_by_end ON revocations (until_at);
