import WebSocket from 'ws';

const LATEST_MAX = 15;

/**
 * What passed over one person's sockets, seen between the client and the network: the counting of the protocol is
 * checked here, on every message, whatever the client makes of it.
 */
export class Wire {
  /** Sockets in the order they were made: {madeAt, openAt, closedAt, code, bye, heeded}. */
  sockets = [];
  /** Numbered messages that were skipped, or came twice on one socket. Invariant I3: none. */
  gaps = [];
  repeats = [];
  /** Numbers of the probes that the server refused with an error of its own. */
  refused = new Set();
  resumed = 0;
  resets = [];
  errors = [];
  latest = [];

  #session = null;
  #claimed = 0;

  sent(text, socket) {
    const message = JSON.parse(text);
    this.#note('>', message);
    if (message.type === 'register') {
      this.#claimed = message.resume?.lastSeq ?? 0;
    } else if (message.type !== 'pong' && this.#session) {
      this.#session.sent += 1;
      const probe = message.data?.probe;
      if (probe !== undefined) this.#session.probes.set(this.#session.sent, probe);
    }
    if (message.type === 'pong') socket.pongs = (socket.pongs ?? 0) + 1;
  }

  received(text, socket) {
    const message = JSON.parse(text);
    this.#note('<', message);
    if (message.type === 'registered') this.#registered(message);
    else if (message.type === 'bye') this.#final(socket, message.code, { bye: message });
    else if (message.type === 'goaway') socket.goaway = { ...message, at: performance.now() };
    else if (message.type !== 'ping' && socket === this.sockets.at(-1)) this.#numbered(message);
  }

  closed(code, socket) {
    this.#final(socket, socket.bye?.code ?? code, { closedAt: performance.now(), code });
  }

  /** What a socket says that the client has given up already is nothing it could heed. */
  #final(socket, code, what) {
    Object.assign(socket, what);
    if (socket === this.sockets.at(-1)) socket.heeded = code;
  }

  #registered(message) {
    if (message.resumed) {
      this.resumed += 1;
      this.#session.seq = this.#claimed;
      this.#session.sent = message.received;
      return;
    }
    this.resets.push({ at: performance.now(), reason: message.reason });
    this.#session = { seq: 0, sent: 0, probes: new Map() };
  }

  /** Only what comes on the newest socket counts: a client does not listen to one that it has given up. */
  #numbered(message) {
    if (!Number.isInteger(message.seq) || !this.#session) return;
    const expected = this.#session.seq + 1;
    if (message.seq > expected) this.gaps.push({ expected, seq: message.seq, type: message.type });
    if (message.seq < expected) this.repeats.push({ expected, seq: message.seq, type: message.type });
    this.#session.seq = Math.max(this.#session.seq, message.seq);
    if (message.type !== 'error') return;
    this.errors.push(message);
    const probe = message.re === null ? this.#session.probes.get(message.received) : undefined;
    if (probe !== undefined) this.refused.add(probe);
  }

  #note(way, { type, seq, n, received, code, reason, resumed, id, re, keep, callId, change }) {
    const shown = JSON.stringify({ type, seq, n, received, code, reason, resumed, id, re, keep, callId, change });
    this.latest.push(`${performance.now().toFixed(0)} ${way} ${shown}`);
    if (this.latest.length > LATEST_MAX) this.latest.shift();
  }
}

/**
 * The WebSocket class to give to the protocol client: the `ws` package's, trusting the test's certificate, every frame
 * written down in `wire`.
 *
 * @param {Wire} wire
 * @param {Buffer} certificate
 */
export function tappedWebSocket(wire, certificate) {
  return class extends WebSocket {
    #entry = { madeAt: performance.now() };

    constructor(url, protocols) {
      super(url, protocols, { ca: certificate, servername: 'localhost', perMessageDeflate: false, handshakeTimeout: 10000 });
      this.#entry.socket = this;
      wire.sockets.push(this.#entry);
      this.on('open', () => (this.#entry.openAt = performance.now()));
      this.on('message', (data) => wire.received(String(data), this.#entry));
      this.on('close', (code) => wire.closed(code, this.#entry));
      this.on('error', (error) => (this.#entry.error = error.code ?? error.message));
    }

    send(text) {
      wire.sent(text, this.#entry);
      super.send(text);
    }
  };
}
