import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { prove } from '../model/prove.ts';
import { CONFIGURATIONS, MOST_FIRINGS } from './configurations.ts';
import { FAULTS } from './faults.ts';
import { PROPERTIES } from './properties.ts';

const README = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');

const [, section = ''] = /## What is proved\n([^]*?)\n## /.exec(README) ?? [];
const flat = section.replaceAll(/\s+/g, ' ');

test('the README lists every property in its words', () => {
  const [table = ''] = section.split('| Explored');
  const listed = [...table.matchAll(/^\| (\S.*?) +\| ([^|]*?) *\|$/gm)].map(([, name, sentence]) => ({
    name,
    sentence,
  }));
  expect(listed.slice(2)).toEqual(PROPERTIES.map(({ name, sentence }) => ({ name, sentence })));
});

const grouped = (count: number): string => count.toLocaleString('en');

test('the figures of the README are those below which a proof fails', () => {
  const rows = CONFIGURATIONS.map(({ name, stateCount, edgeCount, replayCount }) =>
    [name, grouped(stateCount), grouped(edgeCount), grouped(replayCount)].join(' | '),
  );
  expect(rows.filter((row) => !flat.includes(`| ${row} |`))).toEqual([]);
  expect(flat).toContain(`at most ${MOST_FIRINGS} timers fire`);
  expect(flat).toContain(`${FAULTS.length} faults`);
  expect(flat).toContain(`${FAULTS.filter(({ unseen }) => unseen === undefined).length} of the recordings`);
});

const { checks } = prove({ prompts: 0, requests: 0, sideRequests: 0, sideTurns: 0, nativeSteer: false });

test('every rule of the exploration belongs to one property', () => {
  expect(PROPERTIES.flatMap(({ rules }) => rules).toSorted()).toEqual([...checks.keys()].toSorted());
});

test('at least 25 faults are seeded, each under a name of its own and against a rule that there is', () => {
  const rules = PROPERTIES.flatMap((property) => property.rules);
  expect(new Set(FAULTS.map(({ name }) => name)).size).toBeGreaterThanOrEqual(25);
  expect(FAULTS.filter(({ rule }) => !rules.includes(rule))).toEqual([]);
});
