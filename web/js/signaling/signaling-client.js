import { Emitter } from '../lib/emitter.js';
import { OWN_CLOSE, closeAction, closeProblem } from './close-codes.js';
import { Heartbeat } from './heartbeat.js';
import { Inbox } from './inbox.js';
import { Outbox } from './outbox.js';
import { Requests, SignalingError } from './requests.js';
import { RetrySchedule } from './retry-schedule.js';

const SUBPROTOCOL = 'rendezvous.v1';
const CONNECT_TIMEOUT_MS = 10000;
const REQUEST_TIMEOUT_MS = 10000;
const PROBE_TIMEOUT_MS = 3000;
const HINT_JITTER_MS = 3000;
const HANGING_AFTER_MS = 2000;
const GOAWAY_EARLY_MS = 200;
const STABLE_AFTER_MS = 5000;
const UNNUMBERED = new Set(['registered', 'ping', 'goaway', 'bye']);

/**
 * @typedef {object} Clock
 * @property {() => number} now milliseconds; any origin
 * @property {(callback: () => void, ms: number) => any} setTimeout
 * @property {(timer: any) => void} clearTimeout
 *
 * @typedef {object} SignalingOptions
 * @property {string} url `wss://HOST/ws`, without a query: no secrets in addresses
 * @property {(wish: {fresh: boolean}) => Promise<string>} getToken `fresh` asks for another one than before;
 *   a rejection with `retryable: true` means the network, any other that there is none
 * @property {string} [appointmentId] without it the socket is a user-level one
 * @property {string | Promise<string>} instance UUID of this tab; no two living tabs may have the same
 * @property {new (url: string, protocols: string[]) => WebSocket} WebSocket
 * @property {Clock} clock
 * @property {() => number} random
 * @property {() => string} createId
 * @property {(probe: () => void) => (() => void)} [watchWake] calls `probe` when the page or the network
 *   comes back; returns a function that stops it
 */

/**
 * The protocol client: one session with the server that outlives its sockets. No DOM, no knowledge of calls.
 *
 * States: `idle`, `connecting`, `online`, `waiting` (for the next try), `closed` (for good).
 * Events: `state` {state, retryAt?, attempt}, `registered` (the message), `message` (each numbered server
 * message that is not an answer, once and in order), `unclaimed` (an answer nobody waits for any more, or an
 * error without a command), `closed` {code, problem, error?, retryAfterMs?}.
 */
export class SignalingClient extends Emitter {
  #options;
  #clock;
  #retry;
  #inbox;
  #outbox = new Outbox();
  #requests;
  #heartbeat;

  #state = 'idle';
  #socket = null;
  #registered = false;
  #session = null;
  #snapshotRev = -1;
  #registerId = null;
  #registeredAt = 0;
  #timer = null;
  #openedAt = 0;
  #retryAt = 0;
  #hinted = false;
  #wantFreshToken = false;
  #freshTokenTried = false;
  #bye = null;
  #refusal = null;
  #connection = undefined;
  #stopWatching = null;
  #probing = false;

  /** @param {SignalingOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#clock = options.clock;
    this.#retry = new RetrySchedule(options.random);
    this.#inbox = new Inbox(this.#clock, () => this.#pong());
    this.#requests = new Requests(this.#clock);
    this.#heartbeat = new Heartbeat(this.#clock, () => this.#abandon(OWN_CLOSE.silent));
  }

  get state() {
    return this.#state;
  }

  /** Tries since the last stable connection. */
  get attempt() {
    return this.#retry.attempt;
  }

  /** When the next try is due, by the injected clock; meaningful in state `waiting`. */
  get retryAt() {
    return this.#retryAt;
  }

  /** The last `registered` message, or null. */
  get session() {
    return this.#session;
  }

