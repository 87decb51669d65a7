import { h, setAttribute, setText } from '../lib/dom.js';
import { formatTime, t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { counterpart } from '../session/call-button.js';
import { buttonStatus, chipState, isWaiting } from '../session/day-list.js';
import { AppointmentCallButton } from './appointment-call-button.js';
import { BaseElement } from './base-element.js';
import { CopyLink } from './copy-link.js';

/**
 * `<appointment-card>`: one appointment of the day's list. Property `view`: {appointment, me, now, createLink}.
 * Events of its button and link bubble.
 */
export class AppointmentCard extends BaseElement {
  static tag = 'appointment-card';
  static css = `
    .card { display: grid; grid-template-columns: 7rem minmax(0, 1fr) auto; gap: 0.4rem 1.2rem; align-items: center; padding: 1rem 1.3rem; }
    .time { font-variant-numeric: tabular-nums; font-size: 1.2rem; font-weight: 650; white-space: nowrap; }
    .time small { display: block; font-weight: 400; font-size: 0.9rem; color: var(--call-muted); }
    .name { font-size: 1.1rem; font-weight: 600; overflow-wrap: anywhere; }
    .facts { display: flex; flex-wrap: wrap; gap: 0.3rem 0.8rem; align-items: center; margin-block-start: 0.25rem; font-size: 0.95rem; }
    .fact { display: inline-flex; gap: 0.35rem; align-items: center; color: var(--call-muted); }
    .chip { border-radius: 999px; padding: 0.12rem 0.75rem; background: var(--call-soft); font-weight: 550; }
    .chip[data-chip="arrived"], .chip[data-chip="waiting"], .chip[data-chip="unpaid"] { background: var(--call-warn-soft); color: var(--call-warn); }
    .chip[data-chip="active"] { background: var(--call-accent); color: var(--call-on-accent); }
    :host([waiting]) .card { border-color: var(--call-accent); border-inline-start-width: 6px; }
    .buttons { display: flex; flex-wrap: wrap; gap: 0.6rem; justify-content: flex-end; }
    @media (max-width: 44rem) { .card { grid-template-columns: minmax(0, 1fr); } .time small { display: inline; margin-inline-start: 0.5rem; } .buttons { justify-content: stretch; margin-block-start: 0.5rem; } .buttons > * { flex: 1 1 9rem; } }
    @media (forced-colors: active) { .chip { border: 1px solid CanvasText; } }
  `;

  #view = null;
  #nodes = {};

  set view(view) {
    this.#view = view;
    this.invalidate();
  }

  build() {
    const n = this.#nodes;
    n.from = h('span', {});
    n.to = h('small', {});
    n.name = h('h2', { class: 'name' });
    n.chip = h('span', { class: 'chip', testid: 'call-status' });
    n.media = h('span', {});
    n.mediaIcon = h('span', {});
    n.link = new CopyLink();
    n.button = new AppointmentCallButton();
    this.root.append(h('article', { class: 'card' }, h('div', { class: 'time' }, n.from, n.to),
      h('div', {}, n.name, h('div', { class: 'facts' }, n.chip, h('span', { class: 'fact' }, n.mediaIcon, n.media))),
      h('div', { class: 'buttons' }, n.link, n.button)));
  }

  update() {
    if (!this.#view) return;
    const n = this.#nodes;
    const { appointment, me, now, createLink } = this.#view;
    const other = counterpart(appointment.participants ?? [], me);
    const name = other?.name || t('someone');
    setText(n.from, formatTime(appointment.start));
    setText(n.to, formatTime(appointment.end));
    setText(n.name, name);
    const chip = chipState(appointment);
    setText(n.chip, t(`chip.${chip}`));
    setAttribute(n.chip, 'data-chip', chip);
    setAttribute(n.chip, 'data-state', appointment.callStatus);
    setAttribute(n.chip, 'data-connection', 'none');
    setAttribute(this, 'waiting', isWaiting(appointment));
    setText(n.media, t(appointment.media === 'audio' ? 'list.audio' : 'list.video'));
    if (!n.mediaIcon.firstChild) n.mediaIcon.append(icon(appointment.media === 'audio' ? 'phone' : 'camera'));
    setAttribute(n.button, 'appointment-id', appointment.id);
    setAttribute(n.button, 'user-role', me.role);
    n.button.status = buttonStatus(appointment, { userId: me.userId, now });
    setAttribute(n.link, 'name', name);
    setAttribute(n.link, 'hidden', !other);
    n.link.createLink = () => createLink(appointment, other);
  }
}
