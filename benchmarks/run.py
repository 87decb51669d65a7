#!/usr/bin/env python3
"""Runs the load program against one server at a time and appends one JSON line per run.

Servers are interleaved within each repetition, so that other work on the machine falls on all of
them; figures are compared within one such file only. Everything listens on 127.0.0.1.
"""
import argparse
import json
import os
import resource
import subprocess
import sys

import scenarios
import servers

LOAD_TIMEOUT_S = 180
# Measured figures shown while it runs.
SHOWN = ('one_call', 'start_s', 'outage_s', 'all_back_s', 'reg_p99_ms', 'sessions_resumed', 'sessions_anew', 'cut',
         'cut_s', 'export_rows', 'export_mb', 'export_s', 'rss_growth_kb', 'p99_before_us', 'p99_meanwhile_us', 'p99_us_before', 'p99_ratio', 'srv_cpu_s_per_M', 'msgs_per_s', 'p50_us', 'p99_us', 'pss_kb_per_conn', 'touched_pss_kb_per_conn',
         'srv_cpu_ms_per_conn', 'storm_s', 'failed', 'retries')
FAULTS = ('wrong', 'lost_messages', 'lost_conns', 'blocked', 'sequence_faults', 'failed', 'two_calls', 'refused',
          'unanswered')


def cases(pairs, connections, seconds):
    """Case name -> (connections, options of the load program)."""
    relay = ['--mode', 'relay', '--warmup', '1', '--duration', str(seconds)]
    idle = ['--mode', 'idle', '--inflight', '32', '--touch', '--settle', '1.5', '--hold', '1.5']
    storm = ['--mode', 'storm', '--inflight', '32', '--settle', '1']
    return {
        'relay-wss-2k': (2 * pairs, relay + ['--payload', '2048']),
        'relay-wss-200': (2 * pairs, relay + ['--payload', '200']),
        'open-wss-2k': (2 * pairs, relay + ['--payload', '2048', '--rate', '5000']),
        'idle-wss': (connections, idle),
        'storm-full': (connections, storm),
        'storm-resume': (connections, storm + ['--resume']),
    }


def bounded(low, high, kind=int):
    def parse(text):
        value = kind(text)
        if not low <= value <= high:
            raise argparse.ArgumentTypeError('must be from %s to %s' % (low, high))
        return value
    return parse


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--out', required=True, help='file to append the JSON lines to')
    parser.add_argument('--programs', required=True, help='folder with the built loadgen and relays')
    parser.add_argument('--rendezvous', default='rendezvous', help='our server')
    parser.add_argument('--uws', help='a uWebSockets relay called like the ones in peers/ (not built here)')
    parser.add_argument('--servers', default='floor,rendezvous,beast-lean,beast,beast-nlohmann',
                        help='of: ' + ', '.join(servers.NAMES))
    parser.add_argument('--cases', default='relay-wss-2k,relay-wss-200,idle-wss',
                        help='of: ' + ', '.join(list(cases(1, 2, 1)) + list(scenarios.NAMES)))
    parser.add_argument('--reps', type=bounded(1, 20), default=3, help='repetitions (default 3)')
    parser.add_argument('--pairs', type=bounded(1, 2000), default=100, help='pairs of the relay cases (default 100)')
    parser.add_argument('--conns', type=bounded(2, 10000), default=1000,
                        help='connections of the idle and storm cases (default 1000)')
    parser.add_argument('--seconds', type=bounded(0.5, 60, float), default=3, help='measured per relay (default 3)')
    parser.add_argument('--rooms', type=bounded(1, 20000), default=1000, help='rooms of double-start (default 1000)')
    parser.add_argument('--calls', type=bounded(1000, 10_000_000), default=1_000_000,
                        help='calls of the past in the export case (default 1000000)')
    parser.add_argument('--attackers', type=bounded(4, 10000), default=2000,
                        help='sockets of the attack case (default 2000)')
    parser.add_argument('--long-seconds', type=bounded(2, 60), default=15,
                        help='each half of the slow-reader and attack cases (default 15)')
    parser.add_argument('--realtime', choices=('auto', 'on', 'off'), default='auto',
                        help='SCHED_FIFO for server and load, which needs root or CAP_SYS_NICE')
    return parser.parse_args()


def run_case(server, place, programs, connections, options):
    """One run of the load program; returns its JSON line as a dict."""
    command = place.command(place.load_cpu, [
        os.path.join(programs, 'loadgen'), '--label', server.name, '--dialect', server.dialect, '--tls',
        '--port', str(server.port), '--pids', str(server.process.pid), '--conns', str(connections),
        '--timeout', '60'] + server.load_options() + options)
    done = subprocess.run(command, capture_output=True, text=True, timeout=LOAD_TIMEOUT_S)
    if done.returncode != 0:
        raise RuntimeError('%s; server: %s' % (done.stderr.strip()[-300:], server.last_words() or 'silent'))
    return json.loads(done.stdout.strip().splitlines()[-1])


def measure(case, name, options, place, table):
    """One JSON line as a dict."""
    if case in scenarios.NAMES:
        return scenarios.run(case, options, place)
    connections, load = table[case]
    with servers.make_server(name, place, options.programs, connections // 2, options.rendezvous,
                             options.uws) as server:
        return run_case(server, place, options.programs, connections, load)


def main():
    options = arguments()
    place = servers.Place(options.realtime)
    hard_limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard_limit, hard_limit))
    options.conns += options.conns % 2
    table = cases(options.pairs, options.conns, options.seconds)
    failures = 0
    for repetition in range(options.reps):
        for case in options.cases.split(','):
            for name in ['rendezvous'] if case in scenarios.NAMES else options.servers.split(','):
                try:
                    line = measure(case, name, options, place, table)
                except (servers.Unavailable, RuntimeError, OSError, subprocess.TimeoutExpired) as failure:
                    print('FAILED', repetition, name, case, failure, file=sys.stderr, flush=True)
                    failures += 1
                    continue
                line.update(server=name, case=case, rep=repetition, realtime=place.realtime,
                            load1=round(os.getloadavg()[0], 2))
                with open(options.out, 'a') as out:
                    out.write(json.dumps(line) + '\n')
                shown = {k: line[k] for k in SHOWN + FAULTS if k in line and (k not in FAULTS or line[k])}
                print(repetition, name, case, shown, flush=True)
    return 1 if failures else 0


if __name__ == '__main__':
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
