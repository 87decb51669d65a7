"""All languages have the same texts with the same variables."""

import json
import re

from source import Finding

VARIABLE = re.compile(r'\{(\w+)')


def flatten(value, prefix=''):
    """{'a': {'b': 'text'}} -> {'a.b': 'text'}; a plural object ({one, few, other}) is one text."""
    flat = {}
    for key, inner in value.items():
        name = prefix + key
        if isinstance(inner, dict) and 'other' in inner:
            flat[name] = inner['other']
        elif isinstance(inner, dict):
            flat.update(flatten(inner, name + '.'))
        else:
            flat[name] = inner
    return flat


def _no_duplicates(pairs):
    names = [name for name, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise ValueError('key %s stands twice' % name)
    return dict(pairs)


def check(files):
    found, locales = [], {}
    for path, text in files.items():
        if re.match(r'^web/locales/[^/]+\.json$', path):
            try:
                locales[path] = flatten(json.loads(text, object_pairs_hook=_no_duplicates))
            except ValueError as error:
                found.append(Finding(path, 1, str(error)))
    every = set().union(*locales.values()) if locales else set()
    for path, texts in locales.items():
        found += [Finding(path, 1, 'key %s is missing' % key) for key in sorted(every - set(texts))]
        found += [Finding(path, 1, 'key %s has no text' % key) for key, text in texts.items()
                  if not isinstance(text, str) or not text.strip()]
    for key in sorted(every):
        used = {path: set(VARIABLE.findall(str(texts[key]))) for path, texts in locales.items() if key in texts}
        if len({frozenset(names) for names in used.values()}) > 1:
            found += [Finding(path, 1, 'key %s uses other variables than the other languages: %s'
                              % (key, ' '.join(sorted(names)) or 'none')) for path, names in used.items()]
    return found
