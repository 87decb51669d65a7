"""Reads what slowhttptest and testssl.sh have written; one line of result, exit code 0 if it is good.

judge.py slow FILE.csv FILE.log    judge.py tls FILE.json FILE.log
"""

import csv
import json
import pathlib
import sys


def judge_slow(table: str, log: str) -> tuple[bool, str]:
    with open(table, newline="", encoding="ascii") as file:
        rows = [{k.strip(): int(v) for k, v in row.items() if k and v} for row in csv.DictReader(file)]
    if not rows:
        return False, "no statistics"
    # It stops by itself when the server has ended every connection, before its time is over.
    ended = "No open connections left" in pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
    available = [row["Service Available"] > 0 for row in rows]
    most = max(row["Connected"] for row in rows)
    text = (
        f"{most} open at once, {'all' if ended else 'not all'} ended by the server within {rows[-1]['Seconds']} s, "
        f"available in {sum(available)} of {len(available)} seconds"
    )
    return ended and most > 0 and all(available), text


def judge_tls(findings: str, log: str) -> tuple[bool, str]:
    said = pathlib.Path(log).read_text(encoding="utf-8", errors="replace")
    found = json.loads(pathlib.Path(findings).read_text(encoding="utf-8") or "[]")
    # With --severity the file holds what is at least that bad; the log shows that the checks were made.
    checked = [word for word in ("TLS 1.3", "Heartbleed", "ROBOT", "Forward Secrecy", "LUCKY13") if word.lower() in said.lower()]
    bad = [f"{f['id']} {f['severity']}: {f['finding']}" for f in found if f["severity"] not in ("OK", "INFO", "LOW", "DEBUG")]
    if len(checked) < 5:
        return False, f"only {', '.join(checked) or 'nothing'} was checked"
    return not bad, "; ".join(bad) or "nothing of severity MEDIUM or worse"


def main() -> int:
    judges = {"slow": judge_slow, "tls": judge_tls}
    try:
        good, text = judges[sys.argv[1]](*sys.argv[2:])
    except (OSError, ValueError, KeyError) as problem:
        good, text = False, f"cannot be read: {problem}"
    print(text)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
