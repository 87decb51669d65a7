"""One place asks what time it is: base/clock. Everything that waits or expires is tested with an injected clock."""

import re

import table
from source import cpp_code, search_all

NOW = re.compile(r'\b(system|steady|high_resolution|utc)_clock::now\b|\bclock_gettime\b|\bgettimeofday\b'
                 r'|\bstd::time\s*\(|(?<![\w.>:])time\s*\(\s*(nullptr|NULL|0)\s*\)')


def check(files):
    found = []
    for path, text in files.items():
        if re.match(r'^(src|include)/.*\.(cpp|hpp)$', path) and not table.CLOCK_FILES.match(path):
            found += search_all(NOW, path, cpp_code(text), '%s: ask base::clock instead')
    return found
