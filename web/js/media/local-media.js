import { Emitter } from '../lib/emitter.js';
import { mediaErrorCode } from './media-errors.js';

const CAMERA_RELEASE_MS = 2000;

const CONSTRAINTS = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
  video: { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30, max: 30 }, facingMode: 'user' },
};

/**
 * This side's microphone and camera. Muting is instant and local; a camera that stays off for two seconds is
 * released, so that its light goes out, and asked for again when it is turned on.
 *
 * Events: `change` (tracks or states), `lost` {kind} (a device was unplugged or taken away).
 */
export class LocalMedia extends Emitter {
  #devices;
  #clock;
  #permission;
  #constraints;
  #tracks = { audio: null, video: null };
  #wanted = { audio: true, video: true };
  #releaseTimer = null;

  /**
   * @param {object} options
   * @param {MediaDevices} options.devices
   * @param {import('../signaling/signaling-client.js').Clock} options.clock
   * @param {(name: string) => Promise<string>} [options.permission] state of a permission, as far as known
   * @param {{audio?: any, video?: any}} [options.constraints] from the server; ours where it says nothing
   */
  constructor({ devices, clock, permission = async () => 'prompt', constraints = {} }) {
    super();
    this.#devices = devices;
    this.#clock = clock;
    this.#permission = permission;
    this.#constraints = { ...CONSTRAINTS, ...constraints };
  }

  /** @returns {import('../rtc/peer-session.js').Tracks} what is sent; a released camera is null */
  get tracks() {
    return { ...this.#tracks };
  }

  /** What the other side really gets. */
  get media() {
    return {
      audio: Boolean(this.#tracks.audio?.enabled),
      video: Boolean(this.#tracks.video?.enabled),
    };
  }

  get microphoneOn() {
    return this.media.audio;
  }

  get cameraOn() {
    return this.media.video;
  }

  /**
   * Asks for microphone and camera, then for the microphone alone if the camera is the trouble.
   * @param {{video: boolean}} wish
   * @returns {Promise<{code: string | null}>} the problem, if any: with `DEV-2` or a camera in use the
   *   microphone still works (`microphoneOn`)
   */
  async acquire({ video }) {
    this.#wanted.video = video;
    const missing = { audio: !this.#tracks.audio, video: video && !this.#tracks.video };
    if (!missing.audio && !missing.video) return { code: null };
    const kind = missing.audio && missing.video ? 'both' : missing.video ? 'video' : 'audio';
    const first = await this.#capture(missing, kind);
    if (first === null || !missing.video || !missing.audio) return { code: first };
    if (first === 'PERM-2' || first === 'SEC-1') return { code: first };
    const second = await this.#capture({ audio: true, video: false }, 'audio');
    if (second !== null) return { code: second };
    return { code: first === 'DEV-1' || first === 'DEV-4' ? 'DEV-2' : first };
  }

  /**
   * @param {boolean} on
   * @returns {Promise<{code: string | null}>} a problem when there is no microphone to turn on
   */
  async setMicrophone(on) {
    this.#wanted.audio = on;
    if (on && !this.#tracks.audio) return { code: await this.#capture({ audio: true, video: false }, 'audio') };
    if (this.#tracks.audio) this.#tracks.audio.enabled = on;
    this.emit('change');
    return { code: null };
  }

  /**
   * @param {boolean} on
   * @returns {Promise<{code: string | null}>} a problem when the camera cannot be had again
   */
  async setCamera(on) {
    this.#wanted.video = on;
    this.#cancelRelease();
    if (on && !this.#tracks.video) {
      const code = await this.#capture({ audio: false, video: true }, 'video');
      return { code };
    }
    if (this.#tracks.video) this.#tracks.video.enabled = on;
    if (!on && this.#tracks.video) {
      this.#releaseTimer = this.#clock.setTimeout(() => this.#releaseCamera(), CAMERA_RELEASE_MS);
    }
    this.emit('change');
    return { code: null };
  }

  /** Stops every device; the lights go out at once. */
  release() {
    this.#cancelRelease();
    for (const kind of ['audio', 'video']) this.#drop(kind);
    this.emit('change');
  }

  async #capture(want, kind) {
    const startedAt = this.#clock.now();
    try {
      const stream = await this.#devices.getUserMedia({
        audio: want.audio ? this.#constraints.audio : false,
        video: want.video ? this.#constraints.video : false,
      });
      for (const track of stream.getTracks()) this.#adopt(track);
      this.emit('change');
      return null;
    } catch (error) {
      const permission = await this.#permission(kind === 'video' ? 'camera' : 'microphone');
      return mediaErrorCode(error, { kind, permission, tookMs: this.#clock.now() - startedAt });
    }
  }

  #adopt(track) {
    this.#drop(track.kind);
    if (track.kind === 'video' && !this.#wanted.video) {
      track.stop();
      return;
    }
    track.enabled = this.#wanted[track.kind];
    this.#tracks[track.kind] = track;
    track.onended = () => {
      if (this.#tracks[track.kind] !== track) return;
      this.#tracks[track.kind] = null;
      this.emit('change');
      this.emit('lost', { kind: track.kind });
    };
  }

  #drop(kind) {
    const track = this.#tracks[kind];
    this.#tracks[kind] = null;
    if (!track) return;
    track.onended = null;
    track.stop();
  }

  #releaseCamera() {
    this.#releaseTimer = null;
    this.#drop('video');
    this.emit('change');
  }

  #cancelRelease() {
    if (this.#releaseTimer !== null) this.#clock.clearTimeout(this.#releaseTimer);
    this.#releaseTimer = null;
  }
}
