import { h, setText } from '../lib/dom.js';
import { LOCALES, currentLocale, setLocale, t } from '../lib/i18n.js';
import { BaseElement } from './base-element.js';

/** `<language-switch>`: the offered languages, each in its own name. Remembers the choice on this device. */
export class LanguageSwitch extends BaseElement {
  static tag = 'language-switch';
  static css = `
    :host { display: inline-block; }
    select { padding: 0.2rem 0.5rem; font-size: 0.9rem; border: 1.5px solid var(--call-control-line); background: var(--call-card); color: var(--call-fg); max-inline-size: 100%; min-block-size: 48px; }
  `;

  #select;
  #label;

  build() {
    this.#label = h('span', { class: 'visually-hidden' });
    this.#select = h('select', { testid: 'language', on: { change: () => this.#choose() } },
      ...[...LOCALES].map(([code, name]) => h('option', { value: code, lang: code }, name)));
    this.root.append(h('label', {}, this.#label, this.#select));
  }

  update() {
    setText(this.#label, t('language.label'));
    this.#select.value = currentLocale();
  }

  #choose() {
    setLocale(this.#select.value, { remember: true }).catch(() => this.update());
  }
}
