import { direction, onLocaleChange } from '../lib/i18n.js';
import { sharedSheet } from './shared-styles.js';

/**
 * What all our elements have in common: an open shadow root with the shared look, one `build` when first
 * connected, and an `update` after each `invalidate`, many of which make one. `update` sets every text, so a
 * change of language is just another update.
 */
export class BaseElement extends HTMLElement {
  /** Name of this element in HTML. */
  static tag = '';
  /** Style of this element, as text. */
  static css = '';
  static #sheets = new Map();

  #built = false;
  #scheduled = false;
  #stopLocale = null;

  constructor() {
    super();
    this.attachShadow({ mode: 'open' });
    const type = /** @type {typeof BaseElement} */ (this.constructor);
    if (!BaseElement.#sheets.has(type)) {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(type.css);
      BaseElement.#sheets.set(type, sheet);
    }
    this.root.adoptedStyleSheets = [sharedSheet(), BaseElement.#sheets.get(type)];
  }

  /** Registers the element unless that was done before. */
  static define() {
    if (!customElements.get(this.tag)) customElements.define(this.tag, this);
  }

  /** @returns {ShadowRoot} */
  get root() {
    return /** @type {ShadowRoot} */ (this.shadowRoot);
  }

  connectedCallback() {
    this.#stopLocale = onLocaleChange(() => this.invalidate());
    if (!this.#built) {
      this.#built = true;
      this.build();
    }
    this.connected();
    this.#render();
  }

  disconnectedCallback() {
    this.#stopLocale?.();
    this.#stopLocale = null;
    this.disconnected();
  }

  /** Creates the nodes, once. */
  build() {}

  /** Brings the nodes up to date. */
  update() {}

  connected() {}

  disconnected() {}

  /** Asks for an update soon. */
  invalidate() {
    if (this.#scheduled || !this.#built) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (this.isConnected) this.#render();
    });
  }

  /**
   * @param {string} type
   * @param {any} [detail]
   * @returns {boolean} false if a listener prevented the default
   */
  notify(type, detail) {
    return this.dispatchEvent(new CustomEvent(type, { detail, bubbles: true, composed: true, cancelable: true }));
  }

  /** Moves focus to the heading of a new screen, so that a screen reader starts there. */
  focusHeading() {
    this.root.querySelector('h1')?.focus({ preventScroll: false });
  }

  #render() {
    this.dir = direction();
    this.update();
  }
}
