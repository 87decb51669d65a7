import { execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { Process, freePort } from './process.js';
import { makeCertificate } from './server.js';
import { until } from './until.js';

const run = promisify(execFile);
const BINDING = Buffer.from('000100002112a442000000000000000000000000', 'hex');

const MAKE_DATABASE = 'import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(open(sys.argv[2]).read())';

/** Whether a STUN server answers at this port of 127.0.0.1. */
async function answersStun(port) {
  const socket = createSocket('udp4');
  try {
    socket.send(BINDING, port, '127.0.0.1');
    await once(socket, 'message', { signal: AbortSignal.timeout(500) });
    return true;
  } finally {
    socket.close();
  }
}

/** Ports of the relay side that nobody else of this machine uses by default. */
const relayPorts = (port) => {
  const first = 20_000 + (port % 100) * 100;
  return { first, last: first + 99 };
};

/** One coturn on 127.0.0.1 with what `rendezvous turn-config` prints, in the foreground; it ends with `stop()`. */
export class Relay {
  #folder;
  #process;

  /**
   * @param {object} [options]
   * @param {string} [options.secret]
   * @param {boolean} [options.loopbackPeers] lets it relay to 127.0.0.1, where the browsers of a test are
   * @param {(port: number, tlsPort: number) => string[]} [options.uris] the relay's addresses in the configuration
   * @param {string[]} [options.lines] more lines for coturn
   */
  static async start({
    secret = 'north', loopbackPeers = false, lines = [],
    uris = (port) => [`turn:127.0.0.1:${port}?transport=udp`, `turn:127.0.0.1:${port}?transport=tcp`],
  } = {}) {
    const relay = new Relay();
    relay.#folder = await mkdtemp(join(tmpdir(), 'rendezvous-relay-'));
    relay.port = await freePort();
    relay.realm = 'relay.test';
    relay.tlsPort = await freePort();
    relay.uris = uris(relay.port, relay.tlsPort);
    await makeCertificate(relay.#folder);
    relay.secretFile = join(relay.#folder, 'turn.secret');
    await writeFile(relay.secretFile, `${secret}\n`, { mode: 0o600 });
    const { first, last } = relayPorts(relay.port);
    relay.configuration = [
      await relay.#printed(),
      '# What a test on the loopback needs.',
      'listening-ip=127.0.0.1', 'relay-ip=127.0.0.1', `min-port=${first}`, `max-port=${last}`,
      ...(loopbackPeers ? ['allow-loopback-peers', 'allowed-peer-ip=127.0.0.1'] : []), ...lines, '',
    ].join('\n');
    const file = join(relay.#folder, 'turnserver.conf');
    await writeFile(file, relay.configuration, { mode: 0o600 });
    // A database with its tables: coturn's threads get in each other's way when they make one.
    const database = join(relay.#folder, 'db');
    await run('/usr/bin/python3', ['-c', MAKE_DATABASE, database, '/usr/share/coturn/schema.sql']);
    const words = ['-c', file, `--pidfile=${join(relay.#folder, 'pid')}`, `--userdb=${database}`];
    relay.#process = new Process('turnserver', words, { cwd: relay.#folder });
    await until('the relay answers', () => {
      relay.#process.assertRunning();
      return answersStun(relay.port);
    }).catch(async (error) => {
      await relay.#process.kill();
      throw error;
    });
    return relay;
  }

  /** The section for the configuration of a `Server` that sends its people here. */
  section(more = {}) {
    return { turn: { uris: JSON.stringify(this.uris), secret_file: JSON.stringify(this.secretFile), ...more } };
  }

  /** What it wrote so far. */
  get log() {
    return this.#process.log;
  }

  async stop() {
    await this.#process?.kill();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #printed() {
    const file = join(this.#folder, 'rendezvous.toml');
    await writeFile(file, `[turn]\nuris = ${JSON.stringify(this.uris)}\nsecret_file = "${this.secretFile}"\n`);
    const words = ['turn-config', '--config', file, '--realm', this.realm, '--with-secret'];
    return (await run(process.env.RENDEZVOUS_BIN, words, { cwd: this.#folder })).stdout;
  }
}
