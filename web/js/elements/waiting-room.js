import { h, setAttribute, setText } from '../lib/dom.js';
import { formatTime, t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { callButton, counterpart } from '../session/call-button.js';
import { problemCode } from '../session/problems.js';
import { BaseElement } from './base-element.js';
import { VideoTile } from './video-tile.js';

/**
 * `<waiting-room>`: who is here, and the one button. Properties `session` (RoomSession), `media` (LocalMedia);
 * events `waiting-action` {name: 'start' | 'join' | 'leave' | 'microphone' | 'camera'}.
 */
export class WaitingRoom extends BaseElement {
  static tag = 'waiting-room';
  static css = `
    .presence { display: flex; align-items: center; gap: 0.7rem; font-size: 1.1rem; }
    .dot { inline-size: 0.9rem; block-size: 0.9rem; border-radius: 50%; border: 3px solid var(--call-control-line); flex: none; }
    .presence[data-here="true"] .dot { background: var(--call-ok); border-color: var(--call-ok); }
    .grid { display: grid; gap: 1.4rem; }
    @media (min-width: 44rem) { .grid { grid-template-columns: 3fr 2fr; } }
    .self { aspect-ratio: 4 / 3; border-radius: 14px; max-block-size: 38vh; inline-size: 100%; }
    .toggles { display: flex; flex-wrap: wrap; gap: 0.6rem; }
    .toggles button { flex: 1 1 9rem; padding-inline: 0.8rem; font-size: 0.95rem; }
    .note { background: var(--call-warn-soft); color: var(--call-warn); border-radius: 14px; padding: 0.8rem 1.1rem; }
    .self-column { display: flex; flex-direction: column; gap: 0.7rem; }
    .call-status { display: flex; gap: 0.6rem; align-items: center; }
  `;

  #session = null;
  #media = null;
  #stop = [];
  #nodes = {};

  set session(session) {
    this.#session = session;
    this.invalidate();
  }

  set media(media) {
    this.#media = media;
    this.invalidate();
  }

  build() {
    const act = (name) => ({ click: () => this.notify('waiting-action', { name }) });
    const n = this.#nodes;
    n.heading = h('h1', { tabindex: '-1' });
    n.presenceText = h('span', {});
    n.presence = h('p', { class: 'presence' }, h('span', { class: 'dot' }), n.presenceText);
    n.status = h('p', { class: 'muted call-status', testid: 'call-status', role: 'status' });
    n.reason = h('p', { class: 'note' }, h('span', {}), ' ', h('small', { testid: 'error-code' }));
    n.offline = null;
    n.button = h('button', { type: 'button', class: 'primary', on: { click: () => this.notify('waiting-action', { name: n.button.dataset.action }) } });
    n.leave = h('button', { type: 'button', class: 'quiet', data: { action: 'leave' }, on: act('leave') });
    n.self = h(VideoTile.tag, { class: 'self', muted: true });
    n.mic = h('button', { type: 'button', testid: 'toggle-microphone', on: act('microphone') });
    n.cam = h('button', { type: 'button', testid: 'toggle-camera', on: act('camera') });
    n.stay = h('p', { class: 'muted' });
    n.main = h('div', { class: 'stack' }, n.heading, n.presence, n.status, n.reason, h('div', { class: 'actions' }, n.button), n.stay, h('div', {}, n.leave));
    this.root.append(h('section', { class: 'card' }, h('div', { class: 'grid' }, n.main,
      h('div', { class: 'self-column' }, n.self, h('div', { class: 'toggles' }, n.mic, n.cam)))));
  }

  connected() {
    for (const source of [this.#session, this.#media]) {
      if (source) this.#stop.push(source.on('change', () => this.invalidate()));
    }
  }

  disconnected() {
    for (const stop of this.#stop.splice(0)) stop();
  }

  update() {
    if (!this.#session || !this.#media) return;
    this.#updateTexts();
    this.#updateButton();
    this.#updateSelf();
    this.#updateOffline();
  }

  #updateTexts() {
    const n = this.#nodes;
    const { room, you } = this.#session;
    const other = room && you ? counterpart(room.participants, you) : null;
    const name = other?.name || t('someone');
    const here = other?.presence === 'online';
    const open = room?.callStatus === 'waiting' || room?.callStatus === 'active';
    setText(n.heading, open && other?.inCall ? t('wait.ready', { name }) : t('wait.title'));
    setText(n.presenceText, room ? t(here ? 'wait.here' : 'wait.notHere', { name }) : t('call.connecting'));
    setAttribute(n.presence, 'data-here', here);
    setAttribute(n.status, 'data-state', room?.callStatus ?? 'inactive');
    setAttribute(n.status, 'data-connection', 'none');
    setAttribute(n.status, 'data-signaling', this.#session.signalingState);
    setText(n.status, t(`status.${room?.callStatus ?? 'inactive'}`));
    setText(n.stay, t('wait.stay'));
    setText(n.leave, t('wait.leave'));
  }

  #updateButton() {
    const n = this.#nodes;
    const { room, you, place } = this.#session;
    const state = room && you ? callButton({
      callStatus: room.callStatus, call: room.call, userId: you.userId, role: you.role, inCall: you.inCall,
      canStart: room.canStart, canJoin: room.canJoin, reason: room.reason,
      startPolicy: room.appointment?.startPolicy }) : { action: 'none', label: null, reason: null };
    const shown = state.action !== 'none';
    setAttribute(n.button, 'hidden', !shown);
    setAttribute(n.button, 'disabled', place === 'entering');
    setAttribute(n.button, 'data-testid', shown ? `${state.action}-call` : null);
    setAttribute(n.button, 'data-action', shown ? state.action : null);
    if (shown) setText(n.button, t(state.label));
    const reason = state.reason ? problemCode(state.reason, { closesAt: room.appointment?.closesAt, now: this.#session.serverNow }) : null;
    setAttribute(n.reason, 'hidden', reason === null);
    if (reason) {
      const { opensAt } = room.appointment ?? {};
      setText(n.reason.firstChild, t(`problem.${reason}.title`, { time: opensAt ? formatTime(opensAt) : '' }));
      setText(n.reason.lastChild, reason);
    }
  }

  #updateSelf() {
    const n = this.#nodes;
    const { video } = this.#media.tracks;
    n.self.tracks = video ? [video] : [];
    n.self.media = this.#media.media;
    setAttribute(n.self, 'name', this.#session.you?.name ?? '');
    this.#toggle(n.mic, this.#media.microphoneOn, 'microphone', 'call.micOff', 'call.micOn');
    this.#toggle(n.cam, this.#media.cameraOn, 'camera', 'call.camOff', 'call.camOn');
  }

  #toggle(button, on, picture, offLabel, onLabel) {
    const state = on ? 'on' : 'off';
    if (button.dataset.state !== state) {
      button.dataset.state = state;
      button.replaceChildren(icon(on ? picture : `${picture}-off`), h('span', {}));
    }
    setText(button.lastChild, t(on ? offLabel : onLabel));
  }

  #updateOffline() {
    const n = this.#nodes;
    const lost = this.#session.room !== null && this.#session.signalingState !== 'online';
    if (lost && !n.offline) {
      n.offline = h('p', { class: 'note', testid: 'reconnecting' });
      n.heading.after(n.offline);
    } else if (!lost && n.offline) {
      n.offline.remove();
      n.offline = null;
    }
    if (n.offline) setText(n.offline, t('wait.offline'));
  }
}
