import { Agent, request } from 'node:https';

/** HTTPS to one server, with nothing hidden: every header in, every header and the whole text out. */
export class Client {
  #port;
  #certificate;
  #agent;

  constructor(port, certificate) {
    this.#port = port;
    this.#certificate = certificate;
    this.#agent = new Agent({ keepAlive: true, maxSockets: 4 });
  }

  /** @returns {Promise<{status: number, headers: Record<string, string>, text: string}>} */
  send(method, path, { token, headers = {}, text } = {}) {
    return new Promise((resolve, reject) => {
      this.open(method, path, { token, headers, text }, (answer) => {
        let received = '';
        answer.setEncoding('utf8').on('data', (part) => (received += part));
        answer.on('error', reject).on('end', () => resolve({ status: answer.statusCode, headers: answer.headers, text: received }));
      }).on('error', reject);
    });
  }

  /** The same with the answer as a stream, which its reader may read as slowly as it likes. */
  open(method, path, { token, headers = {}, text } = {}, onAnswer) {
    const all = { ...(token && { authorization: `Bearer ${token}` }), ...(text !== undefined && { 'content-type': 'application/json' }), ...headers };
    const options = { host: '127.0.0.1', servername: 'localhost', port: this.#port, ca: this.#certificate, method, path, headers: all, agent: this.#agent };
    const sent = request(options, onAnswer);
    sent.setTimeout(20_000, () => sent.destroy(new Error(`${method} ${path}: no answer within 20 s`)));
    sent.end(text);
    return sent;
  }

  close() {
    this.#agent.destroy();
  }
}
