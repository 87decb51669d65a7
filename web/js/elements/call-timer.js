import { setText, h } from '../lib/dom.js';
import { clockText } from '../lib/duration.js';
import { BaseElement } from './base-element.js';

/** `<call-timer>`: a running clock. Property `seconds`: a function that says what it shows, null for nothing. */
export class CallTimer extends BaseElement {
  static tag = 'call-timer';
  static css = ':host { display: inline-block; color: inherit; }';

  #text;
  #timer = null;
  #seconds = () => null;

  /** @param {() => number | null} seconds */
  set seconds(seconds) {
    this.#seconds = seconds;
    this.invalidate();
  }

  build() {
    this.#text = h('span', { class: 'clock', role: 'timer' });
    this.root.append(this.#text);
  }

  connected() {
    this.#timer = setInterval(() => this.update(), 1000);
  }

  disconnected() {
    clearInterval(this.#timer);
  }

  update() {
    const seconds = this.#seconds();
    setText(this.#text, seconds === null ? '' : clockText(seconds));
  }
}
