"""What a strict Content-Security-Policy, right-to-left scripts and privacy ask of web/."""

import re

from source import Finding, line_of, search_all, without_comments

TAG = re.compile(r'<script\b([^>]*)>((?:.|\n)*?)</script>', re.IGNORECASE)
INLINE = re.compile(r'<style\b|\sstyle\s*=|\son[a-z]+\s*=\s*["\']|javascript:', re.IGNORECASE)
# Names of vocabularies are no requests, nor is .invalid (RFC 2606) as the base a relative address is read against.
FOREIGN = re.compile(r'(https?:)?//(?!www\.w3\.org/(2000/svg|1999/xhtml|1999/xlink)\b)(?![\w.-]+\.invalid\b)[\w-]+(\.[\w-]+)+', re.IGNORECASE)
HTML_STRINGS = re.compile(r'\.(innerHTML|outerHTML)\s*\+?=(?!=)|\binsertAdjacentHTML\b|\bdocument\.write\b'
                          r'|\beval\s*\(|\bnew Function\s*\(|setAttribute\(\s*[\'"](style|on\w+)[\'"]')
SIDES = re.compile(r'\b(margin|padding|border|scroll-margin|scroll-padding)-(left|right)\b'
                   r'|\bborder-(top|bottom)-(left|right)-radius\b'
                   r'|\b(text-align|float|clear)\s*:\s*(left|right)\b'
                   r'|(?:^|[{;])\s*(left|right)\s*:', re.MULTILINE)
# Style sheets that an element adopts stand in its script, between backticks.
TEMPLATE = re.compile(r'`[^`]*`')


def _check_html(path, text):
    text = without_comments(text, 'html')
    found = search_all(INLINE, path, text, 'inline style or script (%s): the CSP refuses it')
    for match in TAG.finditer(text):
        if match.group(2).strip() or not re.search(r'\bsrc\s*=', match.group(1)):
            found.append(Finding(path, line_of(text, match.start()), 'inline script: the CSP refuses it'))
    return found


def _check_css(path, text):
    return search_all(SIDES, path, text, '%s: use the logical property, the page may run right to left')


def _check_js(path, text):
    found = search_all(HTML_STRINGS, path, text, '%s: build nodes with textContent instead')
    for match in TEMPLATE.finditer(text):
        for finding in _check_css(path, match.group(0)):
            finding.line += line_of(text, match.start()) - 1
            found.append(finding)
    return found


def check(files):
    found = []
    for path, text in files.items():
        kind = re.match(r'^web/.*\.(html|css|js)$', path)
        if not kind:
            continue
        kind = kind.group(1)
        bare = without_comments(text, kind)
        found += search_all(FOREIGN, path, bare, '%s: no request leaves the own origin')
        found += {'html': _check_html, 'css': _check_css, 'js': _check_js}[kind](path, bare)
    return found
