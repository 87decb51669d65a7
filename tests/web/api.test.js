import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi, nextPage } from '../../web/js/lib/api.js';
import { CachedList } from '../../web/js/lib/poller.js';

function server(...answers) {
  const requests = [];
  const send = async (path, options) => {
    requests.push({ path, ...options });
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    const { status = 200, body = null, headers = {} } = answer;
    return new Response(status === 204 || status === 304 ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers });
  };
  return { requests, api: createApi({ getToken: () => 'token', fetch: send }) };
}

test('sends the token as a header and JSON as a body', async () => {
  const { api, requests } = server({ body: { ok: true } });
  assert.deepEqual(await api.post('/api/x', { a: 1 }), { ok: true });
  assert.equal(requests[0].headers.Authorization, 'Bearer token');
  assert.equal(requests[0].body, '{"a":1}');
  assert.equal(requests[0].credentials, 'omit');
});

test('an anonymous request carries no token', async () => {
  const { api, requests } = server({ body: {} });
  await api.request('POST', '/api/invites/x/redeem', { body: {}, anonymous: true });
  assert.equal(requests[0].headers.Authorization, undefined);
});

test('a problem becomes an error with its code', async () => {
  const { api } = server({ status: 429, body: { code: 'rate-limited', detail: 'slow down' }, headers: { 'Retry-After': '7' } });
  await assert.rejects(api.get('/api/x'), { code: 'rate-limited', status: 429, retryAfterMs: 7000, retryable: true });
});

test('a page of a proxy is understood by its status', async () => {
  const { api } = server({ status: 404, body: '<html>' }, { status: 502, body: '<html>' });
  await assert.rejects(api.get('/api/x'), { code: 'not-found', retryable: false });
  await assert.rejects(api.get('/api/x'), { code: 'internal', retryable: true });
});

test('no answer at all is the network', async () => {
  const { api } = server(new TypeError('failed'));
  await assert.rejects(api.get('/api/x'), { code: 'network', status: 0, retryable: true });
});

test('the next page is read from the Link header', () => {
  assert.equal(nextPage('<https://x.example/api/calls?after=1&limit=2>; rel="next"'), '/api/calls?after=1&limit=2');
  assert.equal(nextPage('</a>; rel="prev", </b?c=d>; rel="next"'), '/b?c=d');
  assert.equal(nextPage('</a>; rel="prev"'), null);
  assert.equal(nextPage(null), null);
});

test('a list that did not change is kept, one that did is replaced, pages are appended', async () => {
  const { api, requests } = server(
    { body: [1, 2], headers: { ETag: '"a"', Link: '</api/calls?after=2>; rel="next"' } }, { body: [3] },
    { status: 304 }, { body: [9], headers: { ETag: '"b"' } });
  const list = new CachedList(api);
  await list.refresh('/api/calls');
  await list.all(5);
  assert.deepEqual(list.items, [1, 2, 3]);
  await list.refresh('/api/calls');
  assert.equal(requests[2].headers['If-None-Match'], '"a"');
  assert.deepEqual(list.items, [1, 2, 3]);
  await list.refresh('/api/calls');
  assert.deepEqual(list.items, [9]);
  assert.equal(list.hasMore, false);
});

test('another question does not use the old ETag', async () => {
  const { api, requests } = server({ body: [1], headers: { ETag: '"a"' } }, { body: [] });
  const list = new CachedList(api);
  await list.refresh('/api/calls');
  await list.refresh('/api/calls?state=ended');
  assert.equal(requests[1].headers['If-None-Match'], undefined);
});
