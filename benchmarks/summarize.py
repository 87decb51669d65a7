#!/usr/bin/env python3
"""Markdown tables from run.py's JSON lines: median (min-max), and ratios to floor and beast.

usage: summarize.py FILE...
"""
import json
import statistics
import sys

FAULTS = ('wrong', 'lost_messages', 'lost_conns', 'blocked', 'sequence_faults', 'failed')
rows = []


def values(server, case, key):
    return [row[key] for row in rows if row['server'] == server and row['case'] == case and key in row]


def number(value, digits):
    return '%.0fk' % (value / 1e3) if value >= 1e5 else '%.*f' % (digits, value)


def cell(server, case, key, digits=1):
    found = values(server, case, key)
    if not found:
        return '-'
    low, high = number(min(found), digits), number(max(found), digits)
    median = number(statistics.median(found), digits)
    return median if low == high else '%s (%s-%s)' % (median, low, high)


def ratio(server, case, key, base):
    own, anchor = values(server, case, key), values(base, case, key)
    return '%.2f' % (statistics.median(own) / statistics.median(anchor)) if own and anchor else '-'


def table(title, case, columns):
    """One table of a case; `columns` are (heading, function of the server)."""
    names = list(dict.fromkeys(row['server'] for row in rows if row['case'] == case))
    if not names:
        return
    print('### %s\n' % title)
    print('| server | ' + ' | '.join(heading for heading, _ in columns) + ' |')
    print('|---|' + '---|' * len(columns))
    for name in names:
        print('| %s | ' % name + ' | '.join(column(name) for _, column in columns) + ' |')
    print()


def relay(title, case, base_key='srv_cpu_s_per_M'):
    table(title, case, [
        ('server CPU s per 1M', lambda s: cell(s, case, base_key)),
        ('x floor', lambda s: ratio(s, case, base_key, 'floor')),
        ('x beast', lambda s: ratio(s, case, base_key, 'beast')),
        ('messages/s', lambda s: cell(s, case, 'msgs_per_s', 0)),
        ('p50 us', lambda s: cell(s, case, 'p50_us', 0)),
        ('p99 us', lambda s: cell(s, case, 'p99_us', 0)),
        ('load program CPU s per 1M', lambda s: cell(s, case, 'lg_cpu_s_per_M')),
    ])


def idle(title, case):
    table(title, case, [
        ('KB per connection', lambda s: cell(s, case, 'pss_kb_per_conn')),
        ('after 1 message each', lambda s: cell(s, case, 'touched_pss_kb_per_conn')),
        ('x floor', lambda s: ratio(s, case, 'touched_pss_kb_per_conn', 'floor')),
        ('x beast', lambda s: ratio(s, case, 'touched_pss_kb_per_conn', 'beast')),
        ('process MB before', lambda s: number(statistics.median(values(s, case, 'base_pss_kb')) / 1024, 1)),
        ('CPU ms to open and join', lambda s: cell(s, case, 'srv_cpu_ms_per_conn', 3)),
        ('CPU % while idle', lambda s: cell(s, case, 'hold_cpu_pct', 2)),
    ])


def storm(title, case):
    table(title, case, [
        ('s to all registered', lambda s: cell(s, case, 'storm_s', 2)),
        ('CPU ms per connection', lambda s: cell(s, case, 'srv_cpu_ms_per_conn', 3)),
        ('x floor', lambda s: ratio(s, case, 'srv_cpu_ms_per_conn', 'floor')),
        ('x beast', lambda s: ratio(s, case, 'srv_cpu_ms_per_conn', 'beast')),
        ('TLS resumed', lambda s: cell(s, case, 'resumed', 0)),
        ('retries', lambda s: cell(s, case, 'retries', 0)),
    ])


def faults():
    bad = [row for row in rows if any(row.get(key) for key in FAULTS)]
    print('Runs: %d; with a wrong recipient, a lost message or a lost connection: %d' % (len(rows), len(bad)))
    for row in bad:
        print('- %s %s %s' % (row['server'], row['case'], {key: row[key] for key in FAULTS if row.get(key)}))


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith('-'):
        print(__doc__.strip(), file=sys.stderr)
        return 64
    for name in sys.argv[1:]:
        with open(name) as lines:
            rows.extend(json.loads(line) for line in lines if line.strip())
    relay('Relay, closed loop, wss, 2 KB', 'relay-wss-2k')
    relay('Relay, closed loop, wss, 200 B', 'relay-wss-200')
    relay('Relay, open loop at 5,000 messages/s, wss, 2 KB', 'open-wss-2k')
    idle('Idle connections, wss', 'idle-wss')
    storm('Reconnect storm, full TLS handshake', 'storm-full')
    storm('Reconnect storm, TLS tickets offered', 'storm-resume')
    faults()
    return 0


if __name__ == '__main__':
    sys.exit(main())
