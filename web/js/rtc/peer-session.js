import { Emitter } from '../lib/emitter.js';

const KINDS = ['audio', 'video'];

/**
 * One peer connection to one other participant: perfect negotiation as in the W3C recommendation. Knows no
 * socket and no call; what is to be sent goes out through `send`, what came in is given to `receive`.
 *
 * Transceivers are created once, by whoever offers first, in the order microphone, camera (a screen would be
 * third); the other side adopts them. Later changes replace tracks and need no negotiation.
 *
 * Events: `connection` (`none`, `up`, `down`), `remote` (a track arrived), `trouble` (Error, nothing is broken yet).
 *
 * @typedef {{audio: MediaStreamTrack | null, video: MediaStreamTrack | null}} Tracks
 *
 * @typedef {object} PeerSessionOptions
 * @property {() => RTCPeerConnection} createConnection
 * @property {(data: {description?: object, candidate?: object}) => void} send
 * @property {Tracks} tracks
 * @property {() => MediaStream} [createStream] the stream both tracks belong to; without it they are not synchronised
 * @property {boolean} [polite] may be set later, before the first remote description
 */
export class PeerSession extends Emitter {
  #pc;
  #send;
  #tracks;
  #streams;
  #polite;
  #makingOffer = false;
  #started = false;
  #ignoreOffer = false;
  #answerPending = false;
  #setup = null;
  #earlyCandidates = [];
  #held = null;
  #queue = Promise.resolve();
  #connection = 'none';
  #closed = false;

