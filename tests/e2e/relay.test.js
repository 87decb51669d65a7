import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { chromium, firefox } from './harness/browsers.js';
import { assertNoGap, longestGaps } from './harness/figures.js';
import { connect, endedCall } from './harness/flow.js';
import { Relay } from './harness/relay.js';
import { bookAppointment, openDoctor, openPatient } from './harness/scene.js';
import { Server } from './harness/server.js';
import { until } from './harness/until.js';

const LIMIT = { timeout: 120_000 };
const TTL_S = 10;

/** What the only peer connection of a page uses now: servers, path, and the generation of its ICE. */
function path(person) {
  return person.page.evaluate(async () => {
    const open = window.watched.connections.filter((each) => each.connectionState !== 'closed');
    if (open.length !== 1) throw new Error(`${open.length} peer connections`);
    const [connection] = open;
    const stats = [...(await connection.getStats()).values()];
    const find = (id) => stats.find((each) => each.id === id);
    const chosen = stats.find((each) => each.type === 'transport')?.selectedCandidatePairId;
    const pair = chosen ? find(chosen) : stats.find((each) => each.type === 'candidate-pair' && each.selected);
    if (!pair) return null;
    const end = ({ candidateType, address, ip, port }) => ({ type: candidateType, address: `${address ?? ip}:${port}` });
    return {
      local: end(find(pair.localCandidateId)),
      remote: end(find(pair.remoteCandidateId)),
      username: connection.getConfiguration().iceServers.find((each) => each.username)?.username,
      generation: /a=ice-ufrag:(.*)/.exec(connection.localDescription.sdp)[1].trim(),
    };
  });
}

/**
 * Waits until both pages use a path with a relay at each end, other ones than `before`. A candidate of the other side
 * whose check came before its signal may be called `prflx` for ever: then only the page it belongs to knows better.
 */
function onRelays(people, before) {
  return until(`both ${before ? 'use a new path' : 'have a path'} through the relay`, async () => {
    const now = await Promise.all(people.map(path));
    const isOne = (each, i) => each?.local.type === 'relay' && each.local.address !== before?.[i].local.address
      && (each.remote.type === 'prflx' || (each.remote.type === 'relay' && each.remote.address === now[1 - i]?.local.address));
    if (!now.every(isOne)) throw new Error(JSON.stringify(now));
    return now;
  }, { ms: 20_000 });
}

const endOf = ({ username }) => Number(username.split(':')[0]) * 1000;

describe('with relay_only, and credentials of ten seconds', () => {
  let relay;
  let server;
  const browsers = {};

  before(async () => {
    relay = await Relay.start({ loopbackPeers: true });
    const started = Server.start(relay.section({ ttl_s: TTL_S, relay_only: true }));
    [server, browsers.chromium, browsers.firefox] = await Promise.all([started, chromium(), firefox()]);
  }, LIMIT);

  after(async () => {
    await Promise.all(Object.values(browsers).map((browser) => browser.close()));
    await server?.stop();
    await relay?.stop();
  });

  test('media takes the relay on both sides, outlives the credentials, and finds a new way with those renewed', LIMIT, async () => {
    const appointment = await bookAppointment(server);
    const doctor = await openDoctor(browsers.chromium, server, appointment);
    const patient = await openPatient(browsers.firefox, server, appointment);
    const people = [doctor, patient];
    await connect(server, appointment, doctor, patient, 'doctor');

    const first = await onRelays(people);
    for (const { local } of first) assert.match(local.address, /^127\.0\.0\.1:/);

    for (const person of people) await person.measureFlow();
    const firstEnd = Math.max(...first.map(endOf));
    const renewed = await until('the first credentials have ended, and both pages have others', async () => {
      const now = await Promise.all(people.map(path));
      return Date.now() > firstEnd + 1000 && now.every((each) => endOf(each) > Date.now()) && now;
    }, { ms: 3000 * TTL_S });
    assert.deepEqual(renewed.map((each) => each.generation), first.map((each) => each.generation), 'the path was left alone');
    await Promise.all(people.map((person) => person.receives()));
    assertNoGap(await longestGaps(...people));

    let before = renewed;
    for (const person of people) {
      await person.page.evaluate(() => window.watched.connections.at(-1).restartIce());
      before = await onRelays(people, before);
      await Promise.all(people.map((each) => each.receives()));
    }

    await doctor.press('end-call');
    await patient.waitForNo('remote-video');
    const row = await endedCall(server, appointment);
    assert.equal(row.endReason, 'completed');
    assert.ok(row.billableSeconds >= TTL_S, `${row.billableSeconds} s`);
    await doctor.leave();
    await patient.leave();
  });
});
