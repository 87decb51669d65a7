"""The house in one table: which folder may include which, and who may use which library (docs/architecture.md).

`include/rendezvous/<folder>/` holds a folder's doors, `src/<folder>/` its inside. A folder that is not named here does
not exist: a new one is a decision, and starts with a line below.
"""

import re

# folder -> the other folders whose doors it may include. Arrows never point back up, and nobody skips the hallway
# (service) to reach an adapter.
MAY_INCLUDE = {
    'base': set(),
    'call': {'base'},
    'protocol': {'call', 'base'},
    'service': {'call', 'base'},
    'store': {'service', 'call', 'base'},
    'bus': {'service', 'protocol', 'call', 'base'},
    'auth': {'service', 'call', 'base'},
    'outbound': {'service', 'call', 'base'},
    'net': {'service', 'protocol', 'call', 'base'},
    'app': {'net', 'store', 'bus', 'auth', 'outbound', 'protocol', 'service', 'call', 'base'},
}


# Tests see doors only; tests/unit/<folder> and tests/fuzz/<folder> see that folder's inside too, system tests the
# wiring they start, and the simulation the rings of sessions.
def inside_seen_by(path):
    unit = re.match(r'^tests/(?:unit|fuzz)/([^/]+)/', path)
    if unit:
        return unit.group(1)
    return {'system': 'app', 'sim': 'net'}.get(path.split('/')[1]) if path.startswith('tests/') else None


class Library:
    """Headers matching `header` may be included only by files matching `allowed` (paths inside the checkout)."""

    def __init__(self, name, header, allowed):
        self.name = name
        self.header = re.compile(header)
        self.allowed = re.compile(allowed)


def _folders(*names):
    return r'^(src|include/rendezvous)/(%s)/' % '|'.join(names)


LIBRARIES = [
    Library('Beast', r'^boost/beast', r'^src/net/'),
    Library('Asio', r'^boost/asio', _folders('service', 'store', 'bus', 'auth', 'outbound', 'net', 'app')),
    Library('nlohmann/json', r'^nlohmann/', _folders('protocol', 'auth', 'outbound')),
    Library('simdjson', r'^simdjson', r'^src/protocol/'),
    Library('toml++', r'^toml\+\+/|^toml\.hpp', r'^src/app/config'),
    Library('CLI11', r'^CLI/', r'^src/app/'),
    Library('SQLite', r'^sqlite3', r'^src/store/sqlite/'),
    Library('libpq', r'^libpq|^postgresql/', r'^src/store/postgres/'),
    Library('hiredis', r'^hiredis', r'^src/bus/'),
    Library('libcurl', r'^curl/', r'^src/outbound/'),
    Library('spdlog', r'^(spdlog|fmt)/', r'^src/base/log'),
    Library('OpenSSL', r'^openssl/', r'^src/(base|store|auth|outbound|net|app)/|^include/rendezvous/net/'),
    # call/ is values only, protocol/ bytes only: no thread, no lock, no stream, no system call.
    Library('threads and I/O of the standard library',
            r'^(thread|mutex|shared_mutex|condition_variable|future|atomic|iostream|fstream|filesystem)$'
            r'|^(unistd|fcntl|pthread)\.h$|^sys/',
            r'^(?!(src|include/rendezvous)/(call|protocol)/)'),
]

# Each translation unit with Beast costs half a minute and more than a gigabyte.
BEAST_UNITS_MAX = 4

# Only these may ask the machine what time it is; all others get the time as an argument or hold a base::clock.
CLOCK_FILES = re.compile(r'^(src|include/rendezvous)/base/clock\.')

LINES_WARN = 350
LINES_MAX = 600
