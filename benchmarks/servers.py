"""The measured servers: how each is started on 127.0.0.1, made ready and ended.

Every server is a child of this process and is ended by its own process object, never by name.
"""
import datetime
import http.client
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time

START_TIMEOUT_S = 20
STOP_TIMEOUT_S = 10
ISSUER = 'https://bench.example'
HERE = os.path.dirname(os.path.abspath(__file__))


class Unavailable(RuntimeError):
    """The program of a server is not there, or it did not start."""


class Place:
    """Where programs run: one CPU for the server and another for the load, if there are two."""

    def __init__(self, realtime='auto'):
        cpus = sorted(os.sched_getaffinity(0))
        self.server_cpu, self.load_cpu = cpus[0], cpus[min(1, len(cpus) - 1)]
        self.realtime = realtime == 'on' or (realtime == 'auto' and len(cpus) > 1 and self._may_use_realtime())

    @staticmethod
    def _may_use_realtime():
        if not shutil.which('chrt'):
            return False
        return subprocess.run(['chrt', '-f', '1', 'true'], capture_output=True).returncode == 0

    def command(self, cpu, argv):
        """argv on one CPU; taskset and chrt replace themselves, so the process id stays."""
        return ['taskset', '-c', str(cpu)] + (['chrt', '-f', '1'] if self.realtime else []) + argv


def make_certificate(folder):
    """A self-signed ECDSA P-256 certificate; returns the paths of certificate and key."""
    cert, key = os.path.join(folder, 'cert.pem'), os.path.join(folder, 'key.pem')
    subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes',
                    '-keyout', key, '-out', cert, '-days', '30', '-subj', '/CN=localhost',
                    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], check=True, capture_output=True)
    return cert, key


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


class Server:
    """A running server. `argv` gets the port; use as a context manager."""
    dialect = 'room'

    def __init__(self, name, place):
        self.name, self.place, self.process = name, place, None
        self.port = free_port()
        self.folder = tempfile.mkdtemp(prefix='rendezvous-bench-')
        self.cert, self.key = make_certificate(self.folder)

    def __enter__(self):
        try:
            self.prepare()
            self.start()
            self.fill()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def argv(self):
        raise NotImplementedError(self.name)

    def prepare(self):
        """Before the start."""

    def fill(self):
        """After the start, before the load."""

    def load_options(self):
        return []

    def start(self):
        argv = self.argv()
        if not shutil.which(argv[0]):
            raise Unavailable('%s: no program %s' % (self.name, argv[0]))
        self.log = open(os.path.join(self.folder, 'server.log'), 'w+b')
        self.process = subprocess.Popen(self.place.command(self.place.server_cpu, argv), stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=self.log)
        deadline = time.monotonic() + START_TIMEOUT_S
        while not self._listens():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise Unavailable('%s did not start: %s' % (self.name, self.last_words()))
            time.sleep(0.05)
        time.sleep(0.3)  # start-up work must not count as the first messages' CPU

    def _listens(self):
        try:
            socket.create_connection(('127.0.0.1', self.port), 1).close()
            return True
        except OSError:
            return False

    def last_words(self):
        self.log.flush()
        self.log.seek(0)
        return self.log.read().decode(errors='replace').strip()[-400:]

    def kill(self):
        """As kill -9 does; start() begins anew with what is on the disk."""
        self.process.kill()
        self.process.wait()
        self.log.close()
        self.process = None

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.log.close()
            self.process = None
        shutil.rmtree(self.folder, ignore_errors=True)


class Peer(Server):
    """A relay in peers/, or another program called the same way: PROGRAM PORT CERT KEY [ARGUMENTS]."""

    def __init__(self, name, place, command, arguments=(), dialect='room'):
        super().__init__(name, place)
        self.command, self.arguments, self.dialect = command, list(arguments), dialect

    def argv(self):
        return self.command + [str(self.port), self.cert, self.key] + self.arguments

    def start(self):
        super().start()
        if self.command[0] != 'node' or not self.place.realtime:
            return
        # V8's compiler and collector threads would starve behind a main thread of equal priority on one CPU.
        for thread in os.listdir('/proc/%d/task' % self.process.pid):
            if int(thread) != self.process.pid:
                os.sched_setscheduler(int(thread), os.SCHED_FIFO, os.sched_param(2))


