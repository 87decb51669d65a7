-- What other systems are told, and where. An event is written in the transaction of what it tells.

-- `position` orders them; with `tag`, which is random, it makes the id that receivers see, so that
-- an id is not used again for something else after a backup was restored. `seq` counts the events
-- of one call 1, 2, 3... and stands in `data` too. Ids, words and numbers only.
CREATE TABLE outbox (
    position   BIGINT PRIMARY KEY CHECK (position >= 1),
    tag        TEXT NOT NULL,
    type       TEXT NOT NULL,
    at         BIGINT NOT NULL,
    call_id    TEXT,
    seq        BIGINT,
    webhook_id TEXT,
    data       TEXT NOT NULL,
    CHECK ((call_id IS NULL) = (seq IS NULL))
);
CREATE UNIQUE INDEX outbox_by_call ON outbox (call_id, seq) WHERE call_id IS NOT NULL;
CREATE INDEX outbox_by_type ON outbox (type, position);
CREATE INDEX outbox_by_time ON outbox (at, position);

-- Events up to `seen_position` have been laid out in `deliveries`. `events` are types, separated by
-- spaces; empty: all. The secrets sign what is sent, so they are kept as they are. A deleted one has
-- lost its secrets and goes when its deliveries have gone, a few at a time.
CREATE TABLE webhooks (
    id              TEXT PRIMARY KEY,
    url             TEXT NOT NULL,
    events          TEXT NOT NULL,
    secret          TEXT NOT NULL,
    previous_secret TEXT NOT NULL DEFAULT '',
    previous_until  BIGINT,
    status          TEXT NOT NULL CHECK (status IN ('active', 'failing', 'disabled')),
    failing_since   BIGINT,
    created_at      BIGINT NOT NULL,
    deleted_at      BIGINT,
    seen_position   BIGINT NOT NULL
);

-- One event on its way to one webhook. Of one call at most one is `pending`; later ones are `held`
-- until it has been delivered or given up.
CREATE TABLE deliveries (
    webhook_id  TEXT NOT NULL REFERENCES webhooks (id),
    position    BIGINT NOT NULL,
    call_id     TEXT,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'held', 'delivered', 'dead')),
    attempts    INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_at     BIGINT NOT NULL,
    tried_at    BIGINT,
    http_status INTEGER NOT NULL DEFAULT 0,
    error       TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (webhook_id, position)
);
CREATE INDEX deliveries_due ON deliveries (webhook_id, next_at, position) WHERE state = 'pending';
CREATE UNIQUE INDEX one_pending_of_a_call ON deliveries (webhook_id, call_id) WHERE state = 'pending' AND call_id IS NOT NULL;
CREATE INDEX deliveries_held ON deliveries (webhook_id, call_id, position) WHERE state = 'held';
CREATE INDEX deliveries_open ON deliveries (webhook_id, position) WHERE state IN ('pending', 'held');
CREATE INDEX deliveries_by_position ON deliveries (position);
