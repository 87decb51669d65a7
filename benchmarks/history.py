"""A long history in a database of our server, and its export while calls go on.

The rows are written with SQL, as the server itself would have written them: only a million real calls would take longer.
They have no events, so `audit verify` is not for such a database.
"""
import http.client
import os
import sqlite3
import ssl
import threading
import time
import uuid

import servers

DAY_MS = 86_400_000
PER_TRANSACTION = 50_000
REASONS = ('completed',) * 7 + ('cancelled', 'missed', 'lost')
READ_BYTES = 1 << 18


def call_rows(first, count, newest_ms):
    """Rows for calls, call_seats and call_users; a call per second of the past, of 1,000 doctors and many patients."""
    calls, seats, users = [], [], []
    for i in range(first, first + count):
        at = newest_ms - i * 1000
        call = str(uuid.UUID(int=(at << 80) | (7 << 76) | (2 << 62) | i))
        doctor, patient = 'dr-%d' % (i % 1000), 'p-%d' % (i % 200_003)
        reason = REASONS[i % 10]
        met = reason in ('completed', 'lost')
        calls.append((call, 'appointment', 'history', 'video', 'ended', reason, doctor, doctor, at, at + 5000 if met else None,
                      at + 6000 if met else None, at + 600_000, at + 600_000, 595_000 if met else 0, 594_000 if met else 0))
        for order, (user, role) in enumerate(((doctor, 'doctor'), (patient, 'patient')), 1):
            seats.append((call, order, 'seat-' + user, user, role, 'Name of ' + user, at, at + 600_000, 'ended'))
            users.append((user, at, call))
    return calls, seats, users


def fill(path, count):
    """Adds `count` ended calls of the past to a database that nobody has open."""
    now = int(time.time() * 1000)
    base = sqlite3.connect(path)
    base.execute('PRAGMA synchronous = OFF')
    base.execute("INSERT INTO appointments (id, status, payment_status, start_at, end_at, media, start_policy, capacity, opens_at,"
                 " closes_at, hard_end, version, judged_at) VALUES ('history', 'fulfilled', 'paid', ?, ?, 'video', 'any', 2, ?, ?, 0, 1, ?)",
                 (now - DAY_MS,) * 5)
    for first in range(0, count, PER_TRANSACTION):
        calls, seats, users = call_rows(first, min(PER_TRANSACTION, count - first), now - DAY_MS)
        with base:
            base.executemany('INSERT INTO calls (id, kind, appointment_id, media, state, end_reason, started_by, started_by_user,'
                             ' created_at, answered_at, connected_at, ended_at, last_alive_at, duration_ms, billable_ms)'
                             ' VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)', calls)
            base.executemany('INSERT INTO call_seats (call_id, seat_order, participant_id, user_id, role, name, joined_at, left_at,'
                             ' leave_reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)', seats)
            base.executemany('INSERT INTO call_users (user_id, created_at, call_id) VALUES (?, ?, ?)', users)
    base.execute('ANALYZE')
    base.commit()
    base.close()


class WithHistory(servers.Rendezvous):
    """Our server with so many calls behind it."""

    def __init__(self, place, program, rooms, calls):
        super().__init__('rendezvous', place, program, rooms)
        self.calls = calls

    def prepare(self):
        super().prepare()
        fill(os.path.join(self.folder, 'bench.db'), self.calls)

    def forget_peak(self):
        with open('/proc/%d/clear_refs' % self.process.pid, 'w') as command:
            command.write('5')

    def resident_kb(self):
        with open('/proc/%d/status' % self.process.pid) as status:
            return {line.split(':')[0]: int(line.split()[1]) for line in status if line.startswith(('VmRSS', 'VmHWM'))}


class Export(threading.Thread):
    """One `GET /api/calls` as CSV, read as fast as it comes."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server, self.rows, self.bytes, self.seconds, self.whole = server, -1, 0, 0, False

    def run(self):
        trust = ssl.create_default_context(cafile=self.server.cert)
        connection = http.client.HTTPSConnection('localhost', self.server.port, timeout=60, context=trust)
        began = time.monotonic()
        connection.request('GET', '/api/calls', headers={'Authorization': 'Bearer ' + self.server.api_key, 'Accept': 'text/csv'})
        answer = connection.getresponse()
        while part := answer.read(READ_BYTES):
            self.bytes += len(part)
            self.rows += part.count(b'\r\n')  # cells have line feeds only
        self.seconds = time.monotonic() - began
        self.whole = True
        connection.close()


def export_scenario(server, relay):
    """`relay()` measures calls and gives their JSON line: once alone, once while the whole history is exported."""
    before = relay()
    server.forget_peak()
    quiet = server.resident_kb()
    export = Export(server)
    export.start()
    line = relay()
    export.join()
    if not export.whole or export.rows < server.calls:
        raise RuntimeError('the export has only %d of %d rows' % (export.rows, server.calls))
    peak = server.resident_kb()['VmHWM']
    line.update(mode='export', export_rows=export.rows, export_mb=round(export.bytes / 1e6, 1), export_s=round(export.seconds, 2),
                rss_growth_kb=peak - quiet['VmRSS'], p99_us_before=before['p99_us'],
                p99_ratio=round(line['p99_us'] / max(before['p99_us'], 1), 3))
    return line
