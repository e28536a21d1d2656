import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../adapters/replay/recording.ts';
import { factLines, playRecording } from './play-recording.ts';
import { factsFileOf, recordingFiles } from './recording-files.ts';
import { CODEX_SCENARIOS } from './scenarios/codex.ts';

const files = recordingFiles('codex');

describe('recordings of codex', () => {
  it('are there for every scenario, and for no other', () => {
    const recorded = new Set(files.map((file) => readRecording(file).header.scenario));
    expect([...recorded].toSorted()).toEqual(CODEX_SCENARIOS.map(({ scenario }) => scenario).toSorted());
  });

  it.each(files.map((file) => [basename(file), file] as const))(
    '%s gives the facts beside it',
    async (_, file) => {
      const { facts } = await playRecording(readRecording(file));
      const expected = readFileSync(factsFileOf(file), 'utf8').trimEnd().split('\n');
      expect(factLines(facts).trimEnd().split('\n')).toEqual(expected);
    },
  );
});
