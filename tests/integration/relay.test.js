import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';

import { Relay } from '../e2e/harness/relay.js';
import { bookAppointment } from '../e2e/harness/scene.js';
import { Server } from '../e2e/harness/server.js';
import { until } from '../e2e/harness/until.js';
import { TurnClient, blockList, neighbours } from './harness/turn-client.js';

const run = promisify(execFile);
const LIMIT = { timeout: 60_000 };
const SECRET = 'shared-between-both+/=';
const hasIpv6 = Object.values(networkInterfaces()).flat().some(({ address }) => address === '::1');

/** TURN REST credentials, made here a second time. */
function credentials({ inS = 600, secret = SECRET } = {}) {
  const username = `${Math.floor(Date.now() / 1000) + inS}:alice`;
  return { username, credential: createHmac('sha1', secret).update(username).digest('base64') };
}

/**
 * Two people of coturn's own client send each other five packets through the relay; gives how many arrived. It sends
 * its first ones before the other side can have them.
 */
async function relayed(port, { username, credential }, how) {
  const words = ['-u', username, '-w', credential, '-p', port, '-L', '127.0.0.1', '-y', '-c', '-n', '5', '-m', '2'];
  const { stdout } = await run('turnutils_uclient', [...words, ...how, '127.0.0.1'], { timeout: 50_000 });
  return Number([...stdout.matchAll(/tot_recv_msgs=(\d+)/g)].at(-1)[1]);
}

test('the credentials made here give the known answer', () => {
  const known = createHmac('sha1', 'north').update('1795200000:alice').digest('base64');
  assert.equal(known, 'tyZf+AGoKZkjTZ05dzTwsSA9X7Q=');
});

describe('coturn as turn-config describes it', () => {
  let relay;
  const clients = [];
  const client = (given = credentials()) => {
    const made = new TurnClient(relay.port, given);
    clients.push(made);
    return made;
  };

  before(async () => {
    relay = await Relay.start({ secret: SECRET, lines: hasIpv6 ? ['relay-ip=::1'] : [] });
  }, LIMIT);

  after(async () => {
    for (const each of clients) each.close();
    await relay?.stop();
  });

  test('lets in who has a credential of the shared secret, and nobody else', LIMIT, async () => {
    assert.equal((await client().allocate()).code, 0);
    assert.equal((await client(credentials({ secret: 'another' })).allocate()).code, 401, 'another secret');
    assert.equal((await client(credentials({ inS: -60 })).allocate()).code, 401, 'expired');
  });

  test('asks for the credential when a way is made, and lets it live on afterwards', LIMIT, async () => {
    const short = credentials({ inS: 2 });
    const early = client(short);
    assert.equal((await early.allocate()).code, 0);
    await until('the credential has ended', async () => (await client(short).allocate()).code === 401);
    assert.equal((await early.permit('8.8.8.8')).code, 0);
  });

  test('says what it must and no more', LIMIT, async () => {
    const refused = await client(credentials({ secret: 'another' })).allocate();
    assert.equal(refused.realm, 'relay.test');
    assert.equal(refused.software, undefined);
    assert.equal((await client().binding()).software, undefined);
    assert.equal((await client().allocate({ transport: Buffer.from([6, 0, 0, 0]) })).code, 442, 'no TCP to peers');
    assert.ok(!relay.log.includes(SECRET));
  });

  test('gives one person in one call so many places and no more', LIMIT, async () => {
    const mine = credentials({ inS: 500 });
    mine.username = mine.username.replace('alice', 'bob');
    mine.credential = createHmac('sha1', SECRET).update(mine.username).digest('base64');
    const codes = [];
    for (let i = 0; i < 41; ++i) codes.push((await client(mine).allocate()).code);
    assert.deepEqual([codes.filter((code) => code === 0).length, codes.at(-1)], [40, 486]);
    assert.equal((await client().allocate()).code, 0, 'others are not touched');
  });

  const families = [
    { name: 'IPv4', ipv6: false, outside: ['1.1.1.1', '8.8.8.8'], inside: ['10.0.0.1', '127.0.0.1', '169.254.169.254', '192.168.1.1', '255.255.255.255', '0.0.0.0'] },
    { name: 'IPv6', ipv6: true, outside: ['2606:4700:4700::1111', '2a00::1'], inside: ['::1', '::', '::ffff:10.0.0.1', '::ffff:127.0.0.1', '::7f00:1', '64:ff9b::a00:1', '2002:a00:1::', 'fd00::1', 'fe80::1', 'ff02::1'] },
  ];
  for (const { name, ipv6, outside, inside } of families) {
    test(`leads into no private or special ${name} network`, { ...LIMIT, skip: ipv6 && !hasIpv6 && 'this machine has no ::1' }, async () => {
      const ranges = [...relay.configuration.matchAll(/^denied-peer-ip=(.*)-(.*)$/gm)]
        .map(([, first, last]) => [first, last]).filter(([first]) => first.includes(':') === ipv6);
      assert.ok(ranges.length >= 10);
      const denied = blockList([...ranges, ...(ipv6 ? [['::', '::']] : [])]); // coturn itself refuses ::
      const someone = client();
      assert.equal((await someone.allocate({ ipv6 })).code, 0);
      const refused = [...inside, ...ranges.flat()];
      const allowed = [...outside, ...ranges.flatMap(([first, last]) => neighbours(first, last))]
        .filter((each) => !denied.check(each, ipv6 ? 'ipv6' : 'ipv4'));
      assert.ok(allowed.length > 10, 'there is a world outside');
      for (const address of refused) assert.equal((await someone.permit(address)).code, 403, address);
      for (const address of allowed) assert.equal((await someone.permit(address)).code, 0, address);
    });
  }
});

