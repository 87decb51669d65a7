-- SQLite's own part of 0005_audit. Rows of a chain go only behind an anchor.
CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
WHEN NOT EXISTS (SELECT 1 FROM chain_anchors WHERE chain = 'audit' AND last_id >= OLD.seq) BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
CREATE TRIGGER audit_log_no_replace BEFORE INSERT ON audit_log
WHEN EXISTS (SELECT 1 FROM audit_log WHERE seq = NEW.seq) BEGIN
    SELECT RAISE(ABORT, 'audit_log is append-only');
END;
CREATE TRIGGER chain_anchors_no_update BEFORE UPDATE ON chain_anchors BEGIN
    SELECT RAISE(ABORT, 'chain_anchors is append-only');
END;
CREATE TRIGGER chain_anchors_no_delete BEFORE DELETE ON chain_anchors BEGIN
    SELECT RAISE(ABORT, 'chain_anchors is append-only');
END;
CREATE TRIGGER chain_anchors_fit BEFORE INSERT ON chain_anchors
WHEN EXISTS (SELECT 1 FROM chain_anchors WHERE chain = NEW.chain AND last_id >= NEW.last_id) BEGIN
    SELECT RAISE(ABORT, 'chain_anchors is append-only');
END;
DROP TRIGGER call_events_no_delete;
CREATE TRIGGER call_events_no_delete BEFORE DELETE ON call_events
WHEN NOT EXISTS (SELECT 1 FROM chain_anchors WHERE chain = 'calls' AND last_id >= OLD.event_id) BEGIN
    SELECT RAISE(ABORT, 'call_events is append-only');
END;
