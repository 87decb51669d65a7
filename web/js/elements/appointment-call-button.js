import { h, setAttribute, setText } from '../lib/dom.js';
import { t } from '../lib/i18n.js';
import { callButton } from '../session/call-button.js';
import { BaseElement } from './base-element.js';

/**
 * `<appointment-call-button appointment-id user-role>`: Start becomes Join the moment the other side has
 * started. Property `status`: {callStatus, call, userId, canStart, canJoin, reason, startPolicy}; event
 * `call-open` {appointmentId, action}.
 */
export class AppointmentCallButton extends BaseElement {
  static tag = 'appointment-call-button';
  static css = `
    :host { display: inline-block; }
    button { min-inline-size: 8rem; inline-size: 100%; }
    button.primary { font-size: 1rem; min-block-size: 48px; padding-inline: 1.4rem; }
    button[data-action="join"] { animation: glow 1.6s ease-in-out infinite; }
    @keyframes glow { 50% { box-shadow: 0 0 0 6px color-mix(in srgb, var(--call-accent) 25%, transparent); } }
  `;

  #status = null;
  #button;

  set status(status) {
    this.#status = status;
    this.invalidate();
  }

  build() {
    this.#button = h('button', { type: 'button', class: 'primary', on: { click: () => this.press() } });
    this.root.append(this.#button);
  }

  update() {
    const { action, label } = this.#state();
    setAttribute(this.#button, 'hidden', action === 'none');
    setAttribute(this.#button, 'data-testid', action === 'none' ? null : `${action}-call`);
    setAttribute(this.#button, 'data-action', action);
    if (label) setText(this.#button, t(label));
  }

  /** Does what the button does. */
  press() {
    const { action } = this.#state();
    if (action !== 'none') this.notify('call-open', { appointmentId: this.getAttribute('appointment-id'), action });
  }

  #state() {
    if (!this.#status) return { action: 'none', label: null };
    return callButton({ ...this.#status, role: this.getAttribute('user-role') ?? '' });
  }
}