describe('a server and its relay', () => {
  let relay;
  let server;

  before(async () => {
    relay = await Relay.start({ secret: SECRET, loopbackPeers: true });
    server = await Server.start(relay.section());
  }, LIMIT);

  after(async () => {
    await server?.stop();
    await relay?.stop();
  });

  for (const transport of ['udp', 'tcp']) {
    test(`what the server hands out opens the relay over ${transport}, and packets come through`, LIMIT, async () => {
      const appointment = await bookAppointment(server);
      const token = await server.token(appointment.doctor);
      const { iceServers } = await server.api.expect(200, 'GET', '/api/webrtc/config', { token });
      const [{ urls, username, credential }] = iceServers;
      assert.deepEqual(urls, relay.uris);
      const [expiry, user] = username.split(':');
      assert.equal(user, appointment.doctor.userId);
      assert.ok(Math.abs(Number(expiry) - Date.now() / 1000 - 600) < 10, 'ten minutes');

      assert.ok((await relayed(relay.port, { username, credential }, transport === 'tcp' ? ['-t'] : [])) >= 6);
    });
  }
});

describe('a relay with TLS', () => {
  let relay;

  before(async () => {
    relay = await Relay.start({
      secret: SECRET, loopbackPeers: true,
      uris: (port, tlsPort) => [`turn:127.0.0.1:${port}?transport=udp`, `turns:127.0.0.1:${tlsPort}?transport=tcp`],
    });
  }, LIMIT);

  after(() => relay?.stop());

  test('relays for who comes by TLS', LIMIT, async () => {
    assert.ok((await relayed(relay.tlsPort, credentials(), ['-t', '-S'])) >= 6);
  });

  const speaks = async (version) => {
    const words = ['s_client', '-connect', `127.0.0.1:${relay.tlsPort}`, version, '-cipher', 'ALL@SECLEVEL=0', '-brief'];
    const asked = run('openssl', words, { timeout: 10_000 });
    asked.child.stdin.end();
    return asked.then(() => true, () => false);
  };

  test('speaks TLS 1.2 and 1.3, and nothing older', LIMIT, async () => {
    assert.deepEqual(
      [await speaks('-tls1'), await speaks('-tls1_1'), await speaks('-tls1_2'), await speaks('-tls1_3')],
      [false, false, true, true],
    );
  });

  test('opens no door that the configuration does not name', LIMIT, async () => {
    const socket = connect(relay.port, '127.0.0.1');
    await assert.rejects(once(socket, 'connect'), { code: 'ECONNREFUSED' });
  });
});
