import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Webhook } from 'standardwebhooks';

import { Server } from '../e2e/harness/server.js';
import { until } from '../e2e/harness/until.js';
import { Kit, kits } from './harness/kit.js';
import { Member } from './harness/member.js';

const LIMIT = { timeout: 120_000 };
const at = (minutes) => new Date(Date.now() + 60_000 * minutes).toISOString();

describe('the samples of docs/integrate as running booking systems', () => {
  let server;
  let folder;
  const running = {};
  const secrets = {};
  const key = () => server.command('api-key', 'create', '--name', 'booking');

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'rendezvous-kits-'));
    server = await Server.start({ webhooks: { allowed_private_hosts: '["127.0.0.1"]' } });
    for (const name of Object.keys(kits)) {
      const kit = await Kit.place(name);
      const hook = await server.api.expect(201, 'POST', '/api/webhooks', { body: { url: `${kit.url}/webhook` } });
      secrets[name] = hook.secret;
      running[name] = await kit.start({ server, folder, key: await key(), secret: hook.secret });
    }
  }, LIMIT);

  after(async () => {
    await Promise.all(Object.values(running).map((kit) => kit.stop()));
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  for (const name of Object.keys(kits)) {
    test(`${name}: books, takes the money, invites, and bills what the call was`, LIMIT, async () => {
      const kit = running[name];
      const id = `${name}-1`;
      const [doctor, patient] = [{ userId: `${name}-d`, role: 'doctor', name: 'Dr. Ana Pop' }, { userId: `${name}-p`, role: 'patient', name: 'Ion' }];
      const path = `/appointments/${id}`;
      await kit.ask('PUT', path, { start: at(-5), end: at(25), paymentStatus: 'unpaid', participants: [doctor, patient] });
      const unpaid = await kit.ask('GET', `${path}/call-status`);
      assert.deepEqual([unpaid.callStatus, unpaid.canStart, unpaid.reason], ['inactive', false, 'payment-required']);
      await kit.ask('PUT', path, { paymentStatus: 'paid' });
      assert.equal((await kit.ask('GET', `${path}/call-status`)).canStart, true);

      const { code, url } = await kit.ask('POST', `${path}/invites`, { userId: patient.userId, pin: '4711' });
      assert.ok(url.endsWith(`/join#${code}`));
      const redeem = (pin) => server.api.request('POST', `/api/invites/${code}/redeem`, { token: null, body: { pin } });
      assert.equal((await redeem('0000')).status, 403);
      const redeemed = await redeem('4711');
      assert.equal(redeemed.status, 200);
      const { token } = await kit.ask('POST', `${path}/tokens`, doctor);

      const here = await Member.enter(server, id, redeemed.body.token);
      const there = await Member.enter(server, id, token);
      const { callId } = await here.start();
      await there.join();
      here.mediaFlows();
      there.mediaFlows();
      const since = performance.now();
      await until('the call has lasted a second', () => performance.now() - since > 1200);
      await there.end();
      const call = await server.api.expect(200, 'GET', `/api/calls/${callId}`);
      assert.ok(call.billableSeconds >= 1, JSON.stringify(call));
      await until('the webhook has come, and the bill is written', async () => (await kit.ask('GET', `${path}/bill`)).billableSeconds === call.billableSeconds, { ms: 20_000 });
      here.leaveRoom();
      there.leaveRoom();
    });

    test(`${name}: takes a genuine event once, and no other`, LIMIT, async () => {
      const kit = running[name];
      const [call] = await server.api.expect(200, 'GET', `/api/calls?appointmentId=${name}-1`);
      const before = (await kit.ask('GET', `/appointments/${name}-1/bill`)).billableSeconds;
      const body = JSON.stringify({ type: 'call.ended', timestamp: at(0), data: { callId: call.callId, appointmentId: `${name}-1` } });
      const deliver = (signed, { id = 'msg_1', when = new Date(), secret = secrets[name], more = '' } = {}) => kit.request('POST', '/webhook', body, {
        'webhook-id': id, 'webhook-timestamp': String(Math.floor(when / 1000)),
        'webhook-signature': more + new Webhook(secret).sign(id, when, signed),
      });
      const other = `whsec_${Buffer.from('another secret, as long as it is').toString('base64')}`;
      assert.equal((await deliver(`${body} `)).status, 401, 'another body');
      assert.equal((await deliver(body, { secret: other })).status, 401, 'another secret');
      assert.equal((await deliver(body, { when: new Date(Date.now() - 600_000) })).status, 401, 'an old one');
      assert.equal((await kit.ask('GET', `/appointments/${name}-1/bill`)).billableSeconds, before);
      for (const _ of [1, 2]) assert.equal((await deliver(body, { more: `${new Webhook(other).sign('msg_1', new Date(), body)} ` })).status, 204);
      assert.equal((await kit.ask('GET', `/appointments/${name}-1/bill`)).billableSeconds, before + call.billableSeconds);
    });
  }
});
