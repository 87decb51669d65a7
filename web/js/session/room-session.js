import { Emitter } from '../lib/emitter.js';
import { clockOffsetMs } from '../lib/duration.js';
import { CallEngine } from '../rtc/call-engine.js';
import { roomAfter, withPermissions } from '../signaling/room-state.js';
import { IceServers } from './ice-servers.js';

const ASK_AFTER_MS = 500;
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * One person in the room of one appointment: the socket, the room as the server tells it, and the call while
 * there is one. No DOM. What it knows is read from its properties after each `change`.
 *
 * Events: `change`; `message` (each room event after it was taken in, for sounds and announcements);
 * `ended` {reason, durationSeconds} when this person's call is over; `closed` {problem, code, retryAfterMs}.
 *
 * @typedef {'out' | 'entering' | 'in'} Place whether this page holds a seat
 */
export class RoomSession extends Emitter {
  #signaling;
  #api;
  #media;
  #clock;
  #createConnection;
  #createStream;
  #wallClock;
  #appointmentId;
  #engine = null;
  #ice;
  #openTimer = null;
  #askTimer = null;
  #snapshotRev = -1;
  #stopMedia;
  #stopNetwork;

  /** @type {import('../signaling/room-state.js').Room | null} */
  room = null;
  /** @type {{participantId: string, userId: string, role: string, name: string, admitted: boolean, inCall: boolean} | null} */
  you = null;
  /** @type {Place} */
  place = 'out';
  /** Milliseconds the server's clock is ahead of this one. */
  serverAheadMs = 0;

