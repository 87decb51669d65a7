"""Include direction: folders, private headers, libraries, and how many translation units may hold Beast."""

import posixpath
import re

import table
from source import Finding, cpp_code, line_of

INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)
OURS = re.compile(r'^(src|include/rendezvous)/([^/]+)/.*\.(cpp|hpp)$')
TEST = re.compile(r'^(tests|benchmarks)/.*\.(cpp|hpp)$')


def includes_of(text):
    """[(line, header, quoted)]; comments do not count, and the header's name is read from the original text."""
    code = cpp_code(text)
    for match in INCLUDE.finditer(text):
        if code[match.start():match.end()].lstrip().startswith('#'):
            yield line_of(text, match.start()), match.group(2), match.group(1) == '"'


def resolve(files, path, header):
    """The file of this checkout that the include names, or None if it is nobody's here."""
    beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), header))
    for candidate in (beside, 'include/' + header, 'src/' + header):
        if candidate in files:
            return candidate
    return None


def folder_of(path):
    match = OURS.match(path)
    return match.group(2) if match else None


def _check_target(path, line, folder, target):
    other = folder_of(target)
    if other is None:
        return Finding(path, line, 'includes %s, which is outside the house' % target)
    if target.startswith('src/') and other != folder:
        return Finding(path, line, 'includes %s, the inside of another folder' % target)
    if target.startswith('src/') and path.startswith('include/'):
        return Finding(path, line, 'a door includes %s, an inside' % target)
    if target.endswith('.cpp'):
        return Finding(path, line, 'includes a .cpp')
    if other != folder and other not in table.MAY_INCLUDE[folder]:
        return Finding(path, line, '%s may not include %s (tests/tidy/table.py)' % (folder, other))
    return None


def _check_file(files, path, text):
    folder = folder_of(path)
    if folder not in table.MAY_INCLUDE:
        return [Finding(path, 1, 'folder %s is not in tests/tidy/table.py' % folder)]
    found = []
    for line, header, quoted in includes_of(text):
        target = resolve(files, path, header)
        if target:
            finding = _check_target(path, line, folder, target)
            if finding:
                found.append(finding)
        elif quoted or header.startswith('rendezvous/'):
            found.append(Finding(path, line, 'includes "%s", which does not exist' % header))
        else:
            found += [Finding(path, line, '%s does not belong in this file (tests/tidy/table.py)' % library.name)
                      for library in table.LIBRARIES
                      if library.header.search(header) and not library.allowed.search(path)]
    return found


def _check_test(files, path, text):
    """Tests and benchmarks use doors, and the inside that table.inside_seen_by allows."""
    found = []
    for line, header, _ in includes_of(text):
        target = resolve(files, path, header)
        if target and target.startswith('src/') and folder_of(target) != table.inside_seen_by(path):
            found.append(Finding(path, line, 'includes %s; only tests/unit/%s may' % (target, folder_of(target))))
    return found


def _reaches_beast(files, path, seen):
    if path in seen:
        return False
    seen.add(path)
    for _, header, _ in includes_of(files[path]):
        if header.startswith('boost/beast'):
            return True
        target = resolve(files, path, header)
        if target and _reaches_beast(files, target, seen):
            return True
    return False


def check(files):
    found = []
    for path, text in files.items():
        if OURS.match(path):
            found += _check_file(files, path, text)
        elif TEST.match(path):
            found += _check_test(files, path, text)
    units = [path for path in files if OURS.match(path) and path.endswith('.cpp') and _reaches_beast(files, path, set())]
    if len(units) > table.BEAST_UNITS_MAX:
        found.append(Finding(units[-1], 1, '%d translation units reach Beast, at most %d may: %s'
                             % (len(units), table.BEAST_UNITS_MAX, ' '.join(units))))
    found += [Finding(path, 1, 'reaches Beast through its includes; only src/net may') for path in units
              if not path.startswith('src/net/')]
    return found
