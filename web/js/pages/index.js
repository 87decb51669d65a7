import { LanguageSwitch } from '../elements/language-switch.js';
import { onLocaleChange, startLocale, t } from '../lib/i18n.js';
import { startPage } from '../lib/page.js';

function render() {
  for (const element of document.querySelectorAll('[data-text]')) {
    element.textContent = t(/** @type {HTMLElement} */ (element).dataset.text ?? '');
  }
}

onLocaleChange(render);
await startLocale();
LanguageSwitch.define();
startPage();