CONFIG = '''\
[server]
public_url = "https://localhost:{port}"
listen = ["127.0.0.1:{port}"]
websocket_listen = []
control_socket = "{folder}/control.sock"
shards = 1
[tls]
certificate = "{cert}"
key = "{key}"
[storage]
url = "sqlite:{folder}/bench.db"
[[auth.issuer]]
issuer = "{issuer}"
algorithms = ["HS256"]
secret_file = "{folder}/issuer.secret"
{limits}
[metrics]
listen = "127.0.0.1:{metrics_port}"
[log]
level = "warn"
'''


# The load is one program at one address doing the work of many people; every check stays on,
# only its bound is out of the way.
RAISED_LIMITS = '''\
[limits]
messages_per_s = 100000
messages_burst = 100000
signals_unanswered_max = 100000
sockets_per_ip = 100000
sockets_per_user = 100
connections_per_s = 100000
starts_per_minute = 100000
'''


class Rendezvous(Server):
    """Our server with one shard, and the appointments the load program's rooms are."""
    dialect = 'rendezvous'

    def __init__(self, name, place, program, rooms, limits=RAISED_LIMITS):
        super().__init__(name, place)
        self.program, self.rooms, self.limits = program, rooms, limits
        self.config = os.path.join(self.folder, 'rendezvous.toml')
        self.secret = os.path.join(self.folder, 'issuer.secret')

    def argv(self):
        return [self.program, 'serve', '--config', self.config]

    def load_options(self):
        return ['--issuer', ISSUER, '--secret-file', self.secret]

    def prepare(self):
        if not shutil.which(self.program):
            raise Unavailable('%s: no program %s' % (self.name, self.program))
        self.write_private(self.secret, secrets.token_hex(32))
        self.write_private(self.config, CONFIG.format(port=self.port, metrics_port=free_port(), folder=self.folder,
                                               cert=self.cert, key=self.key, issuer=ISSUER, limits=self.limits))
        made = subprocess.run([self.program, 'api-key', 'create', '--name', 'bench', '--config', self.config],
                              capture_output=True, text=True, timeout=30)
        if made.returncode != 0:
            raise Unavailable('%s: api-key create: %s' % (self.name, made.stderr.strip()[-400:]))
        self.api_key = made.stdout.strip()

    @staticmethod
    def write_private(path, text):
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'w') as f:
            f.write(text)

    def fill(self):
        trust = ssl.create_default_context(cafile=self.cert)
        connection = http.client.HTTPSConnection('localhost', self.port, timeout=30, context=trust)
        for room in range(self.rooms):
            connection.request('PUT', '/api/appointments/bench-%d' % room, json.dumps(self._appointment(room)),
                               {'Authorization': 'Bearer ' + self.api_key, 'Content-Type': 'application/json'})
            answer = connection.getresponse()
            text = answer.read()
            if answer.status not in (200, 201):
                raise Unavailable('%s: PUT appointment: %d %s' % (self.name, answer.status, text[:300].decode()))
        connection.close()

    @staticmethod
    def _appointment(room):
        def utc(minutes):
            time_then = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
            return time_then.strftime('%Y-%m-%dT%H:%M:%S.000Z')
        return {'status': 'booked', 'start': utc(-5), 'end': utc(120),
                'participants': [{'userId': 'bench-d-%d' % room, 'role': 'doctor', 'name': 'Doctor'},
                                 {'userId': 'bench-p-%d' % room, 'role': 'patient', 'name': 'Patient'}]}


def make_server(name, place, programs, rooms, rendezvous, uws):
    """The server called `name`; raises Unavailable for a name or program that is not there."""
    def built(program):
        return [os.path.join(programs, program)]

    def script(file):
        return ['node', os.path.join(HERE, 'peers', file)]

    if name == 'rendezvous':
        return Rendezvous(name, place, rendezvous, rooms)
    if name == 'floor':
        return Peer(name, place, built('floor_relay'))
    if name == 'beast':
        return Peer(name, place, built('beast_relay'), ['parse=none'])
    if name == 'beast-lean':
        return Peer(name, place, built('beast_relay_lean'), ['parse=none'])
    if name == 'beast-nlohmann':
        return Peer(name, place, built('beast_relay'), ['parse=nlohmann'])
    if name == 'ws':
        return Peer(name, place, script('ws-relay.js'))
    if name == 'peerjs':
        return Peer(name, place, script('peerjs-server.js'), dialect='peerjs')
    if name == 'uws' and uws:
        return Peer(name, place, [uws])
    raise Unavailable('%s: unknown server, or --uws PROGRAM is missing' % name)


NAMES = ('rendezvous', 'floor', 'beast-lean', 'beast', 'beast-nlohmann', 'ws', 'peerjs', 'uws')
