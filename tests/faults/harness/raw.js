import WebSocket from 'ws';

import { until } from './until.js';

/** A bare WebSocket for what the protocol client would never do. */
export class RawSocket {
  /** All that came but pings, which are answered. */
  messages = [];
  code = null;
  seq = 0;
  #asked = new Map();

  /** @param {{port: number, certificate: Buffer}} server */
  static async open({ certificate }, port) {
    const raw = new RawSocket();
    raw.socket = new WebSocket(`wss://127.0.0.1:${port}/ws`, ['rendezvous.v1'], { ca: certificate, servername: 'localhost', perMessageDeflate: false });
    raw.socket.on('message', (data) => raw.#received(JSON.parse(data)));
    raw.socket.on('close', (code) => raw.#closed(code)).on('error', () => {});
    await until('the socket is open', () => raw.socket.readyState === WebSocket.OPEN);
    return raw;
  }

  static async registered(server, { appointmentId, userId, role, port = server.port }) {
    const raw = await RawSocket.open(server, port);
    raw.send({ type: 'register', id: 'r', token: server.token(userId, role, appointmentId), appointmentId });
    await until('it is registered', () => raw.messages.some((each) => each.type === 'registered'));
    return raw;
  }

  #received(message) {
    if (message.type === 'ping') {
      this.send({ type: 'pong', n: message.n, seq: this.seq });
      return;
    }
    this.messages.push(message);
    this.seq = message.seq ?? this.seq;
    this.#asked.get(message.re)?.(message);
  }

  #closed(code) {
    this.code = code;
    for (const resolve of this.#asked.values()) resolve(null);
  }

  send(message) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(typeof message === 'string' ? message : JSON.stringify(message));
  }

  /** Sends and waits for the answer; null if the socket closes instead. */
  ask(message) {
    if (this.code !== null) return null;
    return new Promise((resolve) => {
      this.#asked.set(message.id, resolve);
      this.send(message);
    });
  }

  close() {
    this.socket.terminate();
  }
}
