/**
 * Asks for a list again and again without loading it again and again: the server answers 304 while its ETag
 * holds.
 */
export class CachedList {
  #api;
  #path = '';
  #etag = null;
  #items = [];
  #next = null;

  /** @param {import('./api.js').Api} api */
  constructor(api) {
    this.#api = api;
  }

  get items() {
    return this.#items;
  }

  /** True if there are more pages. */
  get hasMore() {
    return this.#next !== null;
  }

  /**
   * Loads the first page of `path`, or keeps what is there if nothing changed. Pages after the first that were
   * loaded before are dropped when something did.
   * @param {string} path
   */
  async refresh(path) {
    const etag = path === this.#path ? this.#etag : null;
    const answer = await this.#api.request('GET', path, { etag });
    if (answer.status === 304) return;
    this.#path = path;
    this.#etag = answer.etag;
    this.#items = answer.body;
    this.#next = answer.next;
  }

  /** Appends the next page. */
  async more() {
    if (this.#next === null) return;
    const answer = await this.#api.request('GET', this.#next);
    this.#items = [...this.#items, ...answer.body];
    this.#next = answer.next;
  }

  /** @param {number} pagesMax loads everything, up to so many pages */
  async all(pagesMax) {
    for (let page = 1; page < pagesMax && this.hasMore; page += 1) await this.more();
  }
}
