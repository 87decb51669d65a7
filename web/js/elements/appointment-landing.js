import { h, setAttribute, setText } from '../lib/dom.js';
import { formatDay, formatTime, t } from '../lib/i18n.js';
import { counterpart } from '../session/call-button.js';
import { problemCode } from '../session/problems.js';
import { BaseElement } from './base-element.js';
import { DeviceCheck } from './device-check.js';

/**
 * `<appointment-landing>`: "am I at the right place", before any permission is asked for. Property `view`:
 * {appointment, me: {userId, role}, status, clinic, media, checking, busy}; event `landing-action`
 * {name: 'check' | 'enter' | 'sound-only'}.
 */
export class AppointmentLanding extends BaseElement {
  static tag = 'appointment-landing';
  static css = `
    .when { font-size: 1.3rem; font-weight: 600; }
    .note { background: var(--call-soft); border-radius: 14px; padding: 0.9rem 1.1rem; }
  `;

  #view = null;
  #heading;
  #when;
  #reason;
  #live;
  #checkSlot;
  #check = null;
  #checkButton;
  #enterButton;
  #soundButton;
  #emergency;
  #allow;

  set view(view) {
    this.#view = view;
    this.invalidate();
  }

  build() {
    const act = (name) => ({ click: () => this.notify('landing-action', { name }) });
    this.#heading = h('h1', { tabindex: '-1' });
    this.#when = h('p', { class: 'when' });
    this.#reason = h('p', { class: 'note' }, h('span', {}), ' ', h('small', { testid: 'error-code' }));
    this.#live = h('p', { class: 'note' });
    this.#checkSlot = h('div', {});
    this.#enterButton = h('button', { type: 'button', class: 'primary', testid: 'enter-waiting-room', on: act('enter') });
    this.#checkButton = h('button', { type: 'button', testid: 'check-devices', on: act('check') });
    this.#soundButton = h('button', { type: 'button', class: 'quiet', data: { action: 'sound-only' }, on: act('sound-only') });
    this.#emergency = h('p', { class: 'muted' });
    this.#allow = h('p', { class: 'muted' });
    this.root.append(h('section', { class: 'card stack' }, this.#heading, this.#when, this.#live, this.#reason, this.#checkSlot, this.#allow,
      h('div', { class: 'actions' }, this.#enterButton, this.#checkButton, this.#soundButton), this.#emergency));
  }

  update() {
    if (!this.#view) return;
    const { appointment, me, clinic, status, checking, busy } = this.#view;
    const name = counterpart(appointment.participants ?? [], me)?.name || t('someone');
    setText(this.#heading, t('landing.title', { name }));
    setText(this.#when, t('landing.when', {
      day: formatDay(appointment.start), from: formatTime(appointment.start), to: formatTime(appointment.end) }));
    this.#updateReason(status, appointment);
    const live = appointment.callStatus === 'waiting' || appointment.callStatus === 'active';
    setText(this.#live, t('landing.live', { name }));
    setAttribute(this.#live, 'hidden', !live);
    setText(this.#enterButton, t('check.go'));
    setAttribute(this.#enterButton, 'disabled', busy);
    setText(this.#allow, t('landing.allow'));
    setAttribute(this.#allow, 'hidden', checking);
    setText(this.#checkButton, t('landing.check'));
    setAttribute(this.#checkButton, 'hidden', checking);
    setAttribute(this.#checkButton, 'disabled', busy);
    setText(this.#soundButton, t('landing.audioOnly'));
    setText(this.#emergency, clinic?.emergencyNumber ? t('landing.emergency', { number: clinic.emergencyNumber }) : '');
    setAttribute(this.#emergency, 'hidden', !clinic?.emergencyNumber);
    this.#showCheck(checking);
  }

  /** Why no call can be started yet; the waiting room is open all the same. */
  #updateReason(status, appointment) {
    const live = status?.callStatus === 'waiting' || status?.callStatus === 'active';
    const code = status?.reason && !(live ? status.canJoin : status.canStart)
      ? problemCode(status.reason, { closesAt: status.closesAt }) : null;
    setAttribute(this.#reason, 'hidden', code === null);
    if (code === null) return;
    setText(this.#reason.firstChild, t(`problem.${code}.title`, { time: formatTime(status.opensAt ?? appointment.start) }));
    setText(this.#reason.lastChild, code);
  }

  #showCheck(checking) {
    if (checking && !this.#check) {
      this.#check = new DeviceCheck();
      this.#check.media = this.#view.media;
      this.#checkSlot.replaceChildren(this.#check);
    } else if (!checking && this.#check) {
      this.#check = null;
      this.#checkSlot.replaceChildren();
    }
    setAttribute(this.#checkSlot, 'hidden', !checking);
  }
}
