import assert from 'node:assert/strict';

const LATENCY_MS = 40;
const RING_MAX = 16;
const heartbeat = { everyMs: 10000, timeoutMs: 10000, deadAfterMs: 25000 };

/**
 * A connection that delivers in order, a moment later, until it is cut: what is under way then is lost, and each
 * end learns of it by itself or not at all. Plays the WebSocket of the client; `server` has the other end.
 */
class Wire {
  #network;
  #toServer = true;
  #toClient = true;
  stalled = false;

  constructor(network) {
    this.#network = network;
    network.wires.push(this);
    this.#later(() => (network.up && !this.stalled ? this.onopen?.() : this.failForClient()));
  }

  #later(action) {
    this.#network.clock.setTimeout(action, LATENCY_MS * (0.5 + this.#network.random()));
  }

  // Each direction is a queue: what was sent later never overtakes, whatever its own delay.
  #queues = { server: [], client: [] };

  #carry(direction, deliver) {
    const queue = this.#queues[direction];
    queue.push(deliver);
    this.#later(() => {
      const next = queue.shift();
      const open = direction === 'server' ? this.#toServer : this.#toClient;
      if (next && open && !this.stalled) next();
    });
  }

  /** The client's side of a WebSocket. */
  send(text) {
    this.#carry('server', () => this.#network.server?.hears(this, JSON.parse(text)));
  }

  close() {
    this.#toClient = false;
    this.#carry('server', () => this.cutForServer());
  }

  /** The server's side. */
  tell(message) {
    const text = JSON.stringify(message);
    this.#carry('client', () => this.onmessage?.({ data: text }));
  }

  closeByServer(code) {
    this.#toServer = false;
    this.#carry('client', () => this.#closed(code));
  }

  failForClient() {
    this.#closed(1006);
  }

  cutForServer() {
    this.#toServer = false;
    this.#network.server?.lost(this);
  }

  #closed(code) {
    if (!this.#toClient) return;
    this.#toClient = false;
    this.onclose?.({ code });
  }
}

/** What connects one client to one server that is killed and started again. */
export class Network {
  wires = [];
  up = true;
  faulty = true;
  server = null;

  constructor(clock, random) {
    this.clock = clock;
    this.random = random;
    const network = this;
    this.WebSocket = function WebSocket() { return new Wire(network); };
  }

  get wire() {
    return this.wires.at(-1);
  }

  /** What is under way is lost, both ends may learn of it at different times. */
  cut() {
    const { wire } = this;
    if (!wire) return;
    wire.stalled = true;
    this.clock.setTimeout(() => wire.cutForServer(), this.random() * 3000);
    this.clock.setTimeout(() => wire.failForClient(), this.random() * 3000);
  }
}

/**
 * The server as far as a session goes: counting, ring, rotating key, replay, reset, and commands that are carried
 * out once. `disk` outlives the process: {applied: Map, order: []}. Checks while it runs what must never happen.
 */
export class ModelServer {
  #network;
  #disk;
  #sessions = new Map();
  #bound = new Map();
  #draining = false;
  #pinger;
  #events = 0;

  constructor(network, disk) {
    this.#network = network;
    this.#disk = disk;
    this.boot = disk.boots = (disk.boots ?? 0) + 1;
    this.#ping();
  }

  /** kill -9: nobody is told anything, what the network carries still arrives. */
  kill() {
    this.#network.clock.clearTimeout(this.#pinger);
    for (const wire of this.#network.wires) wire.closeByServer(1006);
  }

  goAway(inMs) {
    for (const wire of this.#bound.keys()) wire.tell({ type: 'goaway', inMs, reason: 'drain' });
  }

  /** Something happened in the room: whoever has a session is told, now or when it resumes. */
  happen() {
    this.#events += 1;
    for (const session of this.#sessions.values()) this.#number(session, { type: 'event', n: this.#events });
  }

  /** Numbers of the messages of a session that were told and are not confirmed. */
  unconfirmed(sessionId) {
    return this.#sessions.get(sessionId).ring.map((each) => each.seq);
  }

  hears(wire, message) {
    if (message.type === 'register') {
      this.#register(wire, message);
      return;
    }
    const session = this.#bound.get(wire);
    if (!session) return;
    session.keys = [session.keys[0]];
    if (message.type === 'pong') {
      assert.ok(message.seq <= session.seq, 'confirmed what was never told');
      session.ring = session.ring.filter((each) => each.seq > message.seq);
      return;
    }
    session.received += 1;
    if (message.type === 'signal') this.#signal(session, message);
    else this.#command(session, message);
  }

  lost(wire) {
    this.#bound.delete(wire);
  }

  #register(wire, { id, instance, resume }) {
    const old = resume && this.#sessions.get(resume.sessionId);
    const inRing = old && resume.lastSeq <= old.seq && resume.lastSeq >= (old.ring[0]?.seq ?? old.seq + 1) - 1;
    const resumed = Boolean(old && old.keys.includes(resume.resumeKey) && inRing);
    const session = resumed ? old : this.#newSession(instance);
    if (old && !resumed) this.#sessions.delete(old.id);
    for (const [other, bound] of this.#bound) {
      if (bound !== session) continue;
      this.#bound.delete(other);
      other.closeByServer(4100);
    }
    this.#bound.set(wire, session);
    session.keys = [`key-${++this.#disk.keys}`, ...(resumed ? [resume.resumeKey] : [])];
    wire.tell({
      type: 'registered', re: id, sessionId: session.id, resumeKey: session.keys[0], resumed, received: session.received, heartbeat,
      ...(!resumed && { reason: 'restart' }) });
    // Now and then a server repeats what the client has: it must not matter.
    const repeats = this.#network.random() < 0.2;
    if (resumed && !repeats) session.ring = session.ring.filter((each) => each.seq > resume.lastSeq);
    for (const each of session.ring) wire.tell(each);
  }

  #newSession(instance) {
    const session = { id: `s${this.boot}.${++this.#disk.sessions}`, instance, seq: 0, received: 0, ring: [], keys: [], lastSignal: null };
    this.#sessions.set(session.id, session);
    return session;
  }

  #signal(session, { tag, n }) {
    assert.equal(tag, session.id, 'a signal of another session');
    if (session.lastSignal !== null) assert.equal(n, session.lastSignal + 1, 'a signal lost, repeated or overtaken');
    session.lastSignal = n;
    this.#disk.signals += 1;
  }

  /** Carried out at most once, however often it is heard; the answer is always the first one. */
  #command(session, { type, id }) {
    const key = `${session.instance} ${id}`;
    const repeated = this.#disk.applied.has(key);
    if (!repeated) this.#disk.applied.set(key, this.#disk.applied.size);
    else this.#disk.repeats += 1;
    this.#number(session, { type: 'ok', re: id, received: session.received, command: type, place: this.#disk.applied.get(key) });
  }

  #number(session, message) {
    const numbered = { ...message, seq: (session.seq += 1) };
    session.ring.push(numbered);
    if (session.ring.length > RING_MAX) session.ring.shift();
    // Now and then one vanishes, as no server should let happen: the client must notice.
    if (this.#network.faulty && this.#network.random() < 0.01) return;
    for (const [wire, bound] of this.#bound) if (bound === session) wire.tell(numbered);
  }

  #ping() {
    this.#pinger = this.#network.clock.setTimeout(() => {
      for (const [wire, session] of this.#bound) wire.tell({ type: 'ping', n: 1, received: session.received });
      this.#ping();
    }, heartbeat.everyMs);
  }
}
