/** A clock that stands still until told otherwise; timers run in order of their time. */
export class FakeClock {
  #now = 0;
  #next = 1;
  #timers = new Map();

  now = () => this.#now;

  setTimeout = (callback, ms = 0) => {
    const id = this.#next++;
    this.#timers.set(id, { at: this.#now + Math.max(0, ms), callback, id });
    return id;
  };

  /** Time passes and no timer runs, as on a laptop that sleeps. */
  sleep(ms) {
    this.#now += ms;
  }

  clearTimeout = (id) => { this.#timers.delete(id); };

  get pending() {
    return this.#timers.size;
  }

  /** Milliseconds until the next timer, or null. */
  get nextIn() {
    const times = [...this.#timers.values()].map((timer) => timer.at);
    return times.length === 0 ? null : Math.min(...times) - this.#now;
  }

  /** Moves on by `ms`, running what is due, and lets promises settle after each timer. */
  async advance(ms) {
    const end = this.#now + ms;
    for (;;) {
      await settle();
      const due = [...this.#timers.values()].filter((timer) => timer.at <= end)
        .sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) break;
      this.#timers.delete(due.id);
      this.#now = Math.max(this.#now, due.at);
      due.callback();
    }
    this.#now = end;
    await settle();
  }
}

/** Lets every promise that can go on go on. */
export async function settle() {
  for (let i = 0; i < 20; i += 1) await Promise.resolve();
}

/** A repeatable generator of numbers in [0, 1). */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** Records what a client sends; the test plays the server. */
export class FakeSocket {
  static all = [];

  constructor(url, protocols) {
    this.url = url;
    this.protocols = protocols;
    this.sent = [];
    this.closedWith = null;
    FakeSocket.all.push(this);
  }

  static get last() {
    return FakeSocket.all.at(-1);
  }

  send(text) {
    if (this.closedWith !== null) return;
    this.sent.push(JSON.parse(text));
  }

  close(code) {
    this.closedWith = code;
  }

  accept() {
    this.onopen?.();
  }

  receive(message) {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  drop(code = 1006) {
    this.onclose?.({ code });
  }

  lastSent(type) {
    return this.sent.filter((message) => message.type === type).at(-1);
  }
}

let nextCredentials = 1;

/**
 * An RTCPeerConnection reduced to what negotiation needs: signaling states with rollback, transceivers with
 * mids, ICE credentials by generation. Connected when both sides agree on both generations. As to who opens the DTLS
 * association, it has the worst of both browsers: it answers `actpass` with `active`, as Firefox does, and refuses an
 * answer that would turn the parts around, as Chromium does.
 */
export class FakePeerConnection {
  constructor(config = {}) {
    this.config = config;
    this.signalingState = 'stable';
    this.connectionState = 'new';
    this.iceConnectionState = 'new';
    this.localDescription = null;
    this.remoteDescription = null;
    this.candidates = [];
    this.closed = false;
    this.transceivers = [];
    this.bytes = 0;
    this.current = null;
    this.pendingLocal = null;
    this.wantsRestart = false;
    this.local = `u${nextCredentials++}`;
    this.certificate = this.local;
    this.remoteCertificate = null;
    this.part = null;
    this.partOffered = null;
    this.negotiationQueued = false;
    this.negotiationWanted = false;
    this.chain = Promise.resolve();
    this.chainLength = 0;
    FakePeerConnection.all.push(this);
  }

  static all = [];

  getConfiguration() { return this.config; }

  setConfiguration(config) { this.config = config; }

  getTransceivers() { return this.transceivers; }

  getReceivers() { return this.transceivers.map((each) => each.receiver); }

  addTransceiver(trackOrKind, { direction }) {
    const kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind;
    const transceiver = this.#transceiver(kind, direction, typeof trackOrKind === 'string' ? null : trackOrKind);
    this.#needNegotiation();
    return transceiver;
  }

  restartIce() {
    this.wantsRestart = true;
    this.#needNegotiation();
  }

  setLocalDescription(description) {
    return this.#chained(() => this.#setLocal(description));
  }

  setRemoteDescription(description) {
    return this.#chained(() => this.#setRemote(description));
  }

  /** The operations chain of the specification: one at a time, and no negotiationneeded meanwhile. */
  #chained(operation) {
    this.chainLength += 1;
    const result = this.chain.then(operation);
    this.chain = result.catch(() => {}).then(() => {
      this.chainLength -= 1;
      if (this.negotiationWanted) this.#needNegotiation();
    });
    return result;
  }

  #setLocal(description) {
    if (this.closed) throw new Error('closed');
    if (description?.type === 'rollback') {
      if (this.signalingState !== 'have-local-offer') throw new Error('nothing to roll back');
      this.#rollback();
      return;
    }
    if (this.signalingState === 'have-remote-offer') {
      this.#restartWith(this.remoteDescription.restart);
      this.part = this.partOffered;
      this.localDescription = { type: 'answer', sdp: this.#sdp(this.part), mids: this.#mids(), ufrag: this.local };
      this.signalingState = 'stable';
      this.#agree();
      return;
    }
    if (this.signalingState !== 'stable' && this.signalingState !== 'have-local-offer') throw new Error('state');
    const before = this.local;
    const restart = this.wantsRestart;
    if (restart) this.local = `u${nextCredentials++}`;
    this.pendingLocal = { local: before, mids: this.transceivers.map((each) => each.mid) };
    let mid = 0;
    for (const each of this.transceivers) each.mid = each.stopped ? null : String(mid++);
    this.localDescription = { type: 'offer', sdp: this.#sdp('actpass'), mids: this.#mids(), ufrag: this.local, restart };
    this.signalingState = 'have-local-offer';
  }

  #setRemote(description) {
    if (this.closed) throw new Error('closed');
    const [json, ...lines] = description.sdp.split('\r\n');
    const parsed = { ...JSON.parse(json), type: description.type };
    const part = { 'a=setup:active': 'passive', 'a=setup:passive': 'active', 'a=setup:actpass': 'active' }[lines[0]];
    if (description.type === 'answer' && part && this.part && part !== this.part) throw new Error('the parts are turned around');
    // Two connections cannot become one: no browser takes another certificate for the same transport.
    if (parsed.certificate && this.remoteCertificate && parsed.certificate !== this.remoteCertificate) {
      throw new Error('another connection on the other side');
    }
    this.remoteCertificate ??= parsed.certificate;
    if (description.type === 'offer') {
      if (this.signalingState === 'have-local-offer') this.#rollback();
      this.remoteDescription = parsed;
      this.partOffered = part;
      this.signalingState = 'have-remote-offer';
      for (const kind of parsed.mids) {
        const index = parsed.mids.indexOf(kind);
        const known = this.transceivers.find((each) => each.mid === String(index));
        if (!known) this.#transceiver(kind, 'recvonly', null).mid = String(index);
      }
    } else {
      if (this.signalingState !== 'have-local-offer') throw new Error('answer without offer');
      this.remoteDescription = parsed;
      this.part = part;
      this.signalingState = 'stable';
      this.wantsRestart = false;
      this.#agree();
    }
  }

  async addIceCandidate(candidate) {
    if (!this.remoteDescription) throw new Error('no remote description');
    this.candidates.push(candidate);
  }

  async getStats() {
    return new Map([['in', { type: 'inbound-rtp', bytesReceived: this.bytes }]]);
  }

  close() {
    this.closed = true;
    this.signalingState = 'closed';
    this.connectionState = 'closed';
  }

  /** The test plays the network. */
  become(connectionState, iceConnectionState = connectionState) {
    this.connectionState = connectionState;
    this.iceConnectionState = iceConnectionState;
    this.onconnectionstatechange?.();
  }

  gather(name) {
    this.onicecandidate?.({ candidate: { candidate: name, sdpMid: '0', sdpMLineIndex: 0 } });
  }

  #transceiver(kind, direction, track) {
    const transceiver = {
      mid: null, direction, stopped: false, receiver: { track: { kind } },
      sender: { track, replaceTrack: async (next) => { transceiver.sender.track = next; } },
      stop: () => {
        transceiver.stopped = true;
        transceiver.direction = 'stopped';
        this.transceivers = this.transceivers.filter((each) => each !== transceiver);
      },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  #restartWith(restart) {
    if (restart) this.local = `u${nextCredentials++}`;
  }

  #rollback() {
    this.local = this.pendingLocal.local;
    this.transceivers.forEach((each, index) => { each.mid = this.pendingLocal.mids[index] ?? null; });
    this.signalingState = 'stable';
    this.localDescription = null;
    if (this.wantsRestart) this.#needNegotiation();
  }

  #agree() {
    this.current = `${[this.local, this.remoteDescription.ufrag].sort().join('+')}`;
    this.negotiationWanted = false;
    if (this.wantsRestart) this.#needNegotiation();
  }

  #mids() {
    return this.transceivers.filter((each) => !each.stopped).map((each) => each.receiver.track.kind);
  }

  #sdp(setup) {
    const said = { mids: this.#mids(), ufrag: this.local, restart: this.wantsRestart, certificate: this.certificate };
    return `${JSON.stringify(said)}\r\na=setup:${setup}\r\n`;
  }

  #needNegotiation() {
    this.negotiationWanted = true;
    if (this.negotiationQueued) return;
    this.negotiationQueued = true;
    queueMicrotask(() => {
      this.negotiationQueued = false;
      if (this.chainLength > 0 || this.signalingState !== 'stable' || this.closed) return;
      this.negotiationWanted = false;
      this.onnegotiationneeded?.();
    });
  }
}
