import { h, setAttribute, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { BaseElement } from './base-element.js';

/**
 * `<video-tile>`: one person's picture and sound, or their initials and what is off.
 * Attributes: `name`, `named` (the name is shown), `muted` (no sound, mirrored: one's own picture), `video-testid`.
 * Properties: `tracks` (MediaStreamTrack[]), `media` {audio, video}, `note` (text on the stage).
 */
export class VideoTile extends BaseElement {
  static tag = 'video-tile';
  static observedAttributes = ['name', 'muted', 'named'];
  static css = `
    :host { position: relative; overflow: hidden; background: var(--call-stage-raised); color: var(--call-stage-fg); display: grid; min-block-size: 0; }
    video { inline-size: 100%; block-size: 100%; object-fit: cover; display: block; grid-area: 1 / 1; min-block-size: 0; background: var(--call-stage-raised); }
    :host([fit="contain"]) video { object-fit: contain; }
    :host([muted]) video { transform: scaleX(-1); }
    video.off { opacity: 0; }
    .person { grid-area: 1 / 1; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 1rem; padding: 1rem; text-align: center; min-inline-size: 0; }
    .avatar { inline-size: clamp(3.2rem, 18vmin, 8.5rem); aspect-ratio: 1; border-radius: 50%; display: grid; place-items: center; background: #31504a; font-size: clamp(1.3rem, 7vmin, 3.2rem); font-weight: 600; }
    .note { font-size: clamp(1.1rem, 3.6vmin, 1.5rem); max-inline-size: 26ch; overflow-wrap: anywhere; }
    .note:empty { display: none; }
    .badges { position: absolute; inset-block-end: 0.7rem; inset-inline-start: 0.7rem; inset-inline-end: 0.7rem; display: flex; flex-wrap: wrap; gap: 0.4rem; pointer-events: none; }
    .badge { display: inline-flex; align-items: center; gap: 0.4rem; background: #0c1211e0; border-radius: 999px; padding: 0.3rem 0.8rem; font-size: 0.95rem; }
    .hear { position: absolute; inset-inline: 1rem; inset-block-end: 1rem; z-index: 2; }
    :host([compact]) .avatar { inline-size: 3rem; font-size: 1.1rem; }
    :host([compact]) .badges { inset: auto 0.35rem 0.35rem; }
    :host([compact]) .badge { padding: 0.25rem; }
    :host([compact]) .badge span { position: absolute; clip-path: inset(50%); }
    :host([compact]) .note { display: none; }
  `;

  #stream = new MediaStream();
  #watched = new Set();
  #onUnmute = () => this.#useTracks();
  #media = { audio: true, video: true };
  #note = '';
  #video;
  #person;
  #avatar;
  #noteText;
  #nameBadge;
  #micBadge;
  #camBadge;
  #hear;

  /** @param {MediaStreamTrack[]} tracks */
  set tracks(tracks) {
    const given = tracks.filter(Boolean);
    for (const track of given) if (!this.#watched.has(track)) this.#watch(track);
    for (const track of [...this.#watched]) if (!given.includes(track)) this.#unwatch(track);
    this.#useTracks();
  }

  /** @param {{audio: boolean, video: boolean}} media */
  set media(media) {
    this.#media = media;
    this.invalidate();
  }

  /** @param {string} note */
  set note(note) {
    this.#note = note;
    this.invalidate();
  }

  attributeChangedCallback() {
    this.invalidate();
  }

  build() {
    this.#video = h('video', { autoplay: true, playsinline: true, testid: this.getAttribute('video-testid') });
    this.#video.muted = this.hasAttribute('muted');
    this.#video.srcObject = this.#stream;
    this.#avatar = h('div', { class: 'avatar', 'aria-hidden': 'true' });
    this.#noteText = h('div', { class: 'note' });
    this.#person = h('div', { class: 'person' }, this.#avatar, this.#noteText);
    this.#nameBadge = h('div', { class: 'badge' }, h('bdi', {}));
    this.#micBadge = h('div', { class: 'badge' }, icon('microphone-off'), h('span', {}));
    this.#camBadge = h('div', { class: 'badge' }, icon('camera-off'), h('span', {}));
    this.#hear = h('button', { type: 'button', class: 'primary hear', hidden: true, on: { click: () => this.#play() } });
    this.root.append(this.#video, this.#person, h('div', { class: 'badges' }, this.#nameBadge, this.#micBadge, this.#camBadge), this.#hear);
  }

  disconnected() {
    for (const track of [...this.#watched]) this.#unwatch(track);
  }

  update() {
    const name = this.getAttribute('name') ?? '';
    const own = this.hasAttribute('muted');
    const picture = this.#media.video && this.#stream.getVideoTracks().length > 0;
    this.#video.classList.toggle('off', !picture);
    setAttribute(this.#video, 'aria-label', own ? t('call.ownPicture') : t('call.pictureOf', { name }));
    setAttribute(this.#person, 'hidden', picture && !this.#note);
    setText(this.#avatar, initials(name));
    setText(this.#noteText, this.#note);
    setAttribute(this.#nameBadge, 'hidden', !this.hasAttribute('named'));
    setText(this.#nameBadge.lastChild, name);
    setAttribute(this.#micBadge, 'hidden', this.#media.audio);
    setText(this.#micBadge.lastChild, t(own ? 'call.muted' : 'call.theyMuted', { name }));
    setAttribute(this.#camBadge, 'hidden', this.#media.video || own);
    setText(this.#camBadge.lastChild, t('call.theyCameraOff', { name }));
    setText(this.#hear, t('call.tapHear', { name }));
  }

  #watch(track) {
    this.#watched.add(track);
    track.addEventListener('unmute', this.#onUnmute);
  }

  #unwatch(track) {
    this.#watched.delete(track);
    track.removeEventListener('unmute', this.#onUnmute);
  }

  /**
   * A picture joins the stream with its first frame: Chromium plays no sound of a stream whose video track has
   * not had one, and who has no camera, or has it off, never sends one.
   */
  #useTracks() {
    const stream = this.#stream;
    const wanted = [...this.#watched].filter((track) => track.kind === 'audio' || !track.muted || stream.getTracks().includes(track));
    for (const track of stream.getTracks()) if (!wanted.includes(track)) stream.removeTrack(track);
    for (const track of wanted) if (!stream.getTracks().includes(track)) stream.addTrack(track);
    this.#play();
    this.invalidate();
  }

  async #play() {
    if (!this.#video) return;
    try {
      await this.#video.play();
      this.#hear.hidden = true;
    } catch (error) {
      if (error.name === 'NotAllowedError') this.#hear.hidden = false;
    }
  }
}

/**
 * @param {string} name
 * @returns {string} one or two letters
 */
export function initials(name) {
  const words = name.replace(/^(dr|prof|bs|د)\.?\s+/i, '').split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ''].map((word) => [...(word ?? '')][0] ?? '');
  return letters.join('').toUpperCase();
}
