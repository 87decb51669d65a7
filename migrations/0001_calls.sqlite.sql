-- SQLite's own part of 0001_calls, applied behind it in the same transaction.
CREATE TRIGGER call_events_no_update BEFORE UPDATE ON call_events BEGIN
    SELECT RAISE(ABORT, 'call_events is append-only');
END;
CREATE TRIGGER call_events_no_delete BEFORE DELETE ON call_events BEGIN
    SELECT RAISE(ABORT, 'call_events is append-only');
END;
-- INSERT OR REPLACE deletes without firing the trigger above, unless recursive triggers are on.
CREATE TRIGGER call_events_no_replace BEFORE INSERT ON call_events
WHEN EXISTS (SELECT 1 FROM call_events WHERE event_id = NEW.event_id
             OR hash = NEW.hash OR (call_id = NEW.call_id AND seq = NEW.seq)) BEGIN
    SELECT RAISE(ABORT, 'call_events is append-only');
END;
