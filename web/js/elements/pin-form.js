import { h, setAttribute, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { BaseElement } from './base-element.js';

/**
 * `<pin-form>`: asks for the PIN of an invite. Property `triesLeft`: how many tries there are after a wrong one, null
 * before the first; event `pin-entered` {pin}.
 */
export class PinForm extends BaseElement {
  static tag = 'pin-form';
  static css = `
    form { display: flex; flex-direction: column; gap: 1.1rem; align-items: flex-start; }
    label { font-weight: 600; display: flex; flex-direction: column; gap: 0.4rem; }
    input {
      font: inherit; font-size: 1.6rem; letter-spacing: 0.35em; inline-size: 9em; max-inline-size: 100%; direction: ltr;
      min-block-size: 60px; padding: 0.4rem 0.8rem; border: 1.5px solid var(--call-control-line); border-radius: 12px;
      background: var(--call-card); color: inherit;
    }
    input[aria-invalid='true'] { border-color: var(--call-danger); }
    .wrong { color: var(--call-danger); font-weight: 600; }
  `;

  #triesLeft = null;
  #busy = false;
  #title;
  #text;
  #label;
  #input;
  #wrong;
  #send;

  get triesLeft() {
    return this.#triesLeft;
  }

  set triesLeft(count) {
    this.#triesLeft = count;
    this.busy = false;
    if (this.#input && count !== null) {
      this.#input.value = '';
      this.#input.focus();
    }
  }

  /** While an answer is awaited nothing else can be sent. */
  set busy(busy) {
    this.#busy = busy;
    this.invalidate();
  }

  build() {
    this.#title = h('h1', { tabindex: '-1' });
    this.#text = h('p', {});
    this.#label = h('span', {});
    this.#input = h('input', {
      type: 'text', inputmode: 'numeric', autocomplete: 'one-time-code', pattern: '[0-9]*', maxlength: '12', required: true,
      testid: 'pin', 'aria-describedby': 'wrong' });
    this.#wrong = h('p', { class: 'wrong', id: 'wrong', role: 'alert' });
    this.#send = h('button', { type: 'submit', class: 'primary', testid: 'enter-pin' });
    const form = h('form', { on: { submit: (event) => this.#submit(event) } },
      h('label', {}, this.#label, this.#input), this.#wrong, this.#send);
    this.root.append(h('section', { class: 'card stack' }, this.#title, this.#text, form));
  }

  update() {
    const wrong = this.#triesLeft !== null;
    setText(this.#title, t('pin.title'));
    setText(this.#text, t('pin.text'));
    setText(this.#label, t('pin.label'));
    setText(this.#wrong, wrong ? t('pin.wrong', { n: this.#triesLeft }) : '');
    setAttribute(this.#wrong, 'hidden', !wrong);
    setAttribute(this.#input, 'aria-invalid', wrong ? 'true' : null);
    setText(this.#send, t('pin.continue'));
    setAttribute(this.#send, 'disabled', this.#busy);
  }

  focusHeading() {
    this.#input.focus();
  }

  #submit(event) {
    event.preventDefault();
    const pin = this.#input.value.trim();
    if (!pin || this.#busy) return;
    this.busy = true;
    this.notify('pin-entered', { pin });
  }
}
