import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';

import { freePort } from '../e2e/harness/process.js';

const run = promisify(execFile);
const PAGE = new URL('../../docs/integrate/curl.md', import.meta.url);

/** The shell blocks of the page, as they stand, one script. */
async function walkThrough() {
  const page = await readFile(PAGE, 'utf8');
  return [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block).join('\n');
}

test('the walk-through with curl runs as it stands', { timeout: 120_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'rendezvous-curl-'));
  try {
    await mkdir(join(folder, 'bin'));
    await mkdir(join(folder, 'empty'));
    await symlink(process.env.RENDEZVOUS_BIN, join(folder, 'bin', 'rendezvous'));
    const port = await freePort();
    const script = await walkThrough();
    const { stdout } = await run('bash', ['-eu', '-o', 'pipefail', '-c', `trap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n${script}`], {
      cwd: join(folder, 'empty'), timeout: 100_000,
      env: {
        ...process.env, PATH: `${join(folder, 'bin')}:${process.env.PATH}`,
        RENDEZVOUS__SERVER__PUBLIC_URL: `https://localhost:${port}`, RENDEZVOUS__SERVER__LISTEN: `127.0.0.1:${port}`,
      },
    }).catch((error) => assert.fail(`${error.message}\n${error.stdout}\n${error.stderr}`));
    const said = stdout.split('\n');
    const objects = said.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const statuses = objects.filter((each) => 'canStart' in each && 'callStatus' in each && !('participants' in each));
    assert.deepEqual(statuses.map(({ callStatus, reason }) => [callStatus, reason]), [['inactive', 'payment-required'], ['active', undefined]]);
    assert.deepEqual(objects.filter((each) => each.code && each.requestId).map(({ status, code }) => [status, code]),
      [[403, 'forbidden'], [402, 'payment-required']]);
    const calls = objects.filter((each) => each.callId && each.endReason);
    assert.deepEqual(calls.map(({ state, endReason, billableSeconds }) => [state, endReason, billableSeconds]),
      [['ended', 'completed', 0], ['ended', 'completed', 0]]);
    assert.ok(said.includes('L9PlnbkqUA2pujWBYaaQrx07QpWNozOdUkaOjo5M9lA='), 'the known signature');
    const [events] = said.filter((line) => line.startsWith('[')).map((line) => JSON.parse(line));
    assert.deepEqual(events.map(({ type }) => type).filter((type) => type === 'call.active' || type === 'call.ended'), ['call.active', 'call.ended']);
    const rows = said.filter((line) => line.startsWith(`${calls[0].callId},`));
    assert.equal(rows.length, 1, 'one row of the table');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
