import { h, setAttribute, setText } from '../lib/dom.js';
import { announce } from '../lib/announce.js';
import { t } from '../lib/i18n.js';
import { icon } from '../lib/icons.js';
import { BaseElement } from './base-element.js';

const SHOWN_MS = 2000;

/**
 * `<copy-link>`: makes an invite link when pressed, and copies it; where the clipboard is closed, shows it to
 * be copied by hand. Property `createLink`: () => Promise<string>; attribute `name`: whose link it is.
 */
export class CopyLink extends BaseElement {
  static tag = 'copy-link';
  static css = `
    :host { display: inline-block; min-inline-size: 0; }
    button { min-block-size: 48px; font-size: 0.95rem; padding-inline: 1.1rem; inline-size: 100%; }
    input { font: inherit; font-size: 0.9rem; inline-size: 100%; min-block-size: 44px; margin-block-start: 0.5rem; padding-inline: 0.7rem; border: 1.5px solid var(--call-control-line); border-radius: 10px; background: var(--call-card); color: inherit; direction: ltr; }
  `;

  #createLink = async () => '';
  #button;
  #label;
  #field;
  #state = 'link.copy';
  #timer = null;

  set createLink(createLink) {
    this.#createLink = createLink;
  }

  build() {
    this.#label = h('span', {});
    this.#button = h('button', { type: 'button', testid: 'copy-link', on: { click: () => this.#copy() } }, icon('link'), this.#label);
    this.#field = h('input', { readonly: true, hidden: true, on: { focus: () => this.#field.select() } });
    this.root.append(this.#button, this.#field);
  }

  update() {
    setText(this.#label, t(this.#state));
    setAttribute(this.#field, 'aria-label', t('link.label', { name: this.getAttribute('name') ?? '' }));
  }

  async #copy() {
    this.#button.disabled = true;
    let link = '';
    try {
      link = await this.#createLink();
      await navigator.clipboard.writeText(link);
      this.#field.hidden = true;
      this.#say('link.copied');
    } catch {
      this.#field.value = link;
      this.#field.hidden = link === '';
      if (link) this.#field.focus();
      this.#say('link.failed');
    } finally {
      this.#button.disabled = false;
      this.#button.focus();
    }
  }

  #say(key) {
    this.#state = key;
    announce(t(key), { kind: 'copy' });
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => { this.#state = 'link.copy'; this.invalidate(); }, SHOWN_MS);
    this.invalidate();
  }
}
