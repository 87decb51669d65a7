// The server against its own description: every operation is called, every answer must be described.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';

import { Validator } from '@seriousme/openapi-schema-validator';

import { until } from '../e2e/harness/until.js';
import { format } from './format.js';
import { Clinic } from './harness/clinic.js';

const FILE = new URL('../../web/openapi.json', import.meta.url);
const NOBODY = '01900000-0000-7000-8000-000000000000';

describe('the description', () => {
  it('is a valid OpenAPI 3.1 document, written in its form', async () => {
    const text = await readFile(FILE, 'utf8');
    const verdict = await new Validator().validate(JSON.parse(text));
    assert.deepEqual({ valid: verdict.valid, errors: verdict.errors }, { valid: true, errors: undefined });
    assert.equal(text, format(text), 'run `npm run format`');
  });
});

describe('the running server', () => {
  let clinic;
  before(async () => {
    clinic = await Clinic.open();
  });
  after(() => clinic?.close());

  it('describes itself to everybody', async () => {
    const { text } = await clinic.read('getDescription', { as: null });
    assert.equal(text, await readFile(FILE, 'utf8'));
    await clinic.call('getHealth', { as: null });
    await clinic.call('getReadiness', { as: null });
    await clinic.call('getPageConfig', { as: clinic.doctor });
  });

  it('keeps appointments', async () => {
    const path = { id: 'A-1' };
    const made = await clinic.call('putAppointment', { status: 201, path, body: clinic.appointment({ paymentStatus: 'unpaid' }) });
    await clinic.call('putAppointment', { status: 412, path, body: { paymentStatus: 'paid' }, headers: { 'if-match': '"7"' } });
    await clinic.call('putAppointment', { status: 422, path, body: { capacity: 99, colour: 'blue' } });
    await clinic.call('putAppointment', { status: 400, path, body: '{"start":' });
    await clinic.call('putAppointment', { status: 403, as: clinic.doctor, path, body: {} });
    await clinic.call('startCall', { status: 402, as: clinic.doctor, path });
    await clinic.call('putAppointment', { path, body: { paymentStatus: 'paid' }, headers: { 'if-match': made.headers.etag } });
    const { body } = await clinic.read('getAppointment', { path });
    assert.equal(body.paymentStatus, 'paid');
    await clinic.call('putAppointment', { status: 201, path: { id: 'A-2' }, body: clinic.appointment() });
    await clinic.call('putAppointment', { status: 201, path: { id: 'A-3' }, body: clinic.appointment() });
    await clinic.call('extendAppointment', { as: clinic.doctor, path: { id: 'A-3' }, body: { minutes: 5 } });
    await clinic.call('cancelAppointment', { status: 204, path: { id: 'A-3' } });
    await clinic.call('startCall', { status: 410, as: clinic.doctor, path: { id: 'A-3' } });
    const rows = await clinic.list('listAppointments');
    assert.deepEqual(rows.map((row) => row.id).sort(), ['A-1', 'A-2', 'A-3']);
    assert.match((await clinic.call('listAppointments', { query: { limit: 1 } })).headers.link, /^<\/api\/appointments\?.*>; rel="next"$/);
    await clinic.call('listAppointments', { status: 403, as: clinic.doctor, query: { userId: 'p-42' } });
  });

  it('carries out a command once per idempotency key', async () => {
    const path = { id: 'A-2' };
    const as = clinic.doctor;
    const once = (id, key, more) => clinic.call(id, { as, path, headers: { 'idempotency-key': key }, ...more });
    const started = await once('startCall', '"start-1"', { status: 201, body: { media: 'audio' } });
    assert.equal(started.headers['idempotency-replayed'], undefined);
    const again = await once('startCall', 'start-1', { status: 201, body: { media: 'audio' } });
    assert.equal(again.headers['idempotency-replayed'], 'true');
    assert.deepEqual(again.body, started.body);
    const other = await once('startCall', 'start-1', { status: 422, body: { media: 'video' } });
    assert.equal(other.body.code, 'idempotency-key-reused');
    await once('startCall', 'no spaces', { status: 422 });
    await once('endCall', 'start-1');
    assert.equal((await once('endCall', 'start-1')).headers['idempotency-replayed'], 'true');
    const next = await once('startCall', 'start-2', { status: 201 });
    assert.notEqual(next.body.callId, started.body.callId);
    const late = await once('startCall', 'start-1', { status: 201, body: { media: 'audio' } });
    assert.deepEqual([late.body.callId, late.body.state], [started.body.callId, 'ended'], 'a replay shows the call it was about');
    const joined = await clinic.call('joinCall', { as: clinic.patients[1], path, headers: { 'idempotency-key': 'j' } });
    assert.equal(joined.body.state, 'active');
    assert.equal((await clinic.call('joinCall', { as: clinic.patients[1], path, headers: { 'idempotency-key': 'j' } })).headers['idempotency-replayed'], 'true');
    await once('endCall', 'end-2');
  });

  it('brings two together and keeps what happened', async () => {
    const path = { id: 'A-1' };
    await clinic.call('joinCall', { status: 409, as: clinic.patients[0], path });
    const started = await clinic.call('startCall', { status: 201, as: clinic.doctor, path });
    await clinic.call('startCall', { as: clinic.patients[0], path });
    await clinic.call('startCall', { status: 404, as: clinic.patients[1], path });
    await clinic.read('getCallStatus', { path });
    const call = { callId: started.body.callId };
    await clinic.call('endCall', { status: 409, as: clinic.doctor, path, body: { callId: NOBODY } });
    const ended = await clinic.call('endCallById', { as: clinic.admin, path: call });
    assert.deepEqual([ended.body.state, ended.body.endReason], ['ended', 'completed']);
    assert.deepEqual((await clinic.call('endCallById', { as: clinic.doctor, path: call })).body, ended.body);
    assert.deepEqual((await clinic.read('getCall', { path: call })).body, ended.body);
    const events = await clinic.list('listCallEvents', { path: call });
    assert.deepEqual(events.map((row) => row.type), ['call.started', 'call.joined', 'call.ended']);
    const calls = await clinic.list('listCalls', { query: { state: 'ended,active' } });
    assert.equal(calls.length, 3);
    const both = { kind: 'appointment', endReason: 'completed' };
    const refused = await clinic.call('listCalls', { status: 422, query: both });
    assert.deepEqual(refused.body.errors.map((each) => each.pointer), ['?kind']);
    await clinic.call('listCalls', { status: 422, query: { state: 'active', endReason: 'completed' } });
    assert.equal((await clinic.call('listCalls', { query: { ...both, userId: 'dr-7' } })).body.length, 2);
    await clinic.call('listAppointments', { status: 422, query: { status: 'booked', callStatus: 'ended' } });
  });

  it('invites', async () => {
    const path = { id: 'A-1' };
    const { body: made } = await clinic.call('createInvite', { status: 201, path, body: { userId: 'p-42' } });
    await clinic.call('createInvite', { status: 422, path, body: { userId: 'nobody' } });
    const redeemed = await clinic.call('redeemInvite', { as: null, path: { code: made.code } });
    await clinic.call('getAppointment', { as: redeemed.body.token, path });
    const list = await clinic.list('listInvites', { path });
    assert.equal(list[0].inviteId, made.inviteId);
    const again = await clinic.call('resendInvite', { path: { ...path, inviteId: made.inviteId } });
    assert.equal(again.body.inviteId, made.inviteId);
    await clinic.call('redeemInvite', { status: 404, as: null, path: { code: made.code } });
    await clinic.call('revokeInvite', { status: 204, path: { ...path, inviteId: made.inviteId } });
    await clinic.call('redeemInvite', { status: 410, as: null, path: { code: again.body.code } });
    const guarded = await clinic.call('createInvite', { status: 201, path, body: { userId: 'p-42', pin: '2468' } });
    const wrong = await clinic.call('redeemInvite', { status: 403, as: null, path: { code: guarded.body.code }, body: { pin: '1357' } });
    assert.equal(wrong.body.triesLeft, 4);
    await clinic.call('redeemInvite', { as: null, path: { code: guarded.body.code }, body: { pin: '2468' } });
    await clinic.call('redeemInvite', { status: 404, as: null, path: { code: 'AAAAAAAAAAAAAAAAAAAAAA' } });
  });

  it('tells other systems what happened', async () => {
    await clinic.call('createWebhook', { status: 400, body: '{"url":' });
    for (const url of ['https://127.0.0.1/', 'http://booking.example/', 'https://localhost/x', 'https://[::1]/', 'https://2130706433/'])
      assert.equal((await clinic.call('createWebhook', { status: 422, body: { url } })).body.errors[0].pointer, '/url', url);
    await clinic.call('createWebhook', { status: 403, as: clinic.doctor, body: { url: 'https://booking.example/' } });
    const { body: made } = await clinic.call('createWebhook', { status: 201, body: { url: 'https://booking.example/h', events: ['call.ended'] } });
    assert.equal(Buffer.from(made.secret.slice('whsec_'.length), 'base64').length, 32);
    const path = { webhookId: made.id };
    const rows = await clinic.list('listWebhooks');
    assert.deepEqual(rows.map((row) => [row.id, row.secret]), [[made.id, undefined]], 'no secret is shown again');
    await clinic.call('changeWebhook', { status: 422, path, body: { events: ['call.over'] } });
    await clinic.call('changeWebhook', { path, as: clinic.admin, body: { status: 'disabled' } });
    const rotated = (await clinic.call('rotateWebhookSecret', { path })).body;
    assert.notEqual(rotated.secret, made.secret);
    assert.ok(Date.parse(rotated.previousSecretUntil) > Date.now() + 86_000_000);
    const tested = (await clinic.call('testWebhook', { status: 201, path })).body;
    assert.deepEqual(await clinic.list('listDeliveries', { path }), [], 'a disabled one is sent nothing');
    await clinic.call('redeliver', { status: 404, path: { ...path, deliveryId: tested.id } });
    const all = await clinic.list('listEvents');
    assert.deepEqual(all.map((row) => row.id), all.map((row) => row.id).sort());
    assert.deepEqual(all.at(-1), tested);
    const first = await clinic.call('listEvents', { query: { limit: 1 } });
    assert.match(first.headers.link, /after=.*; rel="next"$/);
    assert.deepEqual((await clinic.call('listEvents', { query: { after: first.body[0].id } })).body, all.slice(1));
    assert.deepEqual((await clinic.call('listEvents', { query: { type: 'webhook.test' } })).body, [tested]);
    await clinic.call('listEvents', { status: 422, query: { after: 'x' } });
    await clinic.call('listEvents', { status: 422, query: { type: 'call.over' } });
    await clinic.call('deleteWebhook', { status: 204, path });
    await clinic.call('deleteWebhook', { status: 404, path });
    const { body: other } = await clinic.call('createWebhook', { status: 201, body: { url: 'https://booking.invalid/h' } });
    const place = { webhookId: other.id };
    const again = (await clinic.call('testWebhook', { status: 201, path: place })).body;
    await until('the delivery is planned', async () => (await clinic.call('listDeliveries', { path: place })).body.length > 0);
    await clinic.call('redeliver', { status: 204, path: { ...place, deliveryId: again.id } });
    await clinic.call('deleteWebhook', { status: 204, path: place });
  });

  it('gives tokens and takes them back', async () => {
    const { body: given } = await clinic.call('mintToken', { status: 201, body: { sub: 'p-42', role: 'patient', name: 'Ion', appointment: ['A-1'] } });
    await clinic.call('mintToken', { status: 422, body: { sub: 'p-42', role: 'patient' } });
    const { body: renewed } = await clinic.call('renewToken', { status: 201, as: given.token });
    await clinic.call('getAppointment', { as: renewed.token, path: { id: 'A-1' } });
    await clinic.call('revokeToken', { status: 204, path: { jti: renewed.jti } });
    await clinic.call('getAppointment', { status: 401, as: renewed.token, path: { id: 'A-1' } });
    const { body: other } = await clinic.call('mintToken', { status: 201, body: { sub: 'dr-9', role: 'doctor' } });
    await clinic.call('revokeUser', { status: 204, body: { sub: 'dr-9' } });
    await clinic.call('listCalls', { status: 401, as: other.token });
  });

  it('accounts for what was done, and lets people go', async () => {
    const body = clinic.appointment({ participants: [{ userId: 'dr-7', role: 'doctor', name: 'Dr. Ana Pop' }, { userId: 'p-77', role: 'patient', name: 'Zoe Zidaru' }] });
    await clinic.call('putAppointment', { status: 201, path: { id: 'A-9' }, body });
    const path = { userId: 'p-77' };
    const { body: person } = await clinic.call('exportSubject', { path });
    assert.deepEqual(person.appointments.map((each) => [each.appointmentId, each.name]), [['A-9', 'Zoe Zidaru']]);
    await clinic.call('exportSubject', { status: 403, as: clinic.doctor, path });
    await clinic.call('eraseSubject', { path });
    await clinic.call('exportSubject', { status: 404, path });
    const rows = (await clinic.call('listAudit', { as: clinic.admin, query: { action: 'subject.erase' } })).body;
    assert.deepEqual(rows.map((row) => [row.actor, row.outcome]), [['conformance', 'ok']]);
    await clinic.list('listAudit', { query: { limit: 100, to: new Date().toISOString() } });
  });

  it('knows the names of older systems', async () => {
    const as = clinic.doctor;
    assert.equal((await clinic.read('aliasActiveCall', { as })).body, null);
    const started = (await clinic.call('startCall', { status: 201, as, path: { id: 'A-1' }, body: { media: 'audio' } })).body;
    const path = { callId: started.callId };
    const active = (await clinic.call('aliasActiveCall', { as })).body;
    assert.deepEqual([active.call_id, active.appointment_id, active.call_type, active.status, active.caller_id, active.start_time],
      [started.callId, 'A-1', 'audio', 'calling', 'dr-7', started.createdAt]);
    const info = (await clinic.read('aliasCallInfo', { as, path })).body;
    assert.deepEqual([info.callId, info.roomName, info.signalingUrl],
      [started.callId, 'A-1', `wss://localhost:${clinic.server.port}/appointment/A-1`]);
    await clinic.call('joinCall', { as: clinic.patients[0], path: { id: 'A-1' } });
    assert.equal((await clinic.call('aliasActiveCall', { as })).body.status, 'connected');
    const ended = (await clinic.call('aliasEndCall', { as, path })).body;
    const canonical = (await clinic.call('getCall', { as, path })).body;
    assert.deepEqual([canonical.state, canonical.endReason], ['ended', 'completed']);
    assert.deepEqual([ended.status, ended.end_reason, ended.end_time, ended.duration_seconds],
      ['ended', canonical.endReason, canonical.endedAt, canonical.durationSeconds]);
    const history = await clinic.list('aliasCallHistory', { as });
    const calls = (await clinic.call('listCalls', { as })).body;
    assert.deepEqual(history.map((row) => row.call_id), calls.map((row) => row.callId));
    assert.deepEqual(history[0], ended);
    await clinic.call('aliasEndCall', { status: 404, as: clinic.patients[1], path: { callId: NOBODY } });
  });

  it('answers HEAD as it answers GET, without the body', async () => {
    for (const target of ['/api/calls', '/api/appointments/A-1', '/healthz', '/openapi.json']) {
      const [whole, head] = await Promise.all(['GET', 'HEAD'].map((method) => clinic.client.send(method, target, { token: clinic.key })));
      assert.deepEqual([head.status, head.text, head.headers['content-length']], [whole.status, '', String(Buffer.byteLength(whole.text))], target);
    }
    const file = await clinic.client.send('HEAD', '/api/calls', { token: clinic.key, headers: { accept: 'text/csv' } });
    assert.deepEqual([file.status, file.text, file.headers['content-type']], [200, '', 'text/csv; charset=utf-8; header=present']);
  });

  it('asks for a credential wherever one is described, and for no parameter it does not know', async () => {
    const any = { id: 'A-1', code: 'x', userId: 'nobody' };
    for (const operation of clinic.description.operations) {
      const path = new Proxy(any, { get: (known, name) => known[name] ?? NOBODY });
      if (operation.responses['401']) await clinic.call(operation.id, { status: 401, as: null, path });
      if (operation['x-who'].includes('K') && operation.responses['422'] && operation.method === 'GET') {
        await clinic.call(operation.id, { status: 422, path, query: { colour: 'blue' } });
      }
    }
  });

  it('has given every answer that is described below 400', () => {
    assert.deepEqual(clinic.description.unseen(), []);
  });
});
