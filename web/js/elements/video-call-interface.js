import { h, setAttribute, setText } from '../lib/dom.js';
import { announce } from '../lib/announce.js';
import { t } from '../lib/i18n.js';
import { counterpart } from '../session/call-button.js';
import { reconnectCause } from '../session/reconnect-state.js';
import { BaseElement } from './base-element.js';
import { CallControls } from './call-controls.js';
import { CallTimer } from './call-timer.js';
import { VideoTile } from './video-tile.js';

const SLOW_MS = 8000;
const VERY_SLOW_MS = 20000;
const NOTE_AFTER_MS = 1500;

/**
 * `<video-call-interface>`: the call screen. Properties `session` (RoomSession) and `media` (LocalMedia);
 * event `call-action` {name} from its controls for what ends the call, `call-problem` {code}.
 */
export class VideoCallInterface extends BaseElement {
  static tag = 'video-call-interface';
  static css = `
    :host { position: fixed; inset: 0; z-index: 5; background: var(--call-stage); color: var(--call-stage-fg); display: grid; grid-template-rows: auto minmax(0, 1fr) auto; }
    .top { display: flex; align-items: center; gap: 0.3rem 1rem; flex-wrap: wrap; justify-content: space-between; padding: 0.6rem max(1rem, env(safe-area-inset-right)) 0.6rem max(1rem, env(safe-area-inset-left)); background: var(--call-stage-bar); }
    h1 { font-size: 1.15rem; min-inline-size: 0; overflow-wrap: anywhere; }
    .status { display: flex; align-items: center; gap: 0.7rem; font-size: 1rem; color: var(--call-stage-muted); }
    .dot { inline-size: 0.7rem; block-size: 0.7rem; border-radius: 50%; background: #f0b94a; flex: none; }
    [data-connection="up"] .dot { background: #4fce7b; }
    [data-connection="down"] .dot { background: #ff8f85; }
    .stage { position: relative; display: grid; min-block-size: 0; overflow: hidden; }
    .remotes { display: grid; gap: 4px; grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); grid-auto-rows: minmax(0, 1fr); min-block-size: 0; }
    .self { position: absolute; inset-block-start: 0.8rem; inset-inline-end: 0.8rem; inline-size: clamp(88px, 22vmin, 220px); aspect-ratio: 3 / 4; border-radius: 14px; border: 2px solid #ffffff40; }
    @media (min-width: 48rem) { .self { aspect-ratio: 16 / 10; inline-size: clamp(160px, 20vw, 300px); } }
    .banner { position: absolute; inset-block-start: 0.8rem; inset-inline-start: 0.8rem; max-inline-size: min(30rem, calc(100% - clamp(88px, 22vmin, 220px) - 3.2rem)); display: flex; flex-wrap: wrap; align-items: center; gap: 0.7rem; background: #fdf0d9; color: #402800; border-radius: 14px; padding: 0.7rem 1rem; z-index: 3; }
    .banner button { min-block-size: 44px; padding: 0.2rem 1rem; background: transparent; border-color: #7a4a00; color: inherit; }
    .note { order: 1; flex: 1 1 18rem; display: flex; align-items: center; justify-content: center; gap: 0.5rem; font-size: 0.95rem; color: var(--call-stage-muted); }
    .note::before { content: ''; flex: none; inline-size: 0.55rem; block-size: 0.55rem; border-radius: 50%; background: #f0b94a; }
    .note[hidden] { display: none; }
    @media (min-width: 48rem) { .note { order: 0; } }
    .foot { background: var(--call-stage-bar); padding-block-end: env(safe-area-inset-bottom); min-inline-size: 0; }
    @media (max-height: 30rem) and (orientation: landscape) { :host { grid-template: auto minmax(0, 1fr) / minmax(0, 1fr) auto; } .top { grid-column: 1 / -1; padding-block: 0.2rem; } .foot { display: grid; overflow-y: auto; } }
  `;

  #session = null;
  #media = null;
  #stop = [];
  #tiles = new Map();
  #self;
  #remotes;
  #heading;
  #status;
  #statusText;
  #timer;
  #stage;
  #controls;
  #note;
  #banner = null;
  #cause = null;
  #serverLostAt = null;
  #openedAt = 0;
  #tick = null;

