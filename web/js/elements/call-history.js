import { h, setText } from '../lib/dom.js';
import { clockText } from '../lib/duration.js';
import { formatDateTime, hasText, t } from '../lib/i18n.js';
import { BaseElement } from './base-element.js';

const STAFF = new Set(['doctor', 'agent', 'admin']);
const COLUMNS = ['when', 'patient', 'staff', 'media', 'duration', 'state', 'endReason'];

/**
 * `<call-history>`: calls as a table, as cards where it is narrow; a row opens to what happened in it.
 * Properties: `calls`; `loadEvents`: (callId) => Promise<any[]>.
 */
export class CallHistory extends BaseElement {
  static tag = 'call-history';
  static css = `
    table { inline-size: 100%; border-collapse: collapse; background: var(--call-card); border-radius: var(--call-radius); overflow: hidden; box-shadow: var(--call-shadow); }
    th, td { text-align: start; padding: 0.75rem 1rem; border-block-end: 1px solid var(--call-line); vertical-align: middle; overflow-wrap: anywhere; }
    thead th { color: var(--call-muted); font-weight: 600; font-size: 0.9rem; }
    td .clock { font-variant-numeric: tabular-nums; }
    button { min-block-size: 40px; padding: 0.2rem 0.9rem; font-size: 0.9rem; }
    .events { margin: 0; padding: 0; list-style: none; display: flex; flex-direction: column; gap: 0.4rem; }
    .events time { color: var(--call-muted); margin-inline-end: 0.8rem; font-variant-numeric: tabular-nums; }
    .events code { direction: ltr; unicode-bidi: isolate; }
    .empty { padding: 2.5rem 1rem; text-align: center; color: var(--call-muted); }
    @media (max-width: 45rem) {
      table, tbody, tr, td { display: block; }
      thead { position: absolute; clip-path: inset(50%); inline-size: 1px; block-size: 1px; overflow: hidden; }
      tr { padding: 0.6rem 0; border-block-end: 1px solid var(--call-line); }
      td { border: 0; display: flex; justify-content: space-between; gap: 1rem; padding: 0.25rem 1rem; }
      td::before { content: attr(data-label); color: var(--call-muted); flex: none; }
      td:last-child { justify-content: stretch; } td:last-child button { flex: 1; }
    }
  `;

  #calls = [];
  #open = new Map();
  /** @type {(callId: string) => Promise<any[]>} */
  #loadEvents = async () => [];
  #head;
  #body;
  #empty;

  /** @param {any[]} calls */
  set calls(calls) {
    this.#calls = calls;
    this.invalidate();
  }

  /** @param {(callId: string) => Promise<any[]>} loadEvents */
  set loadEvents(loadEvents) {
    this.#loadEvents = loadEvents;
  }

  build() {
    this.#head = h('tr', {}, ...[...COLUMNS, 'details'].map(() => h('th', { scope: 'col' })));
    this.#body = h('tbody', {});
    this.#empty = h('p', { class: 'empty' });
    this.root.append(h('table', { testid: 'history-table' }, h('thead', {}, this.#head), this.#body), this.#empty);
  }

  update() {
    [...COLUMNS, 'details'].forEach((name, index) => setText(this.#head.children[index], t(`admin.${name}`)));
    setText(this.#empty, t('admin.empty'));
    this.#empty.hidden = this.#calls.length > 0;
    const focused = /** @type {HTMLElement | null} */ (this.root.activeElement)?.dataset.callId;
    this.#body.replaceChildren(...this.#calls.flatMap((call) => this.#rows(call)));
    if (focused) /** @type {any} */ (this.root.querySelector(`button[data-call-id="${CSS.escape(focused)}"]`))?.focus();
  }

  #rows(call) {
    const cells = COLUMNS.map((name) => h('td', { data: { label: t(`admin.${name}`) } }, this.#cell(name, call)));
    const open = this.#open.has(call.callId);
    const button = h('button', {
      type: 'button', 'aria-expanded': String(open), data: { callId: call.callId },
      on: { click: () => this.#toggle(call.callId) } }, t(open ? 'admin.close' : 'admin.details'));
    const row = h('tr', { data: { callId: call.callId, state: call.state, endReason: call.endReason ?? '' } }, ...cells, h('td', {}, button));
    if (!open) return [row];
    return [row, h('tr', {}, h('td', { colspan: COLUMNS.length + 1 }, this.#events(call, this.#open.get(call.callId))))];
  }

  #cell(name, call) {
    const people = (condition) => (call.participants ?? []).filter(condition).map((each) => each.name || each.userId).join(', ') || '-';
    switch (name) {
      case 'when': return h('time', { datetime: call.createdAt }, formatDateTime(call.createdAt));
      case 'patient': return h('bdi', {}, people((each) => !STAFF.has(each.role)));
      case 'staff': return h('bdi', {}, people((each) => STAFF.has(each.role)));
      case 'media': return t(call.media === 'audio' ? 'list.audio' : 'list.video');
      case 'duration': return h('span', { class: 'clock' }, clockText(call.durationSeconds ?? 0));
      case 'state': return t(`state.${call.state}`);
      default: {
        const key = `reason.${call.endReason}`;
        return call.endReason ? (hasText(key) ? t(key) : call.endReason) : '-';
      }
    }
  }

  async #toggle(callId) {
    if (this.#open.delete(callId)) {
      this.invalidate();
      return;
    }
    this.#open.set(callId, null);
    this.invalidate();
    const events = await this.#loadEvents(callId).catch(() => []);
    if (this.#open.has(callId)) this.#open.set(callId, events);
    this.invalidate();
  }

  #events(call, events) {
    if (events === null) return h('span', { class: 'spinner' });
    return h('ol', { class: 'events', 'aria-label': t('admin.events') }, ...events.map((event) => h('li', {},
      h('time', { datetime: event.at }, formatDateTime(event.at)),
      h('code', {}, event.type), ' ', h('span', { class: 'muted' }, this.#who(call, event)))));
  }

  #who(call, event) {
    const person = call.participants?.find((each) => each.participantId === event.participantId);
    return person?.name ?? '';
  }
}
