import { h, setAttribute, setText } from '../lib/dom.js';
import { direction, t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { BaseElement } from './base-element.js';

/**
 * `<call-controls>`: the bar of a call. The label of a toggle says what pressing it does.
 * Property `state` {microphone, camera, canEnd}; event `call-action` {name: 'microphone' | 'camera' | 'leave' | 'end'}.
 */
export class CallControls extends BaseElement {
  static tag = 'call-controls';
  static css = `
    :host { color: var(--call-stage-fg); }
    .bar { display: flex; justify-content: center; align-items: stretch; gap: clamp(0rem, 1.2vw, 0.9rem); padding: 0.6rem clamp(0.2rem, 2vw, 1rem); }
    button { flex: 1 1 0; max-inline-size: 9rem; min-inline-size: 0; justify-content: flex-start; flex-direction: column; gap: 0.3rem; padding: 0.5rem 0.05rem; overflow-wrap: anywhere; border-radius: 16px; border-color: transparent; background: transparent; color: inherit; font-size: clamp(0.68rem, 3.2vw, 0.9rem); line-height: 1.2; font-weight: 550;  }
    button:hover { background: var(--call-stage-raised); border-color: transparent; }
    button:focus-visible { outline-color: #8db7ff; outline-offset: -2px; }
    .round { inline-size: 3.2rem; block-size: 3.2rem; border-radius: 50%; display: grid; place-items: center; background: var(--call-stage-raised); font-size: 1.05rem; flex: none; }
    button[data-state="off"] .round { background: var(--call-stage-fg); color: var(--call-stage); }
    .leave .round { background: var(--call-stage-danger); color: #fff; }
    .end .round { background: transparent; border: 2px solid #ff8f85; color: #ffb3ab; }
    .gap { flex: 0 0 clamp(0rem, 2vw, 1.5rem); }
    @media (max-height: 30rem) and (orientation: landscape) {
      .bar { flex-direction: column; block-size: 100%; padding: 0.2rem 0.4rem; gap: 0; }
      button { flex: 0 1 auto; inline-size: 6.4rem; min-block-size: 48px; padding: 0.15rem; gap: 0.1rem; font-size: 0.7rem; }
      .round { inline-size: 2.3rem; block-size: 2.3rem; font-size: 0.9rem; }
      .gap { flex-basis: 0.3rem; }
    }
    @media (forced-colors: active) { .round { border: 1.5px solid ButtonText; } }
  `;

  #buttons = {};
  #state = { microphone: true, camera: true, canEnd: false };
  #bar;

  set state(state) {
    this.#state = state;
    this.invalidate();
  }

  build() {
    const add = (name, testid) => {
      const label = h('span', {});
      const round = h('span', { class: 'round' });
      const button = h('button', { type: 'button', class: name, testid, tabindex: '-1',
        on: { click: () => this.notify('call-action', { name }) } }, round, label);
      this.#buttons[name] = { button, label, round, drawn: '' };
      return button;
    };
    this.#bar = h('div', { class: 'bar', role: 'toolbar', on: { keydown: (event) => this.#move(event) } },
      add('microphone', 'toggle-microphone'), add('camera', 'toggle-camera'), h('span', { class: 'gap' }),
      add('leave', 'leave-call'), add('end', 'end-call'));
    this.#buttons.microphone.button.tabIndex = 0;
    this.root.append(this.#bar);
  }

  update() {
    const { microphone, camera, canEnd } = this.#state;
    setAttribute(this.#bar, 'aria-label', t('call.controls'));
    this.#draw('microphone', microphone ? 'call.micOff' : 'call.micOn', microphone ? 'microphone' : 'microphone-off', microphone);
    this.#draw('camera', camera ? 'call.camOff' : 'call.camOn', camera ? 'camera' : 'camera-off', camera);
    this.#draw('leave', 'call.leave', 'leave');
    this.#draw('end', 'call.end', 'stop');
    setAttribute(this.#buttons.end.button, 'hidden', !canEnd);
  }

  #draw(name, label, picture, on) {
    const entry = this.#buttons[name];
    setText(entry.label, t(label));
    if (on !== undefined) entry.button.dataset.state = on ? 'on' : 'off';
    if (entry.drawn === picture) return;
    entry.drawn = picture;
    entry.round.replaceChildren(icon(picture));
  }

  /** Arrow keys follow what is seen, not the order of the code. */
  #move(event) {
    const sign = direction() === 'rtl' ? -1 : 1;
    const step = { ArrowRight: sign, ArrowLeft: -sign, ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    const shown = Object.values(this.#buttons).map((each) => each.button).filter((each) => !each.hidden);
    const from = shown.indexOf(/** @type {any} */ (this.root.activeElement));
    const next = shown[(from + step + shown.length) % shown.length];
    for (const button of shown) button.tabIndex = button === next ? 0 : -1;
    next.focus();
    event.preventDefault();
  }
}