  /** @param {PeerSessionOptions} options */
  constructor({ createConnection, send, tracks, createStream, polite = false }) {
    super();
    this.#streams = createStream ? [createStream()] : [];
    this.#send = send;
    this.#tracks = { ...tracks };
    this.#polite = polite;
    this.#pc = createConnection();
    this.#pc.onicecandidate = ({ candidate }) => {
      if (candidate) this.#out({ candidate: candidate.toJSON ? candidate.toJSON() : candidate });
    };
    this.#pc.onnegotiationneeded = () => { if (this.#started) this.#negotiate(); };
    this.#pc.ontrack = ({ track }) => this.emit('remote', track);
    this.#pc.onconnectionstatechange = () => this.#connectionChanged();
    this.#pc.oniceconnectionstatechange = () => this.#connectionChanged();
  }

  /** `none` until media could flow for the first time. */
  get connection() {
    return this.#connection;
  }

  get polite() {
    return this.#polite;
  }

  set polite(polite) {
    this.#polite = polite;
  }

  get hasUnansweredOffer() {
    return this.#makingOffer || this.#pc.signalingState === 'have-local-offer';
  }

  /** Tracks of the other side, in the order they were negotiated; they are silent until media flows. */
  get remoteTracks() {
    return this.#pc.getReceivers().map((receiver) => receiver.track).filter(Boolean);
  }

  getStats() {
    return this.#pc.getStats();
  }

  /**
   * Makes the offer that travels inside `joinCall`. Candidates are held back until `release`, because nobody
   * knows the call yet.
   * @returns {Promise<{type: 'offer', sdp: string}>}
   */
  async prepareOffer() {
    this.#held = [];
    this.#createTransceivers();
    this.#makingOffer = true;
    try {
      await this.#pc.setLocalDescription();
    } finally {
      this.#makingOffer = false;
      this.#started = true;
    }
    return this.#description();
  }

  /**
   * The call is known now: sends what was held back.
   * @param {{offerRelayed: boolean}} how the offer is sent too unless the server has relayed it
   */
  release({ offerRelayed }) {
    const held = this.#held ?? [];
    this.#held = null;
    if (!offerRelayed) this.#send({ description: this.#description() });
    for (const data of held) this.#send(data);
  }

  /** Offers by signal, unless the other side was faster. */
  start() {
    this.#queue = this.#queue.then(() => {
      if (this.#started || this.#closed) return undefined;
      this.#started = true;
      this.#createTransceivers();
      return this.#negotiate();
    });
  }

  /**
   * Takes in one signal of the other side. Signals are applied one after the other, in the order they came.
   * @param {{description?: any, candidate?: any}} data
   * @returns {Promise<void>} when it is applied; never rejects
   */
  receive(data) {
    this.#queue = this.#queue.then(async () => {
      if (this.#closed) return;
      if (data.description) await this.#receiveDescription(data.description);
      else if (data.candidate) await this.#receiveCandidate(data.candidate);
    }).catch((error) => { if (!this.#closed) this.emit('trouble', error); });
    return this.#queue;
  }

  /**
   * For whatever is gathered from now on; nothing is gathered for their sake.
   * @param {RTCIceServer[]} iceServers
   */
  useServers(iceServers) {
    if (!this.#closed) this.#pc.setConfiguration({ ...this.#pc.getConfiguration(), iceServers });
  }

  /**
   * Offers again with fresh ICE credentials; media keeps flowing over the old path while there is one.
   * @param {RTCIceServer[]} [iceServers] replaces the servers first
   */
  restartIce(iceServers) {
    if (this.#closed) return;
    if (iceServers) this.useServers(iceServers);
    this.#started = true;
    if (this.#pc.getTransceivers().length === 0) this.#createTransceivers();
    this.#pc.restartIce();
  }

  /**
   * The other side lost messages. An unanswered offer is taken back; the impolite side then offers again
   * with an ICE restart. A stable and connected session is left alone.
   *
   * The very first offer of the impolite side is repeated as it is: there is nothing to restart, and Chromium
   * keeps the remote tracks of a connection muted for ever whose first own offer was rolled back.
   * @param {RTCIceServer[]} [iceServers]
   */
  signalsLost(iceServers) {
    this.#queue = this.#queue.then(async () => {
      if (this.#closed) return;
      const unanswered = this.hasUnansweredOffer;
      if (!unanswered && this.#connection === 'up') return;
      if (this.#pc.signalingState === 'have-local-offer') {
        if (!this.#polite && !this.#pc.remoteDescription) {
          this.#out({ description: this.#description() });
          return;
        }
        await this.#pc.setLocalDescription({ type: 'rollback' });
      }
      if (!this.#polite) this.restartIce(iceServers);
    }).catch((error) => this.emit('trouble', error));
    return this.#queue;
  }

  /**
   * Replaces what is sent, without negotiation.
   * @param {Tracks} tracks
   */
  async setTracks(tracks) {
    this.#tracks = { ...tracks };
    if (!this.#closed) await this.#applyTracks();
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#pc.onicecandidate = this.#pc.onnegotiationneeded = this.#pc.ontrack = null;
    this.#pc.onconnectionstatechange = this.#pc.oniceconnectionstatechange = null;
    this.#pc.close();
    this.clearListeners();
  }

  #out(data) {
    if (this.#closed) return;
    if (this.#held) this.#held.push(data);
    else this.#send(data);
  }

  #createTransceivers() {
    for (const kind of KINDS) {
      this.#pc.addTransceiver(this.#tracks[kind] ?? kind, { direction: 'sendrecv', streams: this.#streams });
    }
  }

  /** After a remote offer: its transceivers are ours too, and unanswered ones of our own are dropped. */
  async #adoptTransceivers() {
    for (const transceiver of this.#pc.getTransceivers()) {
      if (transceiver.mid === null) transceiver.stop();
      else if (transceiver.direction === 'recvonly') {
        transceiver.direction = 'sendrecv';
        if (this.#streams.length > 0) transceiver.sender.setStreams?.(...this.#streams);
      }
    }
    await this.#applyTracks();
  }

  async #applyTracks() {
    const open = this.#pc.getTransceivers().filter((each) => each.direction !== 'stopped');
    await Promise.all(KINDS.map((kind) => {
      const transceiver = open.find((each) => each.receiver.track.kind === kind);
      const track = this.#tracks[kind];
      if (!transceiver || transceiver.sender.track === track) return undefined;
      return this.#replace(transceiver, track);
    }));
  }

  #replace(transceiver, track) {
    return transceiver.sender.replaceTrack(track).catch((error) => this.emit('trouble', error));
  }

  async #negotiate() {
    if (this.#makingOffer || this.#closed) return;
    this.#makingOffer = true;
    try {
      await this.#pc.setLocalDescription();
      if (this.#pc.signalingState === 'have-local-offer') this.#out({ description: this.#description() });
    } catch (error) {
      if (!this.#closed) this.emit('trouble', error);
    } finally {
      this.#makingOffer = false;
    }
  }

  async #receiveDescription(remote) {
    const pc = this.#pc;
    if (remote.type === 'answer' && pc.signalingState !== 'have-local-offer') return;
    const free = !this.#makingOffer && (pc.signalingState === 'stable' || this.#answerPending);
    this.#ignoreOffer = remote.type === 'offer' && !free && !this.#polite;
    if (this.#ignoreOffer) return;
    this.#answerPending = remote.type === 'answer';
    try {
      await pc.setRemoteDescription(remote);
    } finally {
      this.#answerPending = false;
    }
    if (remote.type === 'answer') this.#setup = { active: 'passive', passive: 'active' }[setupOf(remote.sdp)] ?? null;
    if (remote.type === 'offer') {
      this.#started = true;
      await this.#adoptTransceivers();
      await pc.setLocalDescription();
      this.#setup = setupOf(pc.localDescription.sdp);
      this.#out({ description: this.#description() });
    }
    await this.#flushCandidates();
  }

  async #receiveCandidate(candidate) {
    if (!this.#pc.remoteDescription) {
      if (!this.#ignoreOffer) this.#earlyCandidates.push(candidate);
      return;
    }
    try {
      await this.#pc.addIceCandidate(candidate);
    } catch (error) {
      if (!this.#ignoreOffer) this.emit('trouble', error);
    }
  }

  async #flushCandidates() {
    const candidates = this.#earlyCandidates;
    this.#earlyCandidates = [];
    for (const candidate of candidates) await this.#receiveCandidate(candidate);
  }

  /**
   * What the other side is told of the local description. Firefox takes the active part in every answer to `actpass`,
   * also when it has the passive one, and Chromium refuses that: a later offer names the part this side has already.
   */
  #description() {
    const { type, sdp } = this.#pc.localDescription;
    if (type !== 'offer' || !this.#setup) return { type, sdp };
    return { type, sdp: sdp.replace(/^a=setup:actpass/gm, `a=setup:${this.#setup}`) };
  }

  #connectionChanged() {
    const state = this.#pc.connectionState;
    const ice = this.#pc.iceConnectionState;
    let connection = this.#connection;
    if (state === 'failed' || ice === 'failed' || ice === 'disconnected') connection = 'down';
    else if (state === 'connected') connection = 'up';
    if (connection === 'down' && this.#connection === 'none' && state !== 'failed') return;
    if (connection === this.#connection && connection !== 'down') return;
    this.#connection = connection;
    this.emit('connection', { connection, failed: state === 'failed' || ice === 'failed' });
  }
}

/** Who opens the DTLS association, as the first medium says it (RFC 8842): `active`, `passive`, `actpass`, or null. */
function setupOf(sdp) {
  return /^a=setup:(\w+)/m.exec(sdp)?.[1] ?? null;
}
