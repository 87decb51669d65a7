import { Emitter } from '../lib/emitter.js';
import { seated } from '../signaling/room-state.js';
import { RemotePeer } from './remote-peer.js';

const ICE_REQUEST_TIMEOUT_MS = 2000;
const SEAT_RETRY_MS = 2000;
const RENEWALS_MAX = 3;

/**
 * The media half of one call: a mesh of peer sessions, one per other participant, driven by the server's
 * messages. Lives as long as this page's seat; a socket that drops does not touch it.
 *
 * Events: `change`; `ended` (this page has no seat any more: {reason: 'ended' | 'gone', code?}); `trouble`.
 *
 * @typedef {object} CallEngineOptions
 * @property {import('../signaling/signaling-client.js').SignalingClient} signaling
 * @property {(config: RTCConfiguration) => RTCPeerConnection} createConnection
 * @property {import('../signaling/signaling-client.js').Clock} clock
 * @property {string} me own participant id
 * @property {RTCIceServer[]} iceServers
 * @property {RTCIceTransportPolicy} [iceTransportPolicy] `relay` where addresses are not to be shown
 * @property {import('./peer-session.js').Tracks} tracks
 * @property {{audio: boolean, video: boolean}} media what this side says it sends
 * @property {(participantId: string) => any} [mediaOf] what another one last said they send
 * @property {() => MediaStream} [createStream] groups microphone and camera, so that lips and voice stay together
 */
export class CallEngine extends Emitter {
  #options;
  #signaling;
  #iceServers;
  #iceTransportPolicy;
  #tracks;
  #media;
  #peers = new Map();
  #callId = null;
  #order = 0;
  #inbox = null;
  #signalsLost = false;
  #seatTimer = null;
  #renewing = false;
  #renewals = 0;
  #lastReport = '';
  #over = false;

  /** @param {CallEngineOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#signaling = options.signaling;
    this.#iceServers = options.iceServers;
    this.#iceTransportPolicy = options.iceTransportPolicy;
    this.#tracks = options.tracks;
    this.#media = options.media;
  }

  get callId() {
    return this.#callId;
  }

  get order() {
    return this.#order;
  }

  /** @returns {RemotePeer[]} by the order of their seats */
  get peers() {
    return [...this.#peers.values()].sort((a, b) => a.order - b.order);
  }

  /** `up` as soon as media can flow with anybody. */
  get connection() {
    const states = this.peers.map((peer) => peer.connection);
    if (states.includes('up')) return 'up';
    return states.includes('down') ? 'down' : 'none';
  }

  /**
   * Starts a call; if somebody else was faster, joins theirs.
   * @param {'video' | 'audio'} media
   * @returns {Promise<any>} the server's `ok`; rejects with SignalingError
   */
  start(media) {
    return this.#takeSeat(async () => this.#enter(await this.#signaling.request('startCall', { media }), null));
  }

  /**
   * Joins the open call. With exactly one other in it the offer travels along.
   * @param {any} call as in the room
   * @param {{takeover?: boolean}} [options]
   * @returns {Promise<any>}
   */
  join(call, { takeover = false } = {}) {
    const fields = takeover ? { callId: call.callId, takeover } : { callId: call.callId };
    return this.#takeSeat(() => this.#join(fields, this.#others(call)));
  }

  /**
   * What the server said when the session began, began anew, or gave new credentials. Paths in use stay.
   * @param {{iceServers?: RTCIceServer[], iceTransportPolicy?: RTCIceTransportPolicy}} session
   */
  useIce({ iceServers, iceTransportPolicy }) {
    if (!iceServers) return;
    this.#iceServers = iceServers;
    this.#iceTransportPolicy = iceTransportPolicy;
    for (const peer of this.#peers.values()) peer.session.useServers(iceServers);
  }

  /** The session goes on where it was, nothing was lost: only what waited for the server is done now. */
  sessionResumed() {
    for (const peer of this.#peers.values()) peer.signalingBack();
  }

  /**
   * A new session was registered although the old one was not resumed: signals were lost, the seat is taken
   * back, and the peer connections stay.
   * @param {any | null} call the open call of the new snapshot
   */
  async sessionReplaced(call) {
    if (this.#over) return;
    this.#signalsLost = true;
    if (this.#inbox || this.#callId === null) return;
    this.#stopSeatTimer();
    if (call?.callId !== this.#callId) {
      this.#finish({ reason: 'gone', code: 'call-ended' });
      return;
    }
    await (this.#renewing ? this.#renew(this.#others(call)) : this.#returnToSeat());
  }

  /** @param {any} message a numbered server message of this room */
  handle(message) {
    if (this.#over) return;
    if (this.#inbox) this.#inbox.push(message);
    else this.#apply(message);
  }

  /**
   * @param {import('./peer-session.js').Tracks} tracks
   * @param {{audio: boolean, video: boolean}} media
   */
  async setMedia(tracks, media) {
    this.#tracks = tracks;
    this.#media = media;
    this.#report();
    await Promise.all(this.peers.map((peer) => peer.session.setTracks(tracks)));
  }

  /** This side has another network now. */
  networkChanged() {
    for (const peer of this.#peers.values()) peer.networkChanged();
  }

  /** Closes every peer connection; tells nobody. */
  dispose() {
    this.#over = true;
    this.#stopSeatTimer();
    this.#dropPeers(() => true);
    this.#signaling.setConnection('none');
    this.clearListeners();
  }

  async #join(fields, others) {
    let prepared = null;
    if (others.length === 1) {
      prepared = this.#createPeer(others[0]);
      fields.offer = await prepared.session.prepareOffer();
    }
    return this.#enter(await this.#signaling.request('joinCall', fields), prepared);
  }

  /** With the peer connections as they are; while the server cannot do it, media flows on and it is asked again. */
  #returnToSeat() {
    return this.#insist(() => this.#returnToSeat(), { keep: true }, async () => {
      const answer = await this.#signaling.request('joinCall', { callId: this.#callId, keep: true });
      if (!answer.reattached) this.#dropPeers(() => true);
      return this.#enter(answer, null);
    });
  }

  /**
   * ICE restarts were in vain: as after a reload, a new session takes a new seat, for which everybody makes a new
   * connection. Not while media flows with anybody, since that would end too, and not for ever.
   * @returns {boolean} whether it is done
   */
  #renewIfLost() {
    if (!this.#canSignal() || this.connection === 'up' || this.#renewals >= RENEWALS_MAX) return false;
    this.#renewals += 1;
    this.#renewing = true;
    this.#signaling.startOver();
    return true;
  }

  #renew(others) {
    this.#dropPeers(() => true);
    return this.#insist(() => this.#renew(others), { keep: false }, async () => {
      const answer = await this.#join({ callId: this.#callId }, others);
      this.#renewing = false;
      return answer;
    });
  }

  /** Tries to take the seat until the server says yes, or a no that is meant to last. */
  async #insist(again, how, attempt) {
    try {
      await this.#takeSeat(attempt, how);
    } catch (error) {
      if (this.#over || error.code === 'closed') return;
      if (!error.retryable) {
        this.#finish({ reason: 'gone', code: error.code });
        return;
      }
      this.#seatTimer = this.#options.clock.setTimeout(() => {
        this.#seatTimer = null;
        again();
      }, error.retryAfterMs ?? SEAT_RETRY_MS);
    }
  }