  set session(session) {
    this.#session = session;
    this.#listen();
  }

  set media(media) {
    this.#media = media;
    this.#listen();
  }

  build() {
    this.#heading = h('h1', { tabindex: '-1' });
    this.#statusText = h('span', {});
    this.#timer = new CallTimer();
    this.#timer.seconds = () => this.#session?.callSeconds ?? null;
    this.#status = h('div', { class: 'status', testid: 'call-status', role: 'status' },
      h('span', { class: 'dot' }), this.#statusText);
    this.#note = h('div', { class: 'note', hidden: true });
    this.#remotes = h('div', { class: 'remotes' });
    this.#self = h(VideoTile.tag, { class: 'self', muted: true, compact: true, 'video-testid': 'local-video' });
    this.#stage = h('div', { class: 'stage' }, this.#remotes, this.#self);
    this.#controls = h(CallControls.tag, { on: { 'call-action': (event) => this.#act(event) } });
    this.root.append(
      h('header', { class: 'top' }, this.#heading, this.#note, h('div', { class: 'status' }, this.#status, this.#timer)),
      this.#stage, h('div', { class: 'foot' }, this.#controls));
  }

  connected() {
    this.#openedAt = performance.now();
    this.#tick = setInterval(() => this.invalidate(), 1000);
    this.#listen();
  }

  disconnected() {
    clearInterval(this.#tick);
    for (const stop of this.#stop.splice(0)) stop();
  }

  update() {
    if (!this.#session || !this.#media) return;
    const other = this.#other();
    const name = other?.name || t('someone');
    setText(this.#heading, name);
    this.#updateStatus(name);
    this.#updateTiles(name);
    this.#updateSelf();
    this.#updateReconnecting(name);
    this.#controls.state = {
      microphone: this.#media.microphoneOn, camera: this.#media.cameraOn,
      canEnd: this.#session.you?.role !== 'guest' };
  }

  #listen() {
    for (const stop of this.#stop.splice(0)) stop();
    if (this.isConnected && this.#session) this.#stop.push(this.#session.on('change', () => this.invalidate()));
    if (this.isConnected && this.#media) this.#stop.push(this.#media.on('change', () => this.invalidate()));
    this.invalidate();
  }

  #other() {
    const { you, room } = this.#session;
    return you && room ? counterpart(room.participants, you) : null;
  }

  #updateStatus(name) {
    const { room, engine } = this.#session;
    const connection = engine?.connection ?? 'none';
    const alone = (engine?.peers.length ?? 0) === 0;
    setAttribute(this.#status, 'data-state', room?.callStatus ?? 'inactive');
    setAttribute(this.#status, 'data-connection', connection);
    setAttribute(this.#status, 'data-signaling', this.#session.signalingState);
    const answered = this.#session.callSeconds !== null;
    const key = alone ? (answered ? 'call.alone' : 'call.calling') : { up: 'call.connected', down: 'call.reconnecting', none: 'call.connecting' }[connection];
    setText(this.#statusText, t(key, { name }));
  }

  #updateTiles(name) {
    const peers = this.#session.engine?.peers ?? [];
    const ids = peers.length > 0 ? peers.map((peer) => peer.participantId) : [''];
    for (const [id, tile] of this.#tiles) {
      if (ids.includes(id)) continue;
      tile.remove();
      this.#tiles.delete(id);
    }
    for (const id of ids) if (!this.#tiles.has(id)) this.#addTile(id);
    if (peers.length === 0) this.#updateEmptyTile(name);
    for (const peer of peers) this.#updateTile(this.#tiles.get(peer.participantId), peer);
  }

  #addTile(id) {
    const tile = h(VideoTile.tag, { 'video-testid': id === '' ? null : 'remote-video' });
    this.#tiles.set(id, tile);
    this.#remotes.append(tile);
  }

  #updateEmptyTile(name) {
    const tile = this.#tiles.get('');
    setAttribute(tile, 'name', name);
    tile.media = { audio: true, video: true };
    const answered = this.#session.callSeconds !== null;
    if (this.#session.place === 'entering') tile.note = t('call.connecting');
    else tile.note = t(answered ? 'call.theyLeft' : 'call.waitingFor', { name });
  }

  #updateTile(tile, peer) {
    const person = this.#session.others.find((each) => each.participantId === peer.participantId);
    setAttribute(tile, 'name', person?.name ?? t('someone'));
    setAttribute(tile, 'named', this.#tiles.size > 1);
    // A picture that never comes would hold the sound back: an element waits for its first frame.
    tile.tracks = peer.tracks.filter((track) => track.kind === 'audio' || peer.media.video);
    const arrived = peer.connection !== 'none';
    tile.media = arrived ? peer.media : { audio: true, video: true };
    const waitedMs = performance.now() - this.#openedAt;
    if (arrived) tile.note = '';
    else if (waitedMs > VERY_SLOW_MS) tile.note = t('call.verySlow');
    else tile.note = t(waitedMs > SLOW_MS ? 'call.slow' : 'call.connecting');
  }

  #updateSelf() {
    const { audio, video } = this.#media.tracks;
    this.#self.tracks = video ? [video] : [];
    this.#self.media = { ...this.#media.media, audio: audio ? this.#media.microphoneOn : false };
    setAttribute(this.#self, 'name', this.#session.you?.name ?? '');
  }

  /** While media flows, a lost server is a note beside the name; what stops the conversation is a banner over the picture. */
  #updateReconnecting(name) {
    const before = this.#cause;
    this.#cause = this.#reconnectCause();
    const text = this.#cause === null ? t('re.back') : t(`re.${this.#cause}`, { name });
    this.#updateNote(this.#cause === 'signaling' ? text : null);
    this.#updateBanner(this.#cause === 'signaling' ? null : this.#cause, text);
    if (this.#cause !== before) announce(text, { kind: 'reconnect', assertive: this.#cause !== null && this.#cause !== 'signaling' });
  }

  #reconnectCause() {
    const { engine, signalingState, place } = this.#session;
    const peers = engine?.peers ?? [];
    const cause = place === 'in' ? reconnectCause({
      signaling: signalingState, connection: engine?.connection ?? 'none',
      peerReconnecting: peers.length > 0 && peers.every((peer) => peer.reconnecting),
    }) : null;
    this.#serverLostAt = signalingState === 'online' ? null : this.#serverLostAt ?? performance.now();
    // A server that is back at once is not worth a word while the two can talk.
    return cause === 'signaling' && performance.now() - this.#serverLostAt < NOTE_AFTER_MS ? null : cause;
  }

  #updateNote(text) {
    setAttribute(this.#note, 'hidden', text === null);
    setAttribute(this.#note, 'data-testid', text === null ? null : 'reconnecting');
    setText(this.#note, text ?? '');
  }

  #updateBanner(cause, text) {
    if (cause === null) {
      this.#banner?.remove();
      this.#banner = null;
      return;
    }
    this.#banner ??= this.#createBanner();
    setText(this.#banner.firstChild, text);
    setAttribute(this.#banner, 'data-cause', cause);
    setAttribute(this.#banner.lastChild, 'hidden', this.#session.signalingState !== 'waiting');
    setText(this.#banner.lastChild, t('re.now'));
  }

  #createBanner() {
    const banner = h('div', { class: 'banner', testid: 'reconnecting' }, h('span', {}),
      h('button', { type: 'button', hidden: true, on: { click: () => this.#session.retryNow() } }));
    this.#stage.append(banner);
    return banner;
  }

  async #act(event) {
    const { name } = event.detail;
    if (name !== 'microphone' && name !== 'camera') return;
    event.stopPropagation();
    const media = this.#media;
    const { code } = name === 'microphone' ? await media.setMicrophone(!media.microphoneOn)
      : await media.setCamera(!media.cameraOn);
    if (code) {
      announce(t(`problem.${code}.title`), { kind: 'device', assertive: true });
      this.notify('call-problem', { code });
    }
  }
}
