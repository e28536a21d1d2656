/** What `checklist.md` names is there. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../adapters/replay/recording.ts';
import { recordingFiles } from './replay/recording-files.ts';

const ROOT = join(import.meta.dirname, '..');
const FIRST_ROW = 86;
const LAST_ROW = 106;
const SCENARIO_COUNT = 37;
const AGENTS = ['codex', 'claude', 'opencode', 'acp'];

/** The cells of each row of the tables whose first cell fits. */
function rowsOf(first: RegExp): string[][] {
  const lines = readFileSync(join(import.meta.dirname, 'checklist.md'), 'utf8').split('\n');
  const rows = lines.filter((line) => line.startsWith('|')).map((line) => line.split('|').slice(1, -1));
  return rows.map((cells) => cells.map((cell) => cell.trim())).filter(([cell = '']) => first.test(cell));
}

/** Tests that are named and not there: a file, then titles. */
function missingIn(text: string): string[] {
  return [...text.matchAll(/`(test\/[^`]+)`((?:[ ,]+“[^”]+”)*)/g)].flatMap(([, file = '', titles = '']) => {
    const path = join(ROOT, file);
    if (!existsSync(path)) return [file];
    const source = readFileSync(path, 'utf8');
    const named = [...titles.matchAll(/“([^”]+)”/g)].map(([, title = '']) => title);
    if (named.length === 0) return [`${file} without a title`];
    return named.filter((title) => !source.includes(title)).map((title) => `${file} “${title}”`);
  });
}

const branches = rowsOf(/^\d+$/);
const scenarios = rowsOf(/^[a-z]+(?:_[a-z0-9]+)*$/);
const recorded = new Map(
  AGENTS.map((agent) => [
    agent,
    new Set(recordingFiles(agent).map((file) => readRecording(file).header.scenario)),
  ]),
);

describe('the checklist', () => {
  it('has each row once', () => {
    const expected = Array.from({ length: LAST_ROW - FIRST_ROW + 1 }, (_, index) =>
      String(FIRST_ROW + index),
    );
    expect(branches.map(([row]) => row)).toEqual(expected);
    expect(new Set(scenarios.map(([name]) => name)).size).toBe(SCENARIO_COUNT);
  });

  it.each([...branches, ...scenarios].map((cells) => [cells[0] ?? '', cells] as const))(
    '%s names a test or a recording, or says that it is open',
    (_, cells) => {
      const [recordings, shownBy = ''] = [cells.slice(1, -1), cells.at(-1)];
      const hasRecording = cells.length > 3 && recordings.some((cell) => cell !== '');
      expect(hasRecording || /`test\/|open: /.test(shownBy)).toBe(true);
      expect(missingIn(shownBy)).toEqual([]);
    },
  );

  it.each(scenarios.map((cells) => [cells[0] ?? '', cells] as const))(
    '%s names recordings that are there',
    (_, cells) => {
      const unknown = AGENTS.flatMap((agent, index) => {
        const names = (cells[index + 1] ?? '').split(', ').filter((name) => name !== '');
        return names
          .filter((name) => recorded.get(agent)?.has(name) !== true)
          .map((name) => `${agent} ${name}`);
      });
      expect(unknown).toEqual([]);
    },
  );

  it('finds what is not there', () => {
    const title = ['no', 'such', 'title'].join(' ');
    const file = '`test/checklist.test.ts`';
    expect(missingIn(`\`test/no.test.ts\` “a”, ${file} “finds what is not there”, “${title}”`)).toEqual([
      'test/no.test.ts',
      `test/checklist.test.ts “${title}”`,
    ]);
  });
});
