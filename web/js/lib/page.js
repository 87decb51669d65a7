/**
 * The title of the page: what is shown, then the clinic; and for a moment that must not be missed, the news
 * first, until somebody looks.
 */
export class PageTitle {
  #text = '';
  #clinic = '';
  #news = '';

  constructor() {
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') this.#clear();
    });
    window.addEventListener('focus', () => this.#clear());
  }

  set clinic(name) {
    this.#clinic = name;
    this.#render();
  }

  /** @param {string} text */
  set(text) {
    this.#text = text;
    this.#news = '';
    this.#render();
  }

  /** @param {string} text shown until the page is looked at */
  flash(text) {
    this.#news = text;
    this.#render();
  }

  #clear() {
    if (!this.#news || !document.hasFocus()) return;
    this.#news = '';
    this.#render();
  }

  #render() {
    document.title = (this.#news ? [`(1) ${this.#news}`] : [this.#text, this.#clinic]).filter(Boolean).join(' - ')
      .replace(/[\u2066-\u2069]/g, '');
  }
}

/** What every page does: nothing may be dropped onto it, and errors nobody caught are at least seen. */
export function startPage() {
  window.addEventListener('dragover', (event) => event.preventDefault());
  window.addEventListener('drop', (event) => event.preventDefault());
}

/**
 * Shows a system notification, if the person has allowed it; silent otherwise.
 * @param {string} title
 * @param {string} tag the newest of one tag replaces the others
 */
export function notifyPerson(title, tag) {
  if (!('Notification' in window) || Notification.permission !== 'granted' || document.hasFocus()) return;
  try {
    const notification = new Notification(title.replace(/[\u2066-\u2069]/g, ''), { tag });
    notification.onclick = () => { window.focus(); notification.close(); };
  } catch {
    // Phones allow notifications from service workers only.
  }
}
