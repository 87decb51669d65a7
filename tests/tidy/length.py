"""Long files are told, very long ones refused."""

import re

import table
from source import Finding

FILE = re.compile(r'^(src|include|web|tests|benchmarks|scripts|migrations)/.*\.(cpp|hpp|js|mjs|css|html|py|sh|sql)$|^scripts/[^.]+$')


def _lengths(files):
    return sorted(((text.count('\n'), path) for path, text in files.items() if FILE.match(path)), reverse=True)


def notes(files):
    """Files that are probably several stories under one roof; printed, never a failure."""
    return ['%4d lines  %s' % (lines, path) for lines, path in _lengths(files) if lines > table.LINES_WARN]


def check(files):
    return [Finding(path, lines, '%d lines, at most %d' % (lines, table.LINES_MAX))
            for lines, path in _lengths(files) if lines > table.LINES_MAX]
