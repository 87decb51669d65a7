import { build } from 'esbuild';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Process, freePort } from '../../e2e/harness/process.js';
import { until } from '../../e2e/harness/until.js';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const SAMPLES = here('../../../docs/integrate/samples');

const php = (name) => (port, folder) => ({
  binary: 'php', words: ['-S', `127.0.0.1:${port}`, here('../kits/php.php')],
  env: { KIT: name, KIT_DATABASE: join(folder, `${name}.json`) },
});

/** How each sample is run: its program, words, and what it wants in its environment. */
export const kits = {
  laravel: php('laravel'),
  wordpress: php('wordpress'),
  fastapi: (port) => ({
    binary: '/usr/bin/python3', // Debian's, which has the packages
    words: ['-m', 'uvicorn', '--app-dir', SAMPLES, '--port', String(port), '--log-level', 'warning', 'fastapi_app:app'],
    env: { PYTHONDONTWRITEBYTECODE: '1' },
  }),
  nestjs: async (port) => {
    const outfile = here('../node_modules/.kits/nestjs.mjs');
    await build({
      entryPoints: [here('../kits/nestjs.ts')], outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external',
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } }, logLevel: 'warning',
    });
    return { binary: process.execPath, words: [outfile], env: { PORT: String(port) } };
  },
};

/** One sample as a running booking system. */
export class Kit {
  #process;

  constructor(name, port) {
    this.name = name;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
  }

  static async place(name) {
    return new Kit(name, await freePort());
  }

  /** @param {{server: object, folder: string, key: string, secret: string}} how the API key, and the secret of the webhook */
  async start({ server, folder, key, secret }) {
    const certificate = join(folder, 'certificate.pem');
    await writeFile(certificate, server.certificate);
    const { binary, words, env } = await kits[this.name](this.port, folder);
    this.#process = new Process(binary, words, {
      cwd: folder,
      env: {
        ...process.env, RENDEZVOUS_URL: server.origin, RENDEZVOUS_KEY: key, RENDEZVOUS_WEBHOOK_SECRET: secret,
        RENDEZVOUS_CA: certificate, NODE_EXTRA_CA_CERTS: certificate, ...env,
      },
    });
    await until(`${this.name} listens`, () => {
      this.#process.assertRunning();
      return fetch(this.url).then(() => true);
    }, { ms: 30_000 });
    return this;
  }

  get log() {
    return this.#process.log;
  }

  /** @returns {Promise<{status: number, body: any}>} */
  async request(method, path, body, headers = {}) {
    const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const answer = await fetch(this.url + path, {
      method, body: text, headers: { ...(text !== undefined && { 'content-type': 'application/json' }), ...headers },
    });
    const received = await answer.text();
    return { status: answer.status, body: received ? JSON.parse(received) : null };
  }

  /** The same; anything but success is an error. */
  async ask(method, path, body) {
    const { status, body: answer } = await this.request(method, path, body);
    if (status >= 300) throw new Error(`${this.name}: ${method} ${path}: ${status} ${JSON.stringify(answer)}\n${this.log.slice(-2000)}`);
    return answer;
  }

  stop() {
    return this.#process?.kill();
  }
}
