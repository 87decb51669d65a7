// Prints the figures of a run as the table of docs/reliability.md: node table.js [figures.jsonl]
import { readFileSync } from 'node:fs';

import { FIGURES } from './harness/figures.js';

const lines = readFileSync(process.argv[2] ?? FIGURES, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const newest = new Map(lines.map((line) => [`${line.fault} ${line.test}`, line]));
const shown = (value) => value ?? '-';

console.log('| fault | test | trials | calls lost | lost silently | duplicates | rows lost | back p50 ms | p99 ms | |');
console.log('|---|---|---|---|---|---|---|---|---|---|');
for (const each of [...newest.values()].sort((a, b) => a.fault.localeCompare(b.fault))) {
  const figures = ['trials', 'callsLost', 'messagesLost', 'duplicates', 'rowsLost', 'recoverP50Ms', 'recoverP99Ms'];
  console.log(`| ${each.fault} | ${each.test} | ${figures.map((name) => shown(each[name])).join(' | ')} | ${each.note ?? ''} |`);
}