  /** Connects, registers, and stays connected until `close` or a final close code. */
  connect() {
    if (this.#state !== 'idle' && this.#state !== 'closed') return;
    this.#stopWatching ??= this.#options.watchWake?.(() => this.probe()) ?? null;
    this.#open();
  }

  /** Closes for good. Absence for the server, not leaving: say `leave` first. */
  close() {
    const socket = this.#detach();
    socket?.close(OWN_CLOSE.done);
    this.#finish(OWN_CLOSE.done, null);
  }

  /** Tries again at once, if waiting for the next try. */
  retryNow() {
    if (this.#state === 'waiting') this.#open();
  }

  /** Leaves this session for a new one: the two sides do not agree any more on what was told, or on connections. */
  startOver() {
    this.#session = null;
    if (this.#state === 'connecting' || this.#state === 'online') this.#abandon(OWN_CLOSE.restart);
  }

  /**
   * Sends a command and waits for its answer. While the socket is down the command is kept and sent (again)
   * after the next `registered`; its time limit runs only while it is under way.
   * @param {string} type
   * @param {object} [fields]
   * @param {{timeoutMs?: number}} [options]
   * @returns {Promise<any>} the `ok` message; rejects with SignalingError
   */
  request(type, fields = {}, { timeoutMs = REQUEST_TIMEOUT_MS } = {}) {
    if (this.#state === 'closed') return Promise.reject(new SignalingError('closed'));
    const message = { type, id: this.#options.createId(), ...fields };
    const answer = this.#requests.open(message.id, timeoutMs, () => this.#outbox.settle(message.id));
    this.#sendCounted(message);
    return answer;
  }

  /**
   * Sends a message that has no answer (`signal`, `mediaState`, `stats`, `typing`). While the socket is down
   * it is kept for a resumed session and forgotten by a new one.
   * @param {string} type
   * @param {object} fields
   */
  send(type, fields) {
    if (this.#state !== 'closed') this.#sendCounted({ type, ...fields });
  }

  /** @param {'up' | 'down' | 'none'} connection told with each pong, so that the server keeps the seat */
  setConnection(connection) {
    this.#connection = connection;
  }

  /**
   * The page or the network came back: retries at once, or finds out whether the socket still lives. What the
   * server has asked to wait is waited for.
   */
  probe() {
    const hanging = this.#state === 'connecting' && this.#clock.now() - this.#openedAt >= HANGING_AFTER_MS;
    if (hanging) this.#abandon(OWN_CLOSE.silent);
    if (this.#state === 'waiting') {
      if (!this.#hinted) this.#open();
    } else if (this.#state === 'online' && !this.#heartbeat.check() && !this.#probing) {
      this.#probing = true;
      const askedAt = this.#clock.now();
      const socket = this.#socket;
      this.request('ice', {}, { timeoutMs: PROBE_TIMEOUT_MS })
        .catch(() => {
          if (this.#socket === socket && this.#heartbeat.heardAt <= askedAt) this.#abandon(OWN_CLOSE.silent);
        })
        .finally(() => { this.#probing = false; });
    }
  }

  #setState(state) {
    this.#state = state;
    this.emit('state', { state, attempt: this.#retry.attempt, retryAt: this.#retryAt });
  }

  async #open() {
    this.#clearTimer();
    this.#bye = null;
    this.#refusal = null;
    this.#hinted = false;
    this.#openedAt = this.#clock.now();
    this.#setState('connecting');
    const attempt = Symbol('attempt');
    this.#socket = attempt;
    this.#timer = this.#clock.setTimeout(() => this.#abandon(OWN_CLOSE.silent), CONNECT_TIMEOUT_MS);
    let token;
    let instance;
    try {
      [token, instance] = await Promise.all([this.#options.getToken({ fresh: this.#wantFreshToken }), this.#options.instance]);
    } catch (error) {
      if (this.#socket !== attempt) return;
      this.#socket = null;
      if (error.retryable) this.#wait(this.#nextWait());
      else this.#finish(4200, error.code ?? 'token-expired', error);
      return;
    }
    if (this.#socket !== attempt) return;
    this.#wantFreshToken = false;
    this.#attach(new this.#options.WebSocket(this.#options.url, [SUBPROTOCOL]), { token, instance });
  }

  #attach(socket, credentials) {
    this.#socket = socket;
    socket.onopen = () => this.#register(socket, credentials);
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#lost(event.code);
    socket.onerror = () => {};
  }

  #detach() {
    const socket = this.#socket;
    this.#socket = null;
    this.#registered = false;
    this.#clearTimer();
    this.#inbox.stop();
    this.#heartbeat.stop();
    this.#requests.suspend();
    if (!socket || typeof socket === 'symbol') return null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    return socket;
  }

  #register(socket, { token, instance }) {
    this.#registerId = this.#options.createId();
    const message = { type: 'register', id: this.#registerId, token, instance };
    if (this.#options.appointmentId) message.appointmentId = this.#options.appointmentId;
    if (this.#session && this.#outbox.resumable) {
      const { sessionId, resumeKey } = this.#session;
      message.resume = { sessionId, resumeKey, lastSeq: this.#inbox.lastSeq };
    }
    socket.send(JSON.stringify(message));
  }

  #receive(text) {
    this.#heartbeat.heard();
    const message = JSON.parse(text);
    if (message.type === 'ping') {
      this.#outbox.confirm(message.received);
      this.#pong(message.n);
      return;
    }
    if (message.type === 'registered') {
      this.#enter(message);
    } else if (message.type === 'bye') {
      this.#bye = message;
    } else if (message.type === 'goaway') {
      this.#goAway(message.inMs ?? 0);
    } else if (message.type === 'error' && message.re === this.#registerId && !this.#registered) {
      this.#refusal = message;
    } else {
      this.#receiveNumbered(message);
    }
    if (this.#registered) this.#inbox.afterMessage();
  }

  #receiveNumbered(message) {
    const kind = UNNUMBERED.has(message.type) ? 'new' : this.#inbox.accept(message.seq);
    if (kind === 'duplicate') return;
    if (kind === 'gap') {
      this.startOver();
      return;
    }
    if (message.type === 'ok' || message.type === 'error') {
      this.#outbox.confirm(message.received);
      if (message.re) this.#outbox.settle(message.re);
      if (!this.#requests.settle(message)) this.emit('unclaimed', message);
      return;
    }
    if (message.type === 'tokenExpiring') this.#refreshToken();
    if (Number.isInteger(message.rev) && message.rev <= this.#snapshotRev) return;
    this.emit('message', message);
  }

  #enter(message) {
    const resumed = message.resumed === true && this.#session !== null;
    const again = resumed ? this.#outbox.resume(message.received) : this.#outbox.restart();
    if (again === null) {
      this.startOver();
      return;
    }
    this.#clearTimer();
    this.#registered = true;
    this.#registeredAt = this.#clock.now();
    if (!resumed) this.#inbox.restart();
    this.#session = message;
    // What a resumed session missed is told again, although the snapshot has it: there is more to it than the state.
    this.#snapshotRev = resumed ? -1 : message.room?.rev ?? -1;
    if (message.heartbeat) this.#heartbeat.start(message.heartbeat.deadAfterMs);
    for (const each of again) this.#transmit(each);
    this.#setState('online');
    this.emit('registered', message);
  }

  /** The server is on its way out: to its successor, a moment before the server closes the socket itself. */
  #goAway(inMs) {
    this.#timer ??= this.#clock.setTimeout(() => {
      this.#detach()?.close(OWN_CLOSE.done);
      this.#noteStability();
      this.#wait(0);
    }, Math.max(0, inMs - Math.min(GOAWAY_EARLY_MS, inMs / 10)));
  }

  #sendCounted(message) {
    this.#outbox.add(message);
    if (this.#registered) this.#transmit(message);
  }

  #transmit(message) {
    this.#socket.send(JSON.stringify(message));
    if (message.id) this.#requests.sent(message.id);
  }

  #pong(n) {
    const message = { type: 'pong', seq: this.#inbox.lastSeq };
    if (n !== undefined) message.n = n;
    if (this.#connection) message.connection = this.#connection;
    if (!this.#registered) return;
    this.#socket.send(JSON.stringify(message));
    this.#inbox.confirmed();
  }

  #refreshToken() {
    this.#options.getToken({ fresh: true })
      .then((token) => this.request('refresh', { token }))
      .catch(() => {});
  }

  /** Gives the socket up without waiting for its close event, which a dead network delays by minutes. */
  #abandon(code) {
    const socket = this.#detach();
    socket?.close(code === OWN_CLOSE.silent || code === OWN_CLOSE.restart ? code : OWN_CLOSE.done);
    this.#afterLoss(code);
  }

  #lost(code) {
    this.#detach();
    this.#afterLoss(this.#bye?.code ?? code);
  }

  /** A server that lets in and throws out at once is neither hammered nor asked for one token after the other. */
  #noteStability() {
    const stable = this.#registeredAt > 0 && this.#clock.now() - this.#registeredAt >= STABLE_AFTER_MS;
    this.#registeredAt = 0;
    if (!stable) return;
    this.#retry.reset();
    this.#freshTokenTried = false;
  }

  #nextWait() {
    return this.#retry.next({ inCall: this.#connection === 'up' || this.#connection === 'down' });
  }

  #afterLoss(code) {
    this.#noteStability();
    const hintMs = this.#bye?.retryAfterMs;
    const action = closeAction(code);
    if (action === 'stop' || (action === 'token' && this.#freshTokenTried)) {
      this.#finish(code, this.#refusal?.code ?? closeProblem(code), this.#refusal);
    } else if (action === 'token') {
      this.#freshTokenTried = true;
      this.#wantFreshToken = true;
      this.#wait(0);
    } else if (action === 'hint' || (action === 'elsewhere' && hintMs !== undefined)) {
      this.#hinted = true;
      this.#wait((hintMs ?? 0) + this.#options.random() * HINT_JITTER_MS);
    } else {
      this.#wait(this.#nextWait());
    }
  }

  #wait(ms) {
    this.#retryAt = this.#clock.now() + ms;
    this.#clearTimer();
    this.#timer = this.#clock.setTimeout(() => this.#open(), ms);
    this.#setState('waiting');
  }

  #finish(code, problem, error) {
    if (this.#state === 'closed') return;
    this.#clearTimer();
    this.#stopWatching?.();
    this.#stopWatching = null;
    this.#session = null;
    this.#outbox = new Outbox();
    this.#setState('closed');
    this.#requests.rejectAll(new SignalingError(problem ?? 'closed', 'the session is closed'));
    this.emit('closed', { code, problem, error, retryAfterMs: this.#bye?.retryAfterMs });
  }

  #clearTimer() {
    if (this.#timer !== null) this.#clock.clearTimeout(this.#timer);
    this.#timer = null;
  }
}
