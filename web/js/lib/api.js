/** A refusal of the server (`code` of its problem+json), or `network` when it could not be reached. */
export class ApiError extends Error {
  /**
   * @param {string} code
   * @param {number} status HTTP status, 0 without an answer
   * @param {{retryAfterMs?: number, detail?: string, triesLeft?: number, locked?: boolean}} [more] the last two of an
   *   invite that wants a PIN
   */
  constructor(code, status, { retryAfterMs, detail, triesLeft, locked = false } = {}) {
    super(detail ?? code);
    this.name = 'ApiError';
    this.code = code;
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.triesLeft = triesLeft;
    this.locked = locked;
    this.retryable = status === 0 || status === 429 || status >= 500;
  }
}

/**
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} body null for 204 and 304
 * @property {string | null} etag
 * @property {string | null} next address of the next page
 *
 * @typedef {object} Api
 * @property {(method: string, path: string, options?: {body?: any, etag?: string | null, anonymous?: boolean})
 *   => Promise<Answer>} request rejects with ApiError
 * @property {(path: string) => Promise<any>} get the body alone
 * @property {(path: string, body?: any) => Promise<any>} post
 */

/**
 * @param {{getToken: () => string | null, renewToken?: () => Promise<any>, fetch?: typeof fetch}} options
 *   `renewToken` is tried once when a token has run out
 * @returns {Api}
 */
export function createApi({ getToken, renewToken, fetch: send = (...input) => fetch(...input) }) {
  /** @type {Api['request']} */
  async function request(method, path, options = {}) {
    try {
      return await requestOnce(method, path, options);
    } catch (error) {
      if (error.status !== 401 || options.anonymous || !renewToken) throw error;
      await renewToken();
      return requestOnce(method, path, options);
    }
  }

  /** @type {Api['request']} */
  async function requestOnce(method, path, { body, etag, anonymous = false } = {}) {
    const headers = { Accept: 'application/json' };
    if (!anonymous && getToken()) headers.Authorization = `Bearer ${getToken()}`;
    if (etag) headers['If-None-Match'] = etag;
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    let response;
    try {
      response = await send(path, {
        method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: 'omit', cache: 'no-store' });
    } catch {
      throw new ApiError('network', 0);
    }
    if (!response.ok && response.status !== 304) throw await toError(response);
    const empty = response.status === 204 || response.status === 304;
    return {
      status: response.status, body: empty ? null : await response.json(),
      etag: response.headers.get('ETag'), next: nextPage(response.headers.get('Link')),
    };
  }

  return {
    request,
    get: async (path) => (await request('GET', path)).body,
    post: async (path, body = {}) => (await request('POST', path, { body })).body,
  };
}

/**
 * @param {string | null} link header of RFC 8288
 * @returns {string | null} path and query of the next page
 */
export function nextPage(link) {
  const match = /<([^>]+)>\s*;[^,]*\brel="?next"?/.exec(link ?? '');
  if (!match) return null;
  const url = new URL(match[1], 'https://page.invalid');
  return url.pathname + url.search;
}

async function toError(response) {
  let problem = {};
  try {
    problem = await response.json();
  } catch {
    // Not ours (a proxy's page, say): the status alone has to do.
  }
  const retryAfter = Number(response.headers.get('Retry-After'));
  return new ApiError(problem.code ?? codeOfStatus(response.status), response.status, {
    detail: problem.detail ?? problem.title, triesLeft: problem.triesLeft, locked: problem.locked, retryAfterMs: retryAfter > 0 ? retryAfter * 1000 : undefined });
}

function codeOfStatus(status) {
  const codes = { 401: 'unauthenticated', 402: 'payment-required', 403: 'forbidden', 404: 'not-found', 410: 'gone', 429: 'rate-limited' };
  return codes[status] ?? 'internal';
}
