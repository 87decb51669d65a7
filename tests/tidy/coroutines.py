"""The shapes of `co_await` that g++ 12.2 compiles rightly (docs/adr: errors and concurrency).

g++ 12.2 destroys temporaries of an awaited expression twice, or reads them after their end, when the statement holds
an aggregate temporary, a lambda with captures, `?:`, `&&` or `||`. So `co_await` stands alone: `co_await f(names);`
or `auto r = co_await f(names);`. Newer compilers leak what `auto [a, b] = co_await ...` would own.
"""

import re

from source import Finding, cpp_code, line_of

FILE = re.compile(r'^(src|include|tests|benchmarks)/.*\.(cpp|hpp)$')
AWAIT = re.compile(r'\bco_await\b')
BEFORE = re.compile(r'^((?:(?:const|auto|[\w:]+(?:<[\w:<>,\s*&]*>)?)[\s&*]+)+\w+\s*=|\w[\w.]*(?:->\w+)*\s*=)?$')
FORBIDDEN = re.compile(r'[{}\[?]|&&|\|\|')
GROUP = re.compile(r'\([^()]*\)')
ONE_CALL = re.compile(r'^[\w:.<>,\s]+$')


def _statement(code, position):
    """What stands before and after the co_await in its statement."""
    begin = max(code.rfind(mark, 0, position) for mark in ';{}') + 1
    end = code.find(';', position)
    return code[begin:position], code[position + len('co_await'):end if end >= 0 else len(code)]


def _complaint(before, after):
    if re.search(r'\bauto\s*&{0,2}\s*\[[^\]]*\]\s*=\s*$', before):
        return 'take the result as a value first: auto r = co_await ...; auto& [a, b] = r;'
    if not BEFORE.match(' '.join(before.split())):
        return 'co_await must stand alone: co_await f(names); or auto r = co_await f(names);'
    if FORBIDDEN.search(after):
        return 'no brace, lambda, index, ?:, && or || in a statement with co_await; name the value first'
    if AWAIT.search(after):
        return 'two co_await in one statement'
    while GROUP.search(after):
        after = GROUP.sub('', after)
    if not ONE_CALL.match(after.replace('->', '.')):
        return 'one call and nothing else in a statement with co_await'
    return None


def check(files):
    found = []
    for path, text in files.items():
        if not FILE.match(path) or 'co_await' not in text:
            continue
        code = re.sub(r'^[ \t]*#.*$', lambda m: ' ' * len(m.group(0)), cpp_code(text), flags=re.MULTILINE)
        for match in AWAIT.finditer(code):
            complaint = _complaint(*_statement(code, match.start()))
            if complaint:
                found.append(Finding(path, line_of(code, match.start()), complaint))
    return found
