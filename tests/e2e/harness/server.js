import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Api } from './api.js';
import { Process, freePort } from './process.js';
import { until } from './until.js';

const run = promisify(execFile);
const BINARY = process.env.RENDEZVOUS_BIN;

/** Writes cert.pem and key.pem for localhost; gives the certificate. */
export async function makeCertificate(folder) {
  await run('openssl', [
    'req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2',
    '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1',
    '-keyout', join(folder, 'key.pem'), '-out', join(folder, 'cert.pem'),
  ]);
  return readFile(join(folder, 'cert.pem'));
}

const configuration = (folder, port, socketPort, metricsPort, more) => `
[server]
public_url = "https://localhost:${port}"
listen = ["127.0.0.1:${port}"]
websocket_listen = ["127.0.0.1:${socketPort}"]
control_socket = "${folder}/control.sock"
[clinic]
name = "Clinic Riverside"
support_phone = "+40 21 555 0100"
[tls]
certificate = "${folder}/cert.pem"
key = "${folder}/key.pem"
[storage]
url = "sqlite:${folder}/rendezvous.db"
[metrics]
listen = "127.0.0.1:${metricsPort}"
${Object.entries(more).map(([section, keys]) => [`[${section}]`, ...Object.entries(keys).map(([key, value]) => `${key} = ${value}`)].join('\n')).join('\n')}
`;

/** One `rendezvous serve` with a database, certificate and ports of its own; everything goes with `stop()`. */
export class Server {
  #folder;
  #process;

  /** @param {Record<string, Record<string, number>>} [more] sections of the configuration with their numbers */
  static async start(more = {}) {
    const server = new Server();
    server.#folder = await mkdtemp(join(tmpdir(), 'rendezvous-e2e-'));
    server.certificate = await makeCertificate(server.#folder);
    server.port = await freePort();
    server.origin = `https://localhost:${server.port}`;
    await writeFile(server.#config, configuration(server.#folder, server.port, await freePort(), await freePort(), more));
    await server.launch();
    server.api = new Api(server.port, server.certificate, await server.command('api-key', 'create', '--name', 'e2e'));
    return server;
  }

  get #config() {
    return join(this.#folder, 'rendezvous.toml');
  }

  /** Starts the process and waits until it says it is ready. Also used after `kill()`: same files, same ports. */
  async launch() {
    this.#process = new Process(BINARY, ['serve', '--config', this.#config], { cwd: this.#folder });
    const probe = new Api(this.port, this.certificate);
    await until('the server is ready', async () => {
      this.#process.assertRunning();
      return (await probe.request('GET', '/readyz')).status === 200;
    }).catch(async (error) => {
      await this.#process.kill();
      throw error;
    });
  }

  get running() {
    return this.#process.running;
  }

  /** What the server wrote so far. */
  get log() {
    return this.#process.log;
  }

  /** Runs one command of the binary with this server's configuration; gives its standard output. */
  async command(...words) {
    const { stdout } = await run(BINARY, [...words, '--config', this.#config], { cwd: this.#folder });
    return stdout.trim();
  }

  /** A token of the server's own issuer, as staff get it. */
  token(person) {
    return this.command('token', '--sub', person.userId, '--role', person.role, '--name', person.name, '--ttl', '3600');
  }

  /** kill -9: no goodbye, nothing written any more. */
  kill() {
    return this.#process.kill();
  }

  signal(name) {
    this.#process.signal(name);
  }

  /** SIGTERM, as a deployment does it; its files stay for `launch()`. Not ending cleanly is an error. */
  terminate() {
    return this.#process.stop();
  }

  /** SIGTERM; a server that does not end cleanly fails the test. */
  async stop() {
    try {
      await this.#process.stop();
    } finally {
      await rm(this.#folder, { recursive: true, force: true });
    }
  }
}
