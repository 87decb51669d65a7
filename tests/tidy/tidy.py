#!/usr/bin/env python3
"""Runs the checks of this folder over the checkout: tidy.py [check...]; exit code 1 if one of them finds something."""

import pathlib
import sys

import clocks
import coroutines
import includes
import length
import locales
import sleeps
import source
import web

CHECKS = {'includes': includes, 'coroutines': coroutines, 'clocks': clocks, 'sleeps': sleeps, 'length': length,
          'locales': locales, 'web': web}


def main(names):
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        print('unknown check %s; there are: %s' % (' '.join(unknown), ' '.join(CHECKS)))
        return 64
    files = source.read_checkout(pathlib.Path(__file__).resolve().parents[2])
    failed = False
    for name in names or CHECKS:
        findings = CHECKS[name].check(files)
        for finding in findings:
            print(finding)
        for note in length.notes(files) if name == 'length' else []:
            print('note: ' + note)
        print('%s tidy.%s' % ('FAIL' if findings else 'ok', name))
        failed = failed or bool(findings)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
