import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { Webhook } from 'standardwebhooks';

import { Server } from '../e2e/harness/server.js';
import { until } from '../e2e/harness/until.js';
import { Member } from './harness/member.js';

const LIMIT = { timeout: 120_000 };
const at = (minutes) => new Date(Date.now() + 60_000 * minutes).toISOString();

/** RFC 4180: cells may be quoted, and then hold commas and line ends. */
function cellsOf(table) {
  const rows = [[]];
  for (const [, quoted, plain, end] of table.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/g)) {
    rows.at(-1).push(quoted?.replaceAll('""', '"') ?? plain);
    if (end !== ',') rows.push([]);
  }
  return rows.slice(0, -1);
}

let server;
let receiver;
let secret;
const events = [];

/** Takes what the library of the standard calls genuine, and refuses all else. */
function receive(request, response) {
  let body = '';
  request.setEncoding('utf8').on('data', (part) => (body += part)).on('end', () => {
    try {
      events.push(new Webhook(secret).verify(body, request.headers));
      response.writeHead(204).end();
    } catch {
      response.writeHead(401).end();
    }
  });
}

before(async () => {
  receiver = createServer(receive).listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  server = await Server.start({ webhooks: { allowed_private_hosts: '["127.0.0.1"]' } });
  const url = `http://127.0.0.1:${receiver.address().port}/hook`;
  ({ secret } = await server.api.expect(201, 'POST', '/api/webhooks', { body: { url } }));
}, LIMIT);

after(async () => {
  await server?.stop();
  receiver?.closeAllConnections?.();
  receiver?.close();
});

test('booked, paid, invited, waited for, called, ended, billed, taken out, forgotten', LIMIT, async () => {
  const { api } = server;
  const id = 'visit-2026-11-21.7';
  const doctor = { userId: 'dr-whole-7', role: 'doctor', name: 'Dr. Wholelife Ionescu' };
  const patient = { userId: 'p-whole-42', role: 'patient', name: 'Wholelife Popescu' };
  const path = `/api/appointments/${id}`;

  // Booked, and invited before it is paid.
  await api.putAppointment(id, { start: at(-5), end: at(25), paymentStatus: 'unpaid', participants: [doctor, patient] });
  const invite = await api.expect(201, 'POST', `${path}/invites`, { body: { userId: patient.userId, pin: '4711' } });
  const redeem = (pin) => api.request('POST', `/api/invites/${invite.code}/redeem`, { token: null, body: { pin } });
  assert.deepEqual([(await redeem('1234')).status, (await redeem('4711')).status], [403, 200]);
  const { token } = (await redeem('4711')).body;
  const staff = (await api.expect(201, 'POST', '/api/tokens', { body: { sub: doctor.userId, role: 'doctor', name: doctor.name, appointment: id } })).token;

  // The patient waits, and cannot start: 402, and the same word in the room.
  const waiting = await Member.enter(server, id, token);
  assert.deepEqual([waiting.room.canStart, waiting.room.reason], [false, 'payment-required']);
  const refused = await api.request('POST', `${path}/start-call`, { token });
  assert.deepEqual([refused.status, refused.body.code], [402, 'payment-required']);
  await assert.rejects(waiting.start(), { code: 'payment-required' });
  assert.equal((await api.expect(200, 'GET', path)).status, 'arrived');

  // Paid: the open socket is told.
  await api.putAppointment(id, { paymentStatus: 'paid' });
  await waiting.hears('appointment', ({ appointment }) => appointment.paymentStatus === 'paid' && appointment.canStart !== false);

  // The call.
  const { callId } = await waiting.start();
  const seeing = await Member.enter(server, id, staff);
  assert.equal(seeing.room.callStatus, 'waiting');
  await seeing.join();
  waiting.mediaFlows();
  seeing.mediaFlows();
  const since = performance.now();
  await until('it has lasted a second', () => performance.now() - since > 1200);
  await seeing.end();
  await waiting.hears('callEnded', (each) => each.callId === callId);

  // Told, in order and verified; billed.
  const of = () => events.filter(({ data }) => data.callId === callId);
  await until('the webhook of the end has come', () => of().some(({ type }) => type === 'call.ended'), { ms: 20_000 });
  const seqs = of().map(({ data }) => data.seq);
  assert.deepEqual([...seqs].sort((a, b) => a - b), seqs.map((_, i) => i + Math.min(...seqs)), 'no gap');
  const told = JSON.stringify(events);
  assert.ok(!told.includes('Wholelife'), 'no names');
  const call = await api.expect(200, 'GET', `/api/calls/${callId}`);
  const { data } = of().find(({ type }) => type === 'call.ended');
  assert.equal(call.endReason, 'completed');
  assert.ok(call.billableSeconds >= 1 && call.billableSeconds <= call.durationSeconds);
  assert.equal(data.billableSeconds, call.billableSeconds);
  const pulled = await api.expect(200, 'GET', '/api/events?limit=200');
  assert.deepEqual(pulled.filter((each) => each.data.callId === callId).map(({ type }) => type), of().sort((a, b) => a.data.seq - b.data.seq).map(({ type }) => type));

  // Taken out: the calls as a table, the person as a whole.
  const table = await api.expect(200, 'GET', `/api/calls?appointmentId=${id}`, { headers: { accept: 'text/csv' } });
  const [columns, ...rows] = cellsOf(table);
  assert.deepEqual(rows.map((row) => row[columns.indexOf('callId')]), [callId]);
  assert.equal(rows[0][columns.indexOf('billableSeconds')], String(call.billableSeconds));
  const subject = JSON.stringify(await api.expect(200, 'GET', `/api/subjects/${patient.userId}`));
  assert.ok(subject.includes(callId) && subject.includes(patient.name), subject);

  // Forgotten: no name any more, and both accounts are whole.
  waiting.leaveRoom();
  seeing.leaveRoom();
  await api.expect([200, 202, 204], 'DELETE', `/api/subjects/${patient.userId}`);
  const left = JSON.stringify([await api.expect(200, 'GET', path), await api.expect(200, 'GET', `/api/calls/${callId}`)]);
  assert.ok(!left.includes(patient.name), left);
  assert.equal((await api.expect(200, 'GET', `/api/calls/${callId}`)).billableSeconds, call.billableSeconds, 'the bill stays');
  await server.command('audit', 'verify');
});
