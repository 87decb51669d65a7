import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';

const DOCS = new URL('../../docs/integrate/', import.meta.url);
const samples = { laravel: 'laravel.php', wordpress: 'wordpress.php', fastapi: 'fastapi_app.py', nestjs: 'nestjs.ts' };

test('every sample stands in its page as it is run', async () => {
  assert.deepEqual((await readdir(new URL('samples/', DOCS))).sort(), Object.values(samples).sort());
  for (const [page, sample] of Object.entries(samples)) {
    const [text, code] = await Promise.all([readFile(new URL(`${page}.md`, DOCS), 'utf8'), readFile(new URL(`samples/${sample}`, DOCS), 'utf8')]);
    assert.ok(text.includes(`\n${code}\`\`\`\n`), `docs/integrate/${page}.md differs from samples/${sample}`);
  }
});
