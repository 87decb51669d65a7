"""Runs that need more than one load program or a server that dies: of our own server only.

Each returns one JSON line as a dict. The load programs are children of this process and are ended by
their own process objects, never by name.
"""
import json
import os
import subprocess

import history
import servers

LOAD_TIMEOUT_S = 300
PAIRS_PER_WAVE = 4000   # two descriptors here and two there, of 20,000 each
RETURN_TIMEOUT_S = 60


class Scenario:
    """One case: `rooms` appointments and `calls` of the past at the server, which runs with `limits`."""

    def __init__(self, rooms, run, limits=servers.RAISED_LIMITS, calls=0):
        self.rooms, self.run, self.limits, self.calls = rooms, run, limits, calls

    def server(self, place, program):
        if self.calls:
            return history.WithHistory(place, program, self.rooms, self.calls)
        return servers.Rendezvous('rendezvous', place, program, self.rooms, self.limits)


class Load:
    """A running load program against `server`."""

    def __init__(self, server, place, programs, arguments, realtime=True):
        command = [os.path.join(programs, 'loadgen'), '--label', server.name, '--dialect', server.dialect, '--tls',
                   '--port', str(server.port)] + server.load_options() + arguments
        self.process = subprocess.Popen(
            place.command(place.load_cpu, command) if realtime else ['nice', '-n', '10'] + command,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()

    def wait_ready(self):
        if self.process.stdout.readline().strip() != 'ready':
            self.result()
            raise RuntimeError('the load program ended before it was ready')

    def result(self):
        out, errors = self.process.communicate(timeout=LOAD_TIMEOUT_S)
        if self.process.returncode != 0:
            raise RuntimeError(errors.strip()[-300:])
        return json.loads(out.strip().splitlines()[-1])


def double_start(rooms):
    waves = -(-rooms // PAIRS_PER_WAVE)
    pairs = -(-rooms // waves)

    def run(server, place, programs):
        with Load(server, place, programs, ['--mode', 'double-start', '--pairs', str(pairs), '--waves', str(waves),
                                            '--settle', '1', '--pids', str(server.process.pid)]) as load:
            return load.result()
    return Scenario(pairs * waves, run)


def comeback(connections, seated):
    def run(server, place, programs):
        with Load(server, place, programs,
                  ['--mode', 'return', '--conns', str(connections), '--settle', '2',
                   '--timeout', str(RETURN_TIMEOUT_S)] + (['--seated'] if seated else [])) as load:
            load.wait_ready()
            server.kill()
            server.start()
            return load.result()
    return Scenario(connections // 2, run)


def slow_reader(pairs, seconds, rate):
    def run(server, place, programs):
        with Load(server, place, programs,
                  ['--mode', 'slow-reader', '--pairs', str(pairs), '--duration', str(seconds),
                   '--reader-rate', str(rate), '--pids', str(server.process.pid)]) as load:
            return load.result()
    return Scenario(pairs, run)


def attack(attackers, addresses, rate, seconds):
    """Registrations without the attack, then with it; everybody meets the limits at their defaults."""
    people = ['--mode', 'registrations', '--conns', '64', '--rate', str(rate), '--duration', str(seconds),
              '--settle', '1']

    def run(server, place, programs):
        with Load(server, place, programs, people) as load:
            before = load.result()
        arguments = ['--mode', 'attack', '--conns', str(attackers), '--addresses', str(addresses),
                     '--duration', str(seconds + 5)]
        with Load(server, place, programs, arguments, realtime=False) as attackers_load:
            attackers_load.wait_ready()
            with Load(server, place, programs, people) as load:
                line = load.result()
            attacked = attackers_load.result()
        for name in ('people', 'failed', 'p50_us', 'p99_us', 'max_us'):
            line[name + '_before'] = before[name]
        line['p99_ratio'] = round(line['p99_us'] / max(before['p99_us'], 1), 3)
        line.update({'attack_' + name: value for name, value in attacked.items() if name not in ('label', 'mode')})
        line['mode'] = 'attack'
        return line
    return Scenario(32, run, limits='')


def booking(seconds):
    """PUT of new appointments, each durable before it is answered; the server has one core."""
    def run(server, place, programs):
        key_file = os.path.join(server.folder, 'api.key')
        server.write_private(key_file, server.api_key + '\n')
        with Load(server, place, programs, ['--mode', 'booking', '--conns', '32', '--duration', str(seconds),
                                            '--secret-file', key_file, '--pids', str(server.process.pid)]) as load:
            return load.result()
    return Scenario(1, run)


def export(pairs, seconds, calls):
    """Calls alone, then while all `calls` of the past go out as CSV."""
    def run(server, place, programs):
        def relay():
            with Load(server, place, programs, ['--mode', 'relay', '--pairs', str(pairs), '--rate', '2000', '--payload', '2048',
                                                '--duration', str(seconds), '--pids', str(server.process.pid)]) as load:
                return load.result()
        return history.export_scenario(server, relay)
    return Scenario(pairs, run, calls=calls)


def table(options):
    """Case name -> Scenario."""
    return {
        'double-start': double_start(options.rooms),
        'return': comeback(options.conns, False),
        'return-seated': comeback(options.conns, True),
        'slow-reader': slow_reader(options.pairs, options.long_seconds, 1000),
        # Too little to overflow its queue: only the write deadline ends it.
        'stuck-reader': slow_reader(options.pairs, max(options.long_seconds, 20), 10),
        'booking': booking(options.long_seconds),
        'export': export(options.pairs, options.long_seconds, options.calls),
        'attack': attack(options.attackers, 200, 50, options.long_seconds),
    }


def run(name, options, place):
    """The JSON line of one scenario."""
    scenario = table(options)[name]
    with scenario.server(place, options.rendezvous) as server:
        try:
            return scenario.run(server, place, options.programs)
        except (RuntimeError, subprocess.TimeoutExpired) as failure:
            raise RuntimeError('%s; server: %s' % (failure, server.last_words() or 'silent')) from failure


NAMES = ('double-start', 'return', 'return-seated', 'slow-reader', 'stuck-reader', 'booking', 'export', 'attack')
