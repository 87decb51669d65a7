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
  #canSignal;
  #freshIceServers;
  #lost;
  #restartOwed = false;

  /**
   * @param {object} options
   * @param {string} options.participantId
   * @param {number} options.order of the remote seat
   * @param {any} [options.media] what the other side says it sends
   * @param {import('../signaling/signaling-client.js').Clock} options.clock
   * @param {boolean} [options.lost] it follows a connection that could not be saved, so until it is up it is down
   * @param {() => boolean} options.canSignal whether an offer would reach the server now
   * @param {() => Promise<RTCIceServer[]>} options.freshIceServers
   * @param {() => boolean} options.renew asks for a fresh connection after restarts in vain; true: there will be one
   * @param {import('./peer-session.js').PeerSessionOptions} options.session
   */
  constructor({ participantId, order, media, lost = false, clock, canSignal, freshIceServers, renew, session }) {
    super();
    this.participantId = participantId;
    this.order = order;
    this.media = media ?? { audio: false, video: false, screen: false, connection: 'none' };
    this.reconnecting = false;
    this.session = new PeerSession(session);
    this.#clock = clock;
    this.#lost = lost;
    this.#canSignal = canSignal;
    this.#freshIceServers = freshIceServers;
    this.#policy = new RestartPolicy(clock, () => this.#restart(), () => !this.reconnecting && renew());
    this.#watchdog = new StallWatchdog({
      clock, getStats: () => this.session.getStats(),
      isArmed: () => !this.reconnecting && (this.media.audio || this.media.video),
      onChange: () => this.#judge(),
    });
    this.#firstTimer = clock.setTimeout(() => {
      if (this.session.connection === 'none') this.#policy.down({ polite: this.session.polite });
    }, FIRST_CONNECTION_MS);
    this.session.on('connection', () => this.#judge());
    this.session.on('remote', () => this.emit('change'));
    this.session.on('trouble', (error) => this.emit('trouble', error));
  }

  /** `down` also when the browser has not noticed yet that nothing arrives. */
  get connection() {
    if (this.#watchdog.stalled || (this.#lost && this.session.connection === 'none')) return 'down';
    return this.session.connection;
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
    const wasAway = this.reconnecting;
    if (presence) this.reconnecting = presence !== 'online';
    if (media) this.media = media;
    if (wasAway && !this.reconnecting) this.signalingBack();
    this.emit('change');
  }

  /** This side's network changed: the path is remade without waiting for signs of trouble. */
  networkChanged() {
    if (this.session.connection === 'none') return;
    if (this.connection === 'down') this.#policy.hurry();
    else this.#restartOwed = !this.#restart();
  }

  /** @param {RTCIceServer[]} iceServers see PeerSession.signalsLost */
  signalsLost(iceServers) {
    this.session.signalsLost(iceServers);
    this.#policy.postpone();
  }

  /** Does what the last change of network called for and nobody could hear then. */
  restartIfOwed() {
    if (this.#restartOwed) this.#restartOwed = !this.#restart();
  }

  /** Offers can reach the other side again: what waited for that is done now. The polite side keeps its step. */
  signalingBack() {
    if (this.#restartOwed) this.restartIfOwed();
    else if (this.session.connection !== 'none' && this.connection === 'down' && !this.session.polite) this.#policy.hurry();
  }

  close() {
    this.#clock.clearTimeout(this.#firstTimer);
    this.#watchdog.stop();
    this.#policy.stop();
    this.session.close();
    this.clearListeners();
  }

  /** @returns {boolean} false if it has to wait: nobody could hear the offer */
  #restart() {
    if (this.reconnecting || !this.#canSignal()) return false;
    this.#freshIceServers().then((iceServers) => this.session.restartIce(iceServers));
    return true;
  }

  #judge() {
    if (this.session.connection === 'up') this.#watchdog.start();
    else this.#watchdog.stop();
    if (this.connection === 'down') this.#policy.down({ polite: this.session.polite });
    else this.#policy.stop();
    this.emit('change');
  }
}
