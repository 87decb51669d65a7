import { SignalingClient } from '../../../web/js/signaling/signaling-client.js';
import { roomAfter } from '../../../web/js/signaling/room-state.js';
import { uuid } from './seed.js';
import { until } from './until.js';
import { Wire, tappedWebSocket } from './wire.js';

const clock = {
  now: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (timer) => clearTimeout(timer),
};

/**
 * One participant as the page would be: the protocol client of web/js/signaling, and above it an application that keeps
 * its seat and writes down everything it is told. `say` sends numbered probes as signals; what became of each of them
 * is what the figures are computed from.
 */
export class Person {
  wire = new Wire();
  /** Probes: {n, at} sent, {n, from, at, appointmentId} received, in order. */
  sent = [];
  received = [];
  /** Room events as the application got them: {type, at, message}. */
  events = [];
  /** Moments at which losses were announced to this application, besides its own resets: {at, about}. */
  notices = [];
  /** Answers that acknowledge a transition: {command, callId, order, at}. */
  acknowledged = [];
  room = null;
  you = null;
  /** The call this person wants to be in, and since when the seat is theirs again after a reset (null: not now). */
  callId = null;
  seatedAt = null;
  /** Why a call ended that this person wanted to go on with. */
  lost = null;
  closed = null;

  /**
   * @param {object} options
   * @param {import('./server.js').Server} options.server
   * @param {number} [options.port] of a proxy before the server
   * @param {string} options.appointmentId
   * @param {string} options.userId
   * @param {string} options.role
   * @param {() => number} options.random
   * @param {() => number} [options.retryRandom] for the waits between two tries; `() => 0`: none before the first
   * @param {string} [options.instance]
   * @param {string} [options.token]
   * @param {() => Promise<string>} [options.getToken]
   * @param {string} [options.canary] goes with each probe; must stand in no log
   */
  constructor({ server, port = server.port, appointmentId, userId, role, random, retryRandom = random, instance = uuid(random),
    token = server.token(userId, role, appointmentId), getToken, canary = '' }) {
    Object.assign(this, { server, appointmentId, userId, role, instance, canary, token });
    this.client = new SignalingClient({
      url: `wss://127.0.0.1:${port}/ws`, appointmentId, instance, clock, random: retryRandom,
      getToken: getToken ?? (async () => token), createId: () => uuid(random),
      WebSocket: tappedWebSocket(this.wire, server.certificate),
    });
    this.client.on('registered', (message) => this.#registered(message));
    this.client.on('message', (message) => this.#received(message));
    this.client.on('closed', (detail) => (this.closed = { ...detail, at: performance.now() }));
  }

  get name() {
    return `${this.userId}@${this.appointmentId}`;
  }

  get participantId() {
    return this.you?.participantId;
  }

  /** Connects and waits until registered. */
  async enter() {
    this.client.connect();
    await this.online();
    return this;
  }

  async online(limits) {
    const over = () => this.closed || this.client.state === 'online';
    await until(`${this.name} is online`, over, limits).catch((error) => this.fail(error.message));
    if (this.closed) this.fail('closed for good');
  }

  /** Throws, with what this person saw last. */
  fail(message) {
    throw new Error(`${message}\n${this.trace()}`);
  }

  trace() {
    const sockets = this.wire.sockets.slice(-3).map(({ code, bye, error, closedAt }) => JSON.stringify({ code, bye: bye?.code, error, closedAt }));
    return `${this.name} (${this.client.state})\n  ${[...sockets, ...this.wire.latest].join('\n  ')}`;
  }

  start(fields) {
    return this.#command('startCall', fields);
  }

  join(fields) {
    return this.#command('joinCall', fields);
  }

  async #command(command, fields = {}) {
    const answer = await this.client.request(command, fields, { timeoutMs: 30000 });
    this.#seated(command, answer);
    return answer;
  }

  #seated(command, answer) {
    this.callId = answer.call.callId;
    this.order = answer.order;
    this.seatedAt = performance.now();
    this.client.setConnection('up');
    this.room = roomAfter(this.room, { type: 'activeCall', call: answer.call });
    this.acknowledged.push({ command, callId: this.callId, order: answer.order, at: this.seatedAt });
    this.say();
  }

  async leave(command = 'leave') {
    const { callId, order } = this;
    this.#unseated();
    await this.client.request(command, { callId }, { timeoutMs: 30000 });
    this.acknowledged.push({ command, callId, order, at: performance.now() });
  }

  end() {
    return this.leave('endCall');
  }

  /** Sends the next numbered probe to the other one. */
  say() {
    if (!this.callId || this.closed) return;
    const n = this.sent.length + 1;
    this.sent.push({ n, at: performance.now() });
    this.client.send('signal', { callId: this.callId, data: { probe: n, appointmentId: this.appointmentId, canary: this.canary } });
  }

  #registered(message) {
    this.you = message.you;
    this.room = message.room;
    const at = performance.now();
    if (message.resumed) {
      if (this.callId) this.seatedAt = at;
      this.say();
      return;
    }
    if (!this.callId) return;
    this.seatedAt = null;
    if (message.room.call?.callId === this.callId) this.#return();
    else this.#lose('gone from the snapshot');
  }

  /** As the page does after a reset: the seat back, with the peer connections it still has. */
  async #return() {
    try {
      const answer = await this.client.request('joinCall', { callId: this.callId, keep: true }, { timeoutMs: 30000 });
      this.#seated('joinCall', answer);
    } catch (error) {
      if (error.code !== 'closed') this.#lose(error.code);
    }
  }

  #lose(why) {
    this.lost = { why, callId: this.callId, at: performance.now() };
    this.#unseated();
  }

  #unseated() {
    this.callId = this.seatedAt = null;
    this.client.setConnection('none');
  }

  #received(message) {
    const at = performance.now();
    if (message.type === 'signal') {
      const { probe, appointmentId, canary } = message.data;
      if (probe !== undefined) this.received.push({ n: probe, from: message.from, at, appointmentId, canary });
      return;
    }
    this.events.push({ type: message.type, at, message });
    this.room = roomAfter(this.room, message);
    const about = message.participant?.participantId;
    if ((message.type === 'participant' && message.reset) || message.type === 'joinerConnected') this.notices.push({ at, about });
    if (message.type === 'callEnded' && message.callId === this.callId) this.#lose(message.endReason);
  }

  /** Waits until this application was told `what(event)`; gives that event. */
  told(what, condition, limits) {
    return until(`${this.name} is told ${what}`, () => this.events.find((each) => condition(each.message, each)), limits);
  }

  /** Ends everything at once, as a closed tab. */
  vanish() {
    this.client.close();
    for (const each of this.wire.sockets) each.socket.terminate();
  }
}