  #stopSeatTimer() {
    if (this.#seatTimer !== null) this.#options.clock.clearTimeout(this.#seatTimer);
    this.#seatTimer = null;
  }

  /** Runs one attempt to get a seat; messages that arrive meanwhile are applied after it. */
  async #takeSeat(attempt, { keep = false } = {}) {
    this.#inbox = [];
    if (!keep) this.#signalsLost = false;
    try {
      return await attempt();
    } catch (error) {
      if (!keep) this.#dropPeers(() => true);
      throw error;
    } finally {
      const inbox = this.#inbox ?? [];
      this.#inbox = null;
      for (const message of inbox) this.handle(message);
      for (const peer of this.#peers.values()) peer.restartIfOwed();
    }
  }

  #enter(answer, prepared) {
    if (this.#over) return answer;
    this.#callId = answer.call.callId;
    this.#order = answer.order;
    this.#lastReport = '';
    const others = new Map(this.#others(answer.call).map((each) => [each.participantId, each]));
    // The offer that came along went to the seat the other one has now, whichever it had when it was made.
    if (prepared && others.has(prepared.participantId)) prepared.order = others.get(prepared.participantId).order;
    this.#dropPeers((peer) => others.get(peer.participantId)?.order !== peer.order);
    const signalsLost = this.#signalsLost;
    this.#signalsLost = false;
    for (const other of others.values()) this.#meet(other, answer, prepared, signalsLost);
    this.#report();
    this.emit('change');
    return answer;
  }

  #meet(other, answer, prepared, signalsLost) {
    const known = this.#peers.get(other.participantId);
    const peer = known ?? this.#createPeer(other);
    peer.session.polite = this.#order < other.order;
    if (known === prepared && prepared) peer.session.release(answer);
    else if (!known && this.#order > other.order) peer.session.start();
    peer.update({ presence: presenceOf(other), media: this.#options.mediaOf?.(other.participantId) });
    if (known && signalsLost) peer.signalsLost(this.#iceServers);
  }

  #apply(message) {
    const apply = {
      signal: () => this.#applySignal(message),
      joinerConnected: () => this.#applyJoiner(message),
      participant: () => this.#applyParticipant(message),
      callEnded: () => { if (message.callId === this.#callId) this.#finish({ reason: 'ended' }); },
    }[message.type];
    apply?.();
  }

  #applySignal({ from, callId, order, data }) {
    const peer = this.#peers.get(from);
    if (callId !== this.#callId || peer?.order !== order) return;
    peer.session.receive(data);
  }

  #applyJoiner({ call, participant, offer }) {
    const { participantId } = participant;
    if (call.callId !== this.#callId || participantId === this.#options.me) return;
    const seat = seated(call).find((each) => each.participantId === participantId) ?? participant;
    const order = participant.order ?? seat.order;
    // Told before this side's own new seat, which has met them already.
    if (order < this.#order) return;
    this.#dropPeers((peer) => peer.participantId === participantId);
    const peer = this.#createPeer({ ...participant, order });
    peer.session.polite = this.#order < peer.order;
    if (offer) peer.session.receive({ description: offer });
    this.emit('change');
  }

  #applyParticipant({ change, participant, reset }) {
    const peer = this.#peers.get(participant.participantId);
    if (!peer) return;
    if (change === 'left' || change === 'removed' || participant.inCall === false) {
      this.#dropPeers((each) => each === peer);
      this.emit('change');
      return;
    }
    peer.update(participant);
    if (change === 'back' && reset) peer.signalsLost(this.#iceServers);
  }

  #others(call) {
    return seated(call).filter((each) => each.participantId !== this.#options.me);
  }

  #createPeer({ participantId, order, media }) {
    const peer = new RemotePeer({
      participantId, order, media: media ?? this.#options.mediaOf?.(participantId), clock: this.#options.clock,
      lost: this.#renewing,
      canSignal: () => this.#canSignal(),
      freshIceServers: () => this.#freshIceServers(),
      renew: () => this.#renewIfLost(),
      session: {
        createConnection: () => this.#options.createConnection(this.#configuration()),
        send: (data) => this.#signaling.send('signal', { to: participantId, callId: this.#callId, data }),
        tracks: this.#tracks,
        createStream: this.#options.createStream,
      },
    });
    peer.on('change', () => { this.#report(); this.emit('change'); });
    peer.on('trouble', (error) => this.emit('trouble', error));
    this.#peers.set(participantId, peer);
    return peer;
  }

  #dropPeers(condition) {
    for (const peer of [...this.#peers.values()].filter(condition)) {
      this.#peers.delete(peer.participantId);
      peer.close();
    }
    this.#report();
  }

  /** Whether this page sits on its seat, so that signals are relayed. */
  #canSignal() {
    return !this.#over && this.#signaling.state === 'online' && this.#inbox === null && this.#seatTimer === null && !this.#renewing;
  }

  #configuration() {
    /** @type {RTCConfiguration} */
    const configuration = { iceServers: this.#iceServers, bundlePolicy: 'max-bundle' };
    if (this.#iceTransportPolicy) configuration.iceTransportPolicy = this.#iceTransportPolicy;
    return configuration;
  }

  async #freshIceServers() {
    try {
      const answer = await this.#signaling.request('ice', {}, { timeoutMs: ICE_REQUEST_TIMEOUT_MS });
      this.#iceServers = answer.iceServers ?? this.#iceServers;
    } catch {
      // The servers at hand may still be good; a restart with them beats none.
    }
    return this.#iceServers;
  }

  #report() {
    if (this.#over || this.#callId === null) return;
    const { audio, video } = this.#media;
    const state = { callId: this.#callId, audio, video, screen: false, connection: this.connection };
    const text = JSON.stringify(state);
    if (text === this.#lastReport) return;
    this.#lastReport = text;
    if (state.connection === 'up') this.#renewals = 0;
    this.#signaling.setConnection(state.connection);
    this.#signaling.send('mediaState', state);
  }

  #finish(detail) {
    if (this.#over) return;
    this.#over = true;
    this.#stopSeatTimer();
    this.#dropPeers(() => true);
    this.#signaling.setConnection('none');
    this.emit('ended', detail);
  }
}

/** A seat without a socket is `reconnecting`: its holder's media may flow, but nobody there hears a signal. */
function presenceOf(seat) {
  return seat.state === 'reconnecting' ? 'reconnecting' : 'online';
}
