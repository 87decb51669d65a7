"""Reads the checkout into plain values, so that a check is a function of texts and can be fed a bad sample."""

import re
import subprocess

READ = re.compile(r'\.(cpp|hpp|c|h|js|mjs|css|html|json|py|sh|sql|toml|cmake|txt)$|^scripts/|^\.ci/')
SKIP = re.compile(r'(^|/)(build[^/]*|node_modules|var)/|package-lock\.json$')


class Finding:
    def __init__(self, path, line, text):
        self.path, self.line, self.text = path, line, text

    def __str__(self):
        return '%s:%d: %s' % (self.path, self.line, self.text)


def read_checkout(root):
    """{path: text} of all files git knows or would add; what it ignores is no part of the house."""
    listed = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                            cwd=root, check=True, capture_output=True).stdout.decode()
    files = {}
    for path in sorted(set(listed.split('\0'))):
        if not READ.search(path) or SKIP.search(path):
            continue
        try:
            files[path] = (root / path).read_text(encoding='utf-8')
        except FileNotFoundError:
            continue  # deleted in the working tree, not yet in the index
    return files


_CPP_NOISE = re.compile(
    r'R"(?P<raw>[^()\\\s]{0,16})\((?:.|\n)*?\)(?P=raw)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'                               # string
    r"|(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'"               # character, not a digit separator
    r'|//[^\n]*|/\*(?:.|\n)*?\*/')


def _blank(match):
    """Same length, same lines, nothing to misread; strings keep their quotes."""
    text = match.group(0)
    if text[0] == '/':
        return re.sub(r'[^\n]', ' ', text)
    return '"' + re.sub(r'[^\n]', ' ', text[1:-1]) + '"'


def cpp_code(text):
    """C++ without comments and without the contents of strings; positions stay as they are."""
    return _CPP_NOISE.sub(_blank, text)


_COMMENTS = {
    'css': re.compile(r'/\*(?:.|\n)*?\*/'),
    'html': re.compile(r'<!--(?:.|\n)*?-->'),
    'js': re.compile(r'/\*(?:.|\n)*?\*/|(?<![:"\'`\\])//[^\n]*'),
}


def without_comments(text, kind):
    return _COMMENTS[kind].sub(lambda m: re.sub(r'[^\n]', ' ', m.group(0)), text)


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def search_all(pattern, path, text, message):
    """One finding per match; `message` may name groups of the match as %s."""
    found = []
    for match in pattern.finditer(text):
        shown = message % match.group(0).strip() if '%s' in message else message
        found.append(Finding(path, line_of(text, match.start()), shown))
    return found
