"""Holds a lock on a SQLite database until its standard input closes: lock.py FILE (writer|reader)."""

import sqlite3
import sys

with sqlite3.connect(sys.argv[1], isolation_level=None, timeout=10) as database:
    if sys.argv[2] == 'writer':
        database.execute('BEGIN EXCLUSIVE')
    else:
        database.execute('BEGIN')
        database.execute('SELECT count(*) FROM calls').fetchall()
    print('held', flush=True)
    sys.stdin.read()
    database.execute('ROLLBACK')
