// Prints the figures of a run as the tables of docs/reliability.md: node table.js [figures.jsonl]
import { readFileSync } from 'node:fs';

import { ELSEWHERE, NOT_YET } from './harness/elsewhere.js';
import { FIGURES } from './harness/figures.js';

const lines = readFileSync(process.argv[2] ?? FIGURES, 'utf8').trim().split('\n').map((line) => JSON.parse(line));
const newest = new Map(lines.map((line) => [line.test, line]));
const FIGURE_NAMES = ['trials', 'callsLost', 'messagesLost', 'duplicates', 'rowsLost', 'recoverP50Ms', 'recoverP99Ms'];

console.log('| test | trials | calls lost | lost silently | duplicates | rows lost | back p50 ms | p99 ms | |');
console.log('|---|---|---|---|---|---|---|---|---|');
for (const each of [...newest.values()].sort((a, b) => a.test.localeCompare(b.test))) {
  console.log(`| ${each.test} | ${FIGURE_NAMES.map((name) => each[name] ?? '-').join(' | ')} | ${each.note ?? ''} |`);
}

const list = (title, rows) => {
  console.log(`\n| fault | ${title} |\n|---|---|`);
  for (const [fault, text] of rows) console.log(`| ${fault} | ${text} |`);
};
list('shown by', ELSEWHERE);
list('not yet, because', NOT_YET);
