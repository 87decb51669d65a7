import { Emitter } from '../lib/emitter.js';
import { PeerSession } from './peer-session.js';
import { RestartPolicy } from './restart-policy.js';
import { StallWatchdog } from './stall-watchdog.js';

const FIRST_CONNECTION_MS = 10000;

/**
 * One other participant of the call: the peer session with them, and the care for it (watchdog, restarts).
 * Valid for one seat, that is one `order`; a participant who joins anew gets a new one.
 * Events: `change`.
 */
export class RemotePeer extends Emitter {
  #watchdog;
  #policy;
  #clock;
  #firstTimer;

  /**
   * @param {object} options
   * @param {string} options.participantId
   * @param {number} options.order of the remote seat
   * @param {any} [options.media] what the other side says it sends
   * @param {import('../signaling/signaling-client.js').Clock} options.clock
   * @param {() => Promise<RTCIceServer[] | null>} options.freshIceServers null: not now, try again later
   * @param {import('./peer-session.js').PeerSessionOptions} options.session
   */
  constructor({ participantId, order, media, clock, freshIceServers, session }) {
    super();
    this.participantId = participantId;
    this.order = order;
    this.media = media ?? { audio: false, video: false, screen: false, connection: 'none' };
    this.reconnecting = false;
    this.session = new PeerSession(session);
    this.#clock = clock;
    this.#policy = new RestartPolicy(clock, async () => {
      if (this.reconnecting) return;
      const iceServers = await freshIceServers();
      if (iceServers) this.session.restartIce(iceServers);
    });
    this.#watchdog = new StallWatchdog({
      clock, getStats: () => this.session.getStats(),
      isArmed: () => !this.reconnecting && (this.media.audio || this.media.video),
      onChange: () => this.#judge(),
    });
    this.#firstTimer = clock.setTimeout(() => {
      if (this.connection === 'none') this.#policy.down({ polite: this.session.polite });
    }, FIRST_CONNECTION_MS);
    this.session.on('connection', () => this.#judge());
    this.session.on('remote', () => this.emit('change'));
    this.session.on('trouble', (error) => this.emit('trouble', error));
  }

  /** `down` also when the browser has not noticed yet that nothing arrives. */
  get connection() {
    return this.#watchdog.stalled ? 'down' : this.session.connection;
  }

  /** @returns {MediaStreamTrack[]} */
  get tracks() {
    return this.session.remoteTracks;
  }

  /** ICE restarts since the path was last up. */
  get restarts() {
    return this.#policy.attempts;
  }

  /**
   * The server's word about the other participant.
   * @param {{presence?: string, media?: any}} participant
   */
  update({ presence, media }) {
    if (presence) this.reconnecting = presence !== 'online';
    if (media) this.media = media;
    this.emit('change');
  }

  /** This side's network changed: the path is remade without waiting for signs of trouble. */
  networkChanged() {
    if (this.connection === 'none') return;
    this.#policy.stop();
    this.#policy.down({ polite: false });
  }

  close() {
    this.#clock.clearTimeout(this.#firstTimer);
    this.#watchdog.stop();
    this.#policy.stop();
    this.session.close();
    this.clearListeners();
  }

  #judge() {
    if (this.session.connection === 'up') this.#watchdog.start();
    else this.#watchdog.stop();
    if (this.connection === 'down') this.#policy.down({ polite: this.session.polite });
    else this.#policy.stop();
    this.emit('change');
  }
}
