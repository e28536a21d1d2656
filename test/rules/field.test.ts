/** What the field has taught of a thread's life, sentence by sentence: each is a rule of this folder or a property. */
import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { PROPERTIES } from '../prove/properties.ts';

/** Titles of rules, and names of properties after `proved: `. */
const FIELD: Readonly<Record<string, readonly string[]>> = {
  'only the active turn settles the thread': [
    'only the active turn settles the thread: the end of a side turn does not',
    'proved: only the active turn settles',
  ],
  'completion or abort of another turn, or without a turn id while one is active, is recorded and ignored': [
    'the completion of another turn is recorded and ignored',
    'the abort of another turn is recorded and ignored',
    'an end without a turn id is ignored while a turn is active',
  ],
  'a start that conflicts with the active turn is a side turn: items recorded, thread untouched': [
    'it is a side turn where it conflicts with the active turn, and leaves the thread untouched',
    'its end is recorded once, when it ends',
  ],
  'a side turn becomes active only when no turn is starting or running': [
    'it becomes active only when no turn is starting or running',
    'it is active where no turn is starting or running',
  ],
  'a started turn is one that an interrupt reaches': [
    'an interrupt is not sent before the provider has started the turn',
  ],
  'an end that comes before the start implies it': ['an end that comes before the start implies it'],
  'exactly one terminal fact per turn, later ones are ignored': [
    'a turn has exactly one terminal fact, later ends are ignored',
    'proved: one end',
  ],
  'a failed turn stays failed, it is not flattened into interrupted': [
    'a failed turn stays failed, it is not flattened into interrupted',
    'proved: failed stays failed',
  ],
  'connection lost in a turn: failed, status error, requests expired, open items unknown': [
    'it fails the turn with CONNECTION_LOST, whatever broke it',
    'it expires the requests of the turn',
    'it leaves open items unknown',
  ],
  'a change to an inactive state clears the active turn': [
    'a change to an inactive state clears the active turn',
  ],
  'a late session-started in mid-turn does not clear it': [
    'a late session-started in mid-turn does not clear the active turn',
  ],
  'waiting counts as running': ['waiting for a person counts as running'],
  'a prompt that could not be handed over is a failed start, not an aborted turn': [
    'it is a failed start where the provider refuses it, not an aborted turn',
    'it is a failed start where the connection cannot be opened',
    'it is a failed start where the connection does not open in time',
    'it is a failed start where the provider does not begin it in time',
  ],
  'an interrupt before the start is remembered, and sent again once if it was refused': [
    'an interrupt before the provider has started the turn is remembered, and sent when it has',
    'an interrupt that the provider refused is sent again once',
  ],
  'an interrupt without an answer settles the turn as interrupted after a wall-clock bound': [
    'an interrupt without an answer settles the turn as interrupted after a wall-clock bound',
    'the bound of an interrupt is not pushed by items',
    'proved: no stuck state',
  ],
  'a turn that completes in spite of an interrupt is completed': [
    'a turn that completes in spite of an interrupt is completed',
  ],
  'a stop that fails keeps the connection and shows the failure; already gone is success': [
    'a stop that fails keeps the connection and shows the failure',
    'a stop of what is already gone is a success',
  ],
  'lastError is kept in any status until the next ready': [
    'the last error is kept in any status until the next ready',
    'ready clears the last error',
  ],
  'a silent turn is noticed by a watchdog; heartbeats are no progress': [
    'a silent turn is noticed, interrupted and failed',
    'heartbeats and usage do not count as progress: the timer is pushed by items only',
  ],
  'only a completed turn starts the next queued prompt, every other end holds the queue with its reason': [
    'a completed turn starts the next queued prompt, in the order in which they came',
    'a turn that ends as … by … holds the queue with its reason',
    'an interrupt holds the queue',
    'a lost connection holds the queue',
    'a turn whose outcome is unknown holds the queue',
    'proved: the queue moves',
  ],
  'queued prompts survive a restart': ['queued prompts survive a restart, held'],
  'late items are attached to their own turn': ['late items are attached to their own turn'],
  'a prompt that the provider folded into another turn ends as absorbed': [
    'it ends as absorbed into that turn',
    'an acceptance under the id of a side turn means the same',
  ],
  'a side turn pauses the start deadline of a waiting prompt': [
    'a side turn pauses the start deadline of a waiting prompt',
  ],
  'an abort leads to interrupted, which welcomes a prompt as ready does': [
    'an aborted turn leaves the thread interrupted, which welcomes a prompt as ready does',
  ],
  'the active turn is set in starting and running only': [
    'the active turn is set in starting and running only',
    'proved: active turn',
  ],
  'working is left through the end of the turn only, which is told of a lost connection first': [
    'working is left only through the end of the turn, which is told of a lost connection first',
    'proved: live behind running',
  ],
  'a close for idleness keeps the word': [
    'its close keeps the word: ready',
    'its close keeps the word: interrupted',
  ],
  'a new thread is ready, unbound, until its first prompt': [
    'a new thread is ready and unbound until its first prompt',
  ],
  'a thread that is stopped, or found stopped by recovery, is stopped': [
    'a thread that a person stops is stopped',
    'a thread that is found without its server is stopped',
    'proved: recovery',
  ],
  'settling: deltas flushed, requests closed, bounded by a timer': [
    'the end is stated when deltas are flushed and what was left behind has ended',
    'requests of a turn that has ended are closed',
    'settling is bounded by a timer',
    'proved: requests end with their owner',
  ],
  'the queue drains after a completed turn or on request, otherwise it is held': [
    'a held queue flows again on request',
    'the queue drains when no connection is there, too',
  ],
  'a suspect connection is closed by force and never used again': [
    'after a start timed out the connection is closed by force',
    'after an interrupt timed out the connection is closed by force',
    'it is never used again: the next prompt waits for another one',
    'proved: a process behind a connection',
  ],
  'a resume handle is provisional until the first accepted turn': [
    'a resume handle is provisional from the native creation',
    'a resume handle is confirmed after the first accepted turn',
    'a provisional handle is not resumed',
  ],
  'an accepted command changes something or is recorded as without effect': [
    'a stop of a stopped thread is without effect',
    'proved: accepted or refused',
  ],
};

const FOLDER = new URL('./', import.meta.url);
/** What a title is made of with a loop stands as `…`. */
const titlesIn = (name: string): string[] =>
  [...readFileSync(new URL(name, FOLDER), 'utf8').matchAll(/\brule\(\s*(['`])(.+?)\1,/g)].map(
    ([, , title = '']) => title.replaceAll(/\$\{[^}]*\}/g, '…'),
  );
const titles = new Set(
  readdirSync(FOLDER)
    .filter((name) => name.endsWith('.test.ts') && name !== 'field.test.ts')
    .flatMap(titlesIn),
);
const properties = new Set(PROPERTIES.map(({ name }) => `proved: ${name}`));

test('every lesson of the field is a rule or a property', () => {
  expect(titles.size).toBeGreaterThanOrEqual(250);
  const missing = Object.values(FIELD).flatMap((names) =>
    names.filter((name) => !titles.has(name) && !properties.has(name)),
  );
  expect(missing).toEqual([]);
});
