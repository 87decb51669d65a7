import { h, setAttribute, setText } from '../lib/dom.js';
import { chime } from '../lib/chime.js';
import { t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { meterMicrophone } from '../media/mic-meter.js';
import { BaseElement } from './base-element.js';
import { VideoTile } from './video-tile.js';

/**
 * `<device-check>`: picture, microphone level and a test sound. Property `media` (LocalMedia, acquired by the
 * page that shows this); property `name`.
 */
export class DeviceCheck extends BaseElement {
  static tag = 'device-check';
  static css = `
    .grid { display: grid; gap: 1.2rem; }
    @media (min-width: 44rem) { .grid { grid-template-columns: 3fr 2fr; align-items: center; } }
    .preview { aspect-ratio: 16 / 10; border-radius: 14px; }
    .row { display: flex; flex-direction: column; gap: 0.5rem; }
    .title { display: flex; align-items: center; gap: 0.6rem; font-weight: 600; }
    .meter { block-size: 14px; border-radius: 999px; background: var(--call-line); overflow: hidden; }
    .fill { block-size: 100%; inline-size: 100%; background: var(--call-ok); transform: scaleX(var(--level, 0)); transform-origin: 0 50%; }
    :host([dir="rtl"]) .fill { transform-origin: 100% 50%; }
    @media (forced-colors: active) { .meter { border: 1px solid CanvasText; } .fill { background: Highlight; } }
  `;

  #media = null;
  #preview;
  #rows = {};
  #fill;
  #meter;
  #verdict = 'listening';
  #stopMeter = null;
  #metered = null;
  #stopMedia = null;
  #sound;

  set media(media) {
    this.#media = media;
    this.invalidate();
  }

  build() {
    this.#preview = h(VideoTile.tag, { class: 'preview', muted: true });
    this.#fill = h('div', { class: 'fill' });
    this.#meter = h('div', { class: 'meter', role: 'meter', 'aria-valuemin': '0', 'aria-valuemax': '100' }, this.#fill);
    this.#sound = h('button', { type: 'button', on: { click: () => chime('test') } }, icon('speaker'), h('span', {}));
    this.root.append(h('div', { class: 'grid' }, this.#preview, h('div', { class: 'stack' },
      this.#row('camera', 'camera'), this.#row('microphone', 'microphone', this.#meter), this.#sound)));
  }

  connected() {
    this.#stopMedia = this.#media?.on('change', () => this.invalidate());
  }

  disconnected() {
    this.#stopMedia?.();
    this.#stopMeter?.();
    this.#metered = null;
  }

  update() {
    if (!this.#media) return;
    const { audio, video } = this.#media.tracks;
    this.#preview.tracks = video ? [video] : [];
    this.#preview.media = { audio: true, video: this.#media.cameraOn };
    setText(this.#rows.camera, t(this.#media.cameraOn ? 'check.cameraOk' : 'check.cameraOff'));
    const verdict = audio ? { listening: 'check.speak', heard: 'check.micOk', silent: 'check.silent' }[this.#verdict] : 'problem.DEV-1.title';
    setText(this.#rows.microphone, t(verdict));
    setAttribute(this.#meter, 'aria-label', t('check.meter'));
    setText(this.#sound.lastChild, t('check.playSound'));
    this.#listenTo(audio);
  }

  #row(name, picture, ...more) {
    this.#rows[name] = h('span', {});
    return h('div', { class: 'row' }, h('div', { class: 'title' }, icon(picture), this.#rows[name]), ...more);
  }

  #listenTo(track) {
    if (track === this.#metered) return;
    this.#stopMeter?.();
    this.#metered = track;
    this.#stopMeter = track ? meterMicrophone(track, ({ level, verdict }) => {
      this.#fill.style.setProperty('--level', level.toFixed(2));
      setAttribute(this.#meter, 'aria-valuenow', Math.round(level * 100));
      if (verdict !== this.#verdict) {
        this.#verdict = verdict;
        this.invalidate();
      }
    }) : null;
  }
}
