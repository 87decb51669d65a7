import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Api } from '../../e2e/harness/api.js';
import { freePort } from '../../e2e/harness/process.js';
import { Process } from './process.js';
import { signToken } from './token.js';
import { until } from './until.js';

const run = promisify(execFile);
const BINARY = process.env.RENDEZVOUS_BIN;
const SECRET = '0123456789abcdef0123456789abcdef-booking';
const ISSUER = 'https://booking.test';

/** Shortened, so that silence is found and graces end within a test. */
const DEFAULTS = {
  rooms: { heartbeat_ms: 1000, pong_timeout_ms: 1000, grace_ms: 20000, call_grace_ms: 20000, starter_grace_ms: 20000,
    recovery_ms: 20000, drain_ms: 1000 },
  // Many people share 127.0.0.1 here.
  limits: { sockets_per_ip: 100000, connections_per_s: 10000, starts_per_minute: 100000, auth_failures_per_10min: 100000 },
};

async function makeCertificate(folder) {
  await run('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '36500',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'),
  ]);
  return readFile(join(folder, 'cert.pem'));
}

const toml = (value) => JSON.stringify(value);

function configuration(sections) {
  const parts = Object.entries(sections).map(([name, keys]) =>
    [`[${name}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${toml(value)}`)].join('\n'));
  return [...parts, '[[auth.issuer]]', `issuer = ${toml(ISSUER)}`, 'algorithms = ["HS256"]', 'secret_file = "booking.secret"', '']
    .join('\n');
}

/** One `rendezvous serve` with files and ports of its own, that can be broken and started again. */
export class Server {
  #process;
  #options;

  /**
   * @param {object} [options]
   * @param {Record<string, object>} [options.config] sections of keys over the shortened defaults
   * @param {string} [options.data] folder of the database, if it is to lie elsewhere
   * @param {string[]} [options.under] words before the binary's: `faketime`, `prlimit`
   * @param {object} [options.env]
   * @param {number} [options.output] file descriptor for what it writes
   */
  static async start(options = {}) {
    const server = new Server();
    server.#options = options;
    server.folder = await mkdtemp(join(tmpdir(), 'rendezvous-faults-'));
    server.data = options.data ?? server.folder;
    server.certificate = await makeCertificate(server.folder);
    await writeFile(join(server.folder, 'booking.secret'), SECRET, { mode: 0o600 });
    server.port = await freePort();
    await server.configure(options.config);
    await server.launch().catch(async (error) => {
      await rm(server.folder, { recursive: true, force: true });
      throw error;
    });
    server.api = new Api(server.port, server.certificate, await server.command('api-key', 'create', '--name', 'faults'));
    return server;
  }

  /** Writes the configuration; the running process has what it read at its start. */
  async configure(config = {}) {
    const sections = { ...DEFAULTS,
      server: { public_url: `https://localhost:${this.port}`, listen: [`127.0.0.1:${this.port}`], websocket_listen: [],
        control_socket: join(this.folder, 'control.sock') },
      tls: { certificate: 'cert.pem', key: 'key.pem' }, storage: { url: `sqlite:${this.data}/rendezvous.db` }, metrics: { listen: '' } };
    for (const [name, keys] of Object.entries(config)) sections[name] = { ...sections[name], ...keys };
    await writeFile(this.#config, configuration(sections));
  }

  get #config() {
    return join(this.folder, 'rendezvous.toml');
  }

  get database() {
    return join(this.data, 'rendezvous.db');
  }

  get log() {
    return this.#process.log;
  }

  get pid() {
    return this.#process.pid;
  }

  get running() {
    return this.#process.running;
  }

  /**
   * Starts the process; also after `kill()`: same files, same port.
   * @returns {Promise<number>} when (performance.now()) it said that it serves
   */
  async launch({ under = this.#options.under ?? [], env = this.#options.env } = {}) {
    const before = this.#process?.log ?? '';
    const { output } = this.#options;
    this.#process = new Process([...under, BINARY, 'serve', '--config', this.#config], { cwd: this.folder, env, output });
    this.pastLog = (this.pastLog ?? '') + before;
    if (output === undefined) return this.#process.says('serving');
    await until('the server is ready', async () => (await new Api(this.port, this.certificate).request('GET', '/readyz')).status === 200);
    return performance.now();
  }

  signal(name) {
    this.#process.signal(name);
  }

  kill() {
    return this.#process.kill();
  }

  ended(ms) {
    return this.#process.ended(ms);
  }

  says(text, ms) {
    return this.#process.says(text, ms);
  }

  /** kill -9 and a new process. @returns {Promise<{killedAt: number, servingAt: number}>} */
  async crash() {
    const killedAt = performance.now();
    await this.kill();
    return { killedAt, servingAt: await this.launch() };
  }

  /** Runs one command of the binary with this server's configuration; gives its standard output. */
  async command(...words) {
    const { stdout } = await run(BINARY, [...words, '--config', this.#config], { cwd: this.folder });
    return stdout.trim();
  }

  token(userId, role, appointmentId, more = {}) {
    return signToken(SECRET, { iss: ISSUER, sub: userId, role, appointment: appointmentId, ...more });
  }

  /** Bytes the kernel holds for the connection from `port`, sent and not yet taken; null if it is gone. */
  async unsentBytes(port) {
    const hex = (value) => value.toString(16).toUpperCase().padStart(4, '0');
    const ends = `0100007F:${hex(this.port)} 0100007F:${hex(port)} `;
    const line = (await readFile('/proc/net/tcp', 'utf8')).split('\n').find((each) => each.includes(ends));
    return line ? parseInt(line.split(ends)[1].split(' ')[1].split(':')[0], 16) : null;
  }

  /** Resident memory in bytes. */
  async residentBytes() {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+)/.exec(status)[1]) * 1024;
  }

  /** SIGTERM; a server that does not end cleanly fails the test. */
  async stop() {
    try {
      if (!this.running) return;
      this.signal('SIGCONT');
      this.signal('SIGTERM');
      const { code, signal } = await this.ended();
      if (code !== 0) throw new Error(`the server ended with ${code ?? signal} after SIGTERM:\n${this.log.slice(-4000)}`);
    } finally {
      await rm(this.folder, { recursive: true, force: true });
    }
  }
}