  /**
   * @param {object} options
   * @param {import('../signaling/signaling-client.js').SignalingClient} options.signaling not connected yet
   * @param {import('../lib/api.js').Api} options.api
   * @param {import('../media/local-media.js').LocalMedia} options.media
   * @param {import('../signaling/signaling-client.js').Clock} options.clock
   * @param {() => number} options.wallClock
   * @param {(config: RTCConfiguration) => RTCPeerConnection} options.createConnection
   * @param {() => MediaStream} [options.createStream]
   * @param {string} options.appointmentId
   * @param {(changed: () => void) => (() => void)} [options.watchNetwork] calls `changed` when this device has
   *   another network; returns a function that stops it
   */
  constructor({ signaling, api, media, clock, wallClock, createConnection, createStream, appointmentId, watchNetwork }) {
    super();
    this.#signaling = signaling;
    this.#api = api;
    this.#media = media;
    this.#clock = clock;
    this.#wallClock = wallClock;
    this.#createConnection = createConnection;
    this.#createStream = createStream;
    this.#appointmentId = appointmentId;
    this.#ice = new IceServers({ signaling, clock, serverNow: () => this.serverNow });
    this.#ice.on('fresh', (iceServers) => this.#engine?.useIce({ ...signaling.session, iceServers }));
    signaling.on('state', () => this.emit('change'));
    signaling.on('registered', (message) => this.#registered(message));
    signaling.on('message', (message) => this.#received(message));
    signaling.on('unclaimed', (message) => this.#unclaimed(message));
    signaling.on('closed', (detail) => this.#closed(detail));
    this.#stopMedia = media.on('change', () => this.#mediaChanged());
    this.#stopNetwork = watchNetwork?.(() => this.networkChanged()) ?? (() => {});
  }

  /** The call engine while this page holds a seat. */
  get engine() {
    return this.#engine;
  }

  /** `idle`, `connecting`, `online`, `waiting` or `closed`. */
  get signalingState() {
    return this.#signaling.state;
  }

  /** How often the server was tried in vain since it was last there. */
  get attempt() {
    return this.#signaling.attempt;
  }

  /** Seconds until the next try to reach the server. */
  get retryInSeconds() {
    return Math.max(0, Math.ceil((this.#signaling.retryAt - this.#clock.now()) / 1000));
  }

  /** The server's time, now. */
  get serverNow() {
    return this.#wallClock() + this.serverAheadMs;
  }

  /** Everybody in the room but this person. */
  get others() {
    return (this.room?.participants ?? []).filter((each) => each.participantId !== this.you?.participantId);
  }

  /** Seconds since the call was answered, or null before. */
  get callSeconds() {
    const answeredAt = this.room?.call?.answeredAt;
    return answeredAt ? Math.max(0, (this.serverNow - Date.parse(answeredAt)) / 1000) : null;
  }

  open() {
    this.#signaling.connect();
  }

  retryNow() {
    this.#signaling.retryNow();
  }

  /** The paths of the media are remade at once, and the socket is looked after. */
  networkChanged() {
    this.#signaling.probe();
    this.#engine?.networkChanged();
  }

  /**
   * Starts the call, or joins the one somebody else has just started.
   * @returns {Promise<void>} rejects with the server's error
   */
  startCall() {
    const media = this.room?.appointment?.media ?? 'video';
    return this.#takePart((engine) => engine.start(media));
  }

  /**
   * @param {{takeover?: boolean}} [options]
   * @returns {Promise<void>}
   */
  joinCall(options) {
    const { call } = this.room ?? {};
    return call ? this.#takePart((engine) => engine.join(call, options)) : this.startCall();
  }

  /** Leaves the call; it goes on for the others. */
  leaveCall() {
    return this.#giveUpSeat('leave', 'left');
  }

  /** Ends the call for everybody. */
  endCall() {
    return this.#giveUpSeat('endCall', 'ended-by-me');
  }

  /** Leaves the page's room: the socket closes, the devices are free. */
  close() {
    this.#dropEngine();
    if (this.#openTimer !== null) this.#clock.clearTimeout(this.#openTimer);
    this.#openTimer = null;
    this.#stopAsking();
    this.#ice.stop();
    this.#stopMedia();
    this.#stopNetwork();
    this.#signaling.close();
    this.clearListeners();
  }

  async #takePart(enter) {
    if (this.place !== 'out') return;
    this.place = 'entering';
    const engine = this.#createEngine();
    this.emit('change');
    try {
      const answer = await enter(engine);
      if (this.#engine !== engine) {
        this.#signaling.request('leave', { callId: answer.call.callId }).catch(() => {});
        return;
      }
      this.place = 'in';
      this.room = roomAfter(this.room, { type: 'activeCall', call: answer.call });
      this.#mediaChanged();
    } catch (error) {
      if (this.#engine === engine) this.#dropEngine();
      throw error;
    } finally {
      this.emit('change');
    }
  }

  async #giveUpSeat(command, reason) {
    const callId = this.#engine?.callId;
    const seconds = this.callSeconds;
    this.#dropEngine();
    if (callId) {
      this.#signaling.request(command, { callId }).catch(() => {});
      this.#forgetOwnSeat();
    }
    this.emit('ended', { reason, durationSeconds: seconds });
    this.emit('change');
  }

  #forgetOwnSeat() {
    const me = this.room?.participants.find((each) => each.participantId === this.you?.participantId);
    if (!me) return;
    this.you = { ...this.you, inCall: false };
    this.room = roomAfter(this.room, { type: 'participant', change: 'left', participant: { ...me, inCall: false } });
  }

  #createEngine() {
    const { iceTransportPolicy } = this.#signaling.session ?? {};
    const engine = new CallEngine({
      signaling: this.#signaling, createConnection: this.#createConnection, clock: this.#clock,
      me: this.you.participantId, iceServers: this.#ice.list, iceTransportPolicy,
      tracks: this.#media.tracks, media: this.#media.media, createStream: this.#createStream,
      mediaOf: (id) => this.room?.participants.find((each) => each.participantId === id)?.media,
    });
    engine.on('change', () => this.emit('change'));
    engine.on('ended', (detail) => this.#engineEnded(detail));
    this.#engine = engine;
    return engine;
  }

  #dropEngine() {
    this.#engine?.dispose();
    this.#engine = null;
    this.place = 'out';
  }

  /** The seat is gone although nobody said so on this socket: the call ended while we were away. */
  async #engineEnded({ reason, code }) {
    if (reason !== 'gone') return;
    const callId = this.#engine?.callId;
    const seconds = this.callSeconds;
    this.#dropEngine();
    this.emit('change');
    const call = await this.#api.get(`/api/calls/${encodeURIComponent(callId)}`).catch(() => null);
    this.emit('ended', {
      reason: call?.endReason ?? (code === 'in-call-elsewhere' ? 'elsewhere' : 'lost'),
      durationSeconds: call?.durationSeconds ?? seconds });
  }

  #registered(message) {
    this.serverAheadMs = clockOffsetMs(message.serverTime, this.#wallClock());
    this.you = message.you;
    this.#snapshotRev = message.room?.rev ?? -1;
    if (message.room) this.room = message.room;
    this.#armOpening();
    this.#ice.take(message.iceServers);
    this.#engine?.useIce(message);
    if (message.resumed) this.#engine?.sessionResumed();
    else this.#engine?.sessionReplaced(this.room?.call ?? null);
    this.emit('change');
  }

  /** The server was too slow for this person, who has been told so: the seat that came of it is given back. */
  #unclaimed({ type, call }) {
    if (type === 'ok' && call && this.place === 'out') this.#signaling.request('leave', { callId: call.callId }).catch(() => {});
  }

  #received(message) {
    const mine = message.type === 'callEnded' && this.#engine !== null
      && (this.#engine.callId === null || this.#engine.callId === message.callId);
    // After a resume, events come that the snapshot has already: they change nothing in the room, but tell the call.
    const known = Number.isInteger(message.rev) && message.rev <= this.#snapshotRev;
    if (this.room && !known) this.room = roomAfter(this.room, message);
    this.#engine?.handle(message);
    if (mine && this.place === 'in') {
      this.#dropEngine();
      this.emit('ended', { reason: message.endReason, durationSeconds: message.durationSeconds });
    }
    if (message.type === 'appointment' || message.type === 'callEnded') this.#permissionsChanged(message);
    this.emit('message', message);
    this.emit('change');
  }

  #closed(detail) {
    this.#ice.stop();
    this.#dropEngine();
    this.emit('closed', detail);
    this.emit('change');
  }

  #mediaChanged() {
    this.#engine?.setMedia(this.#media.tracks, this.#media.media);
    this.emit('change');
  }

  /** What may be started now comes with the appointment; if it does not, it is asked for. */
  #permissionsChanged({ appointment }) {
    this.#stopAsking();
    if (appointment && 'canStart' in appointment) this.#armOpening();
    else this.#askTimer = this.#clock.setTimeout(() => this.#askPermissions(), ASK_AFTER_MS);
  }

  #stopAsking() {
    if (this.#askTimer !== null) this.#clock.clearTimeout(this.#askTimer);
    this.#askTimer = null;
  }

  async #askPermissions() {
    const path = `/api/appointments/${encodeURIComponent(this.#appointmentId)}/call-status`;
    const status = await this.#api.get(path).catch(() => null);
    if (!status || !this.room) return;
    this.room = withPermissions(this.room, status);
    this.#armOpening();
    this.emit('change');
  }

  /** Nobody sends an event when a window opens, so the clock asks. */
  #armOpening() {
    if (this.#openTimer !== null) this.#clock.clearTimeout(this.#openTimer);
    this.#openTimer = null;
    const opensAt = Date.parse(this.room?.appointment?.opensAt ?? '');
    const inMs = opensAt - this.serverNow;
    if (!(inMs > 0)) return;
    this.#openTimer = this.#clock.setTimeout(() => this.#askPermissions(), Math.min(inMs + 500, MAX_TIMER_MS));
  }
}
