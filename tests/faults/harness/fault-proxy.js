import { once } from 'node:events';
import { connect, createServer } from 'node:net';

const QUEUE_BYTES_MAX = 1 << 16;

/** RST and nothing before it: resetAndDestroy() says FIN first. */
function cutOff(socket) {
  socket.resetAndClosing = true;
  socket.destroy();
}

/**
 * What happens to one direction of one connection. All may be combined and changed at any time.
 *
 * @typedef {object} Rule
 * @property {boolean} [stalled] nothing is read any more: the sender's window fills
 * @property {boolean} [swallowed] everything is read and thrown away, also the end: a half-open connection
 * @property {number} [bytesPerS]
 * @property {number} [delayMs]
 * @property {number} [cutAfter] bytes that still pass, counted from the connection's beginning; then `cutWith`
 * @property {'reset' | 'end' | 'silence'} [cutWith] RST to both, FIN in this direction, or nothing at all (default reset)
 */

/** One direction: a bounded queue between two sockets. */
class Lane {
  #from;
  #to;
  #link;
  #queue = [];
  #queued = 0;
  #timer = null;
  #freeAt = 0;
  #ended = false;

  passed = 0;
  /** @type {Rule} */
  rule = {};

  constructor(from, to, link, rule) {
    this.#from = from;
    this.#to = to;
    this.#link = link;
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => this.#take(null));
    to.on('drain', () => this.#pump());
    this.apply(rule);
  }

  /** @param {Rule} rule replaces the present one */
  apply(rule) {
    this.rule = rule;
    this.#flow();
    this.#pump();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#queue = [];
  }

  #flow() {
    if (this.rule.stalled || this.#queued > QUEUE_BYTES_MAX) this.#from.pause();
    else this.#from.resume();
  }

  #take(bytes) {
    if (this.rule.swallowed) return;
    this.#queue.push({ bytes, due: performance.now() + (this.rule.delayMs ?? 0) });
    this.#queued += bytes?.length ?? 0;
    this.#flow();
    this.#pump();
  }

  #pump() {
    clearTimeout(this.#timer);
    while (this.#queue.length > 0 && !this.#ended && !this.rule.stalled && !this.#to.writableNeedDrain) {
      const waitMs = Math.max(this.#queue[0].due, this.#freeAt) - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#pump(), waitMs);
        return;
      }
      this.#pass(this.#queue.shift());
    }
    this.#flow();
  }

  #pass({ bytes, due }) {
    if (bytes === null) {
      this.#ended = true;
      this.#to.end();
      return;
    }
    const { bytesPerS, cutAfter = Infinity } = this.rule;
    const step = bytesPerS ? Math.max(1, Math.min(bytes.length, Math.floor(bytesPerS / 20))) : bytes.length;
    const allowed = Math.min(step, cutAfter - this.passed);
    if (allowed < bytes.length) this.#queue.unshift({ bytes: bytes.subarray(Math.max(0, allowed)), due });
    if (allowed > 0) {
      this.#to.write(bytes.subarray(0, allowed));
      this.passed += allowed;
      this.#queued -= allowed;
      if (bytesPerS) this.#freeAt = performance.now() + (1000 * allowed) / bytesPerS;
    }
    if (this.passed >= cutAfter) this.#cut();
  }

  #cut() {
    this.#ended = true;
    if (this.rule.cutWith === 'end') this.#to.end();
    else if (this.rule.cutWith === 'silence') this.#link.apply({ up: { swallowed: true }, down: { swallowed: true } });
    else this.#to.writableLength > 0 ? this.#to.write('', () => this.#link.reset()) : this.#link.reset();
  }
}

/** One connection through the proxy: `up` from the client to the server, `down` back. */
class Link {
  #sockets;

  constructor(client, server, rules, gone) {
    this.#sockets = [client, server];
    this.up = new Lane(client, server, this, rules.up ?? {});
    this.down = new Lane(server, client, this, rules.down ?? {});
    let open = 2;
    for (const [socket, other, lane] of [[client, server, this.up], [server, client, this.down]]) {
      socket.setNoDelay(true);
      socket.on('error', () => {});
      socket.on('close', (failed) => {
        if (failed && !this.up.rule.swallowed && !this.down.rule.swallowed) cutOff(other);
        lane.stop();
        open -= 1;
        if (open === 0) gone();
      });
    }
  }

  /** @param {{up?: Rule, down?: Rule}} rules replace the present ones */
  apply(rules) {
    this.up.apply(rules.up ?? {});
    this.down.apply(rules.down ?? {});
  }

  /** The port that the server sees as this client's. */
  get portAtServer() {
    return this.#sockets[1].localPort;
  }

  reset() {
    for (const socket of this.#sockets) cutOff(socket);
  }
}

/** A TCP proxy on 127.0.0.1 that breaks what passes through it, exactly and on demand. */
export class FaultProxy {
  #listener;
  #rules = {};
  #refusing = false;

  /** @type {Set<Link>} */
  links = new Set();
  accepted = 0;
  /** Connections without a byte for so long are reset, as by a proxy on the way; 0: never. For connections to come. */
  idleMs = 0;
  idleCuts = 0;

  /** @param {number} targetPort on 127.0.0.1 */
  static async start(targetPort) {
    const proxy = new FaultProxy();
    proxy.#listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => proxy.#accept(client, targetPort));
    proxy.#listener.listen(0, '127.0.0.1');
    await once(proxy.#listener, 'listening');
    proxy.port = proxy.#listener.address().port;
    return proxy;
  }

  #accept(client, targetPort) {
    this.accepted += 1;
    if (this.#refusing) {
      cutOff(client.on('error', () => {}));
      return;
    }
    const server = connect({ port: targetPort, host: '127.0.0.1', allowHalfOpen: true });
    const link = new Link(client, server, this.#rules, () => this.links.delete(link));
    this.links.add(link);
    client.setTimeout(this.idleMs, () => {
      this.idleCuts += 1;
      link.reset();
    });
  }

  /** @param {{up?: Rule, down?: Rule}} rules of connections to come, and of those that are there */
  apply(rules) {
    this.#rules = rules;
    for (const link of this.links) link.apply(rules);
  }

  /** @param {{up?: Rule, down?: Rule}} rules of connections to come only */
  expect(rules) {
    this.#rules = rules;
  }

  /** RST to everybody, both ways. */
  reset() {
    for (const link of [...this.links]) link.reset();
  }

  /** New connections are reset at once while `refusing`. */
  refuse(refusing) {
    this.#refusing = refusing;
  }

  async stop() {
    this.#listener.close();
    this.reset();
    await once(this.#listener, 'close');
  }
}
