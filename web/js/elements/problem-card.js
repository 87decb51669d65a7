import { h, setText, setAttribute } from '../lib/dom.js';
import { formatPhone, hasText, t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { BaseElement } from './base-element.js';

/**
 * `<problem-card>`: what happened, why, what to do, whom to phone, and a code to read out.
 * Property `problem`: {code, values?, steps? (key of a list of texts), actions: [{name, label}], phone?};
 * event `problem-action` {name}.
 */
export class ProblemCard extends BaseElement {
  static tag = 'problem-card';
  static css = `
    .mark { inline-size: 3.2rem; block-size: 3.2rem; border-radius: 50%; display: grid; place-items: center; background: var(--call-warn-soft); color: var(--call-warn); font-size: 1.2rem; }
    ol { margin: 0; padding-inline-start: 1.4rem; display: flex; flex-direction: column; gap: 0.4rem; }
    ol:empty { display: none; }
    .foot { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.5rem 1.5rem; border-block-start: 1px solid var(--call-line); padding-block-start: 1rem; font-size: 0.95rem; }
    code { font-family: ui-monospace, monospace; direction: ltr; unicode-bidi: isolate; }
  `;

  #problem = { code: 'UNK-1', actions: [] };
  #title;
  #text;
  #steps;
  #actions;
  #phone;
  #code;
  #codeLabel;

  get problem() {
    return this.#problem;
  }

  set problem(problem) {
    this.#problem = problem;
    this.invalidate();
  }

  build() {
    this.#title = h('h1', { tabindex: '-1' });
    this.#text = h('p', {});
    this.#steps = h('ol', {});
    this.#actions = h('div', { class: 'actions row' });
    this.#phone = h('span', {});
    this.#codeLabel = h('span', {});
    this.#code = h('code', { testid: 'error-code' });
    this.root.append(h('section', { class: 'card stack' }, h('div', { class: 'mark' }, icon('warning')),
      this.#title, this.#text, this.#steps, this.#actions,
      h('div', { class: 'foot muted' }, this.#phone, h('span', {}, this.#codeLabel, ' ', this.#code))));
  }

  update() {
    const { code, values = {}, steps, actions = [], phone } = this.#problem;
    setText(this.#title, t(`problem.${code}.title`, values));
    const text = `problem.${code}.text`;
    setText(this.#text, hasText(text) ? t(text, values) : '');
    setAttribute(this.#text, 'hidden', !hasText(text));
    const lines = steps ? t(steps, values).split('\n') : [];
    this.#steps.replaceChildren(...lines.map((line) => h('li', {}, line)));
    this.#showActions(actions, values);
    setText(this.#phone, phone ? t('help.phone', { number: formatPhone(phone) }) : '');
    setText(this.#codeLabel, t('problem.code'));
    setText(this.#code, code);
  }

  #showActions(actions, values) {
    const wanted = actions.map((each) => each.name).join();
    if (this.#actions.dataset.names !== wanted) {
      this.#actions.dataset.names = wanted;
      this.#actions.replaceChildren(...actions.map(({ name, testid }, index) => h('button', {
        type: 'button', class: index === 0 ? 'primary' : '', testid, data: { action: name },
        on: { click: () => this.notify('problem-action', { name }) } })));
    }
    actions.forEach(({ label }, index) => setText(this.#actions.children[index], t(label, values)));
  }
}
