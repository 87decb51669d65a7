// Writes web/openapi.json in its form: what fits in 140 columns stands on one line.
import { readFile, writeFile } from 'node:fs/promises';

const WIDTH = 140;

function write(value, indent, room) {
  const flat = flatten(value);
  if (flat.length <= room || typeof value !== 'object' || value === null) return flat;
  const inner = `${indent}  `;
  const lines = Array.isArray(value)
    ? value.map((each) => inner + write(each, inner, WIDTH - inner.length - 1))
    : Object.entries(value).map(([name, each]) => {
        const key = `${JSON.stringify(name)}: `;
        return inner + key + write(each, inner, WIDTH - inner.length - key.length - 1);
      });
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

function flatten(value) {
  if (Array.isArray(value)) return `[${value.map(flatten).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${flatten(each)}`);
  return members.length > 0 ? `{ ${members.join(', ')} }` : '{}';
}

export const format = (text) => `${write(JSON.parse(text), '', WIDTH)}\n`;

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const file = process.argv[2] ?? new URL('../../web/openapi.json', import.meta.url).pathname;
  await writeFile(file, format(await readFile(file, 'utf8')));
}
