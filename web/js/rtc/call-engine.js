import { Emitter } from '../lib/emitter.js';
import { seated } from '../signaling/room-state.js';
import { RemotePeer } from './remote-peer.js';

const ICE_REQUEST_TIMEOUT_MS = 2000;

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
 * @property {import('./peer-session.js').Tracks} tracks
 * @property {{audio: boolean, video: boolean}} media what this side says it sends
 * @property {(participantId: string) => any} [mediaOf] what another one last said they send
 * @property {() => MediaStream} [createStream] groups microphone and camera, so that lips and voice stay together
 */
export class CallEngine extends Emitter {
  #options;
  #signaling;
  #iceServers;
  #tracks;
  #media;
  #peers = new Map();
  #callId = null;
  #order = 0;
  #inbox = null;
  #signalsLost = false;
  #lastReport = '';
  #over = false;

  /** @param {CallEngineOptions} options */
  constructor(options) {
    super();
    this.#options = options;
    this.#signaling = options.signaling;
    this.#iceServers = options.iceServers;
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
    return this.#takeSeat(async () => {
      const fields = { callId: call.callId };
      if (takeover) fields.takeover = true;
      const others = this.#others(call);
      let prepared = null;
      if (others.length === 1) {
        prepared = this.#createPeer(others[0]);
        fields.offer = await prepared.session.prepareOffer();
      }
      return this.#enter(await this.#signaling.request('joinCall', fields), prepared);
    });
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
    if (call?.callId !== this.#callId) {
      this.#finish({ reason: 'gone', code: 'call-ended' });
      return;
    }
    try {
      await this.#takeSeat(async () => {
        const answer = await this.#signaling.request('joinCall', { callId: this.#callId, keep: true });
        if (!answer.reattached) this.#dropPeers(() => true);
        return this.#enter(answer, null);
      }, { keep: true });
    } catch (error) {
      if (error.code !== 'closed') this.#finish({ reason: 'gone', code: error.code });
    }
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

  networkChanged() {
    for (const peer of this.#peers.values()) peer.networkChanged();
  }

  /** Closes every peer connection; tells nobody. */
  dispose() {
    this.#over = true;
    this.#dropPeers(() => true);
    this.#signaling.setConnection('none');
    this.clearListeners();
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
    }
  }

  #enter(answer, prepared) {
    if (this.#over) return answer;
    this.#callId = answer.call.callId;
    this.#order = answer.order;
    this.#lastReport = '';
    const others = new Map(this.#others(answer.call).map((each) => [each.participantId, each]));
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
    if (known && signalsLost) peer.session.signalsLost(this.#iceServers);
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
    this.#dropPeers((peer) => peer.participantId === participantId);
    const peer = this.#createPeer({ ...participant, order: participant.order ?? seat.order });
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
    if (change === 'back' && reset) peer.session.signalsLost(this.#iceServers);
  }

  #others(call) {
    return seated(call).filter((each) => each.participantId !== this.#options.me);
  }

  #createPeer({ participantId, order, media }) {
    const peer = new RemotePeer({
      participantId, order, media: media ?? this.#options.mediaOf?.(participantId), clock: this.#options.clock,
      freshIceServers: () => this.#freshIceServers(),
      session: {
        createConnection: () => this.#options.createConnection({
          iceServers: this.#iceServers, bundlePolicy: 'max-bundle' }),
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

  async #freshIceServers() {
    if (this.#signaling.state !== 'online') return null;
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
    this.#signaling.setConnection(state.connection);
    this.#signaling.send('mediaState', state);
  }

  #finish(detail) {
    if (this.#over) return;
    this.#over = true;
    this.#dropPeers(() => true);
    this.#signaling.setConnection('none');
    this.emit('ended', detail);
  }
}
