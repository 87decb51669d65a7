import { h, setAttribute, setText } from '../lib/dom.js';
import { formatDuration, hasText, t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { BaseElement } from './base-element.js';

/**
 * `<call-summary>`: the call is over, or this person has left it. Property `summary`:
 * {reason, durationSeconds, name, canRejoin, canStartAgain}; event `summary-action` {name: 'rejoin' | 'close'}.
 */
export class CallSummary extends BaseElement {
  static tag = 'call-summary';
  static css = `
    .mark { inline-size: 3.6rem; block-size: 3.6rem; border-radius: 50%; display: grid; place-items: center; background: var(--call-soft); color: var(--call-accent); font-size: 1.4rem; }
    .duration { font-size: 1.2rem; }
  `;

  #summary = null;
  #nodes = {};

  set summary(summary) {
    this.#summary = summary;
    this.invalidate();
  }

  build() {
    const n = this.#nodes;
    n.heading = h('h1', { tabindex: '-1' });
    n.reason = h('p', { testid: 'call-status', data: { state: 'ended', connection: 'none' } });
    n.duration = h('p', { class: 'duration' });
    n.rejoin = h('button', { type: 'button', class: 'primary', on: { click: () => this.notify('summary-action', { name: 'rejoin' }) } });
    n.close = h('button', { type: 'button', data: { action: 'close' }, on: { click: () => this.notify('summary-action', { name: 'close' }) } });
    this.root.append(h('section', { class: 'card stack' }, h('div', { class: 'mark' }, icon('check')), n.heading, n.reason,
      n.duration, h('div', { class: 'actions row' }, n.rejoin, n.close)));
  }

  update() {
    if (!this.#summary) return;
    const n = this.#nodes;
    const { reason, durationSeconds, name, canRejoin, canClose, state } = this.#summary;
    const left = reason === 'left' && canRejoin;
    setText(n.heading, t(left ? 'end.leftTitle' : 'end.title'));
    const key = reason === 'left' && !canRejoin ? 'end.reason.leftLast' : `end.reason.${reason}`;
    setText(n.reason, t(hasText(key) ? key : 'end.reason.other', { name }));
    setAttribute(n.reason, 'data-state', state ?? 'ended');
    const timed = typeof durationSeconds === 'number' && durationSeconds > 0;
    setText(n.duration, timed ? t('end.duration', { d: formatDuration(durationSeconds) }) : '');
    setAttribute(n.duration, 'hidden', !timed);
    setAttribute(n.rejoin, 'hidden', !canRejoin && !this.#summary.canStartAgain);
    const over = !canRejoin && (reason === 'completed' || reason === 'ended-by-me');
    n.rejoin.className = over ? '' : 'primary';
    n.close.className = over ? 'primary' : '';
    setAttribute(n.rejoin, 'data-testid', canRejoin ? 'join-call' : 'start-call');
    setText(n.rejoin, t(canRejoin ? 'wait.rejoin' : 'wait.again'));
    setAttribute(n.close, 'hidden', !canClose);
    setText(n.close, t('end.close'));
  }
}
