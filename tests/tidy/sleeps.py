"""Tests wait on a condition, never for a while."""

import re

from source import cpp_code, search_all, without_comments

CPP = re.compile(r'\bsleep_(for|until)\b|\b(u|nano)?sleep\s*\(')
PYTHON = re.compile(r'\b(time|asyncio)\.sleep\s*\(')
SHELL = re.compile(r'^\s*sleep\s+[\d.$]', re.MULTILINE)
# A timer that only resolves a promise is a sleep, whatever it is called.
JAVASCRIPT = re.compile(r'new Promise\(\s*\(?(\w+)[^)]*\)?\s*=>\s*\{?\s*setTimeout\(\s*\1\b'
                        r'|import\s*\{[^}]*\bsetTimeout\b[^}]*\}\s*from\s*[\'"](node:)?timers/promises'
                        r'|\bwaitForTimeout\b|\bAtomics\.wait\b')
MESSAGE = '%s: tests wait on a condition'


def check(files):
    found = []
    for path, text in files.items():
        if not path.startswith('tests/') or path.startswith('tests/tidy/'):
            continue
        if re.search(r'\.(cpp|hpp)$', path):
            found += search_all(CPP, path, cpp_code(text), MESSAGE)
        elif re.search(r'\.m?js$', path):
            found += search_all(JAVASCRIPT, path, without_comments(text, 'js'), MESSAGE)
        elif path.endswith('.py'):
            found += search_all(PYTHON, path, text, MESSAGE)
        else:
            found += search_all(SHELL, path, text, MESSAGE)
    return found
