/** What holds of all recordings of an agent: they are there, tell nothing of where they were made, and give their facts. */
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readRecording } from '../../adapters/replay/recording.ts';
import type { Scenario } from '../helpers/recording-stage.ts';
import { playedLines, playRecording } from './play-recording.ts';
import { factsFileOf, recordingFiles } from './recording-files.ts';

interface Recorded {
  readonly driver: string;
  readonly scenarios: readonly Pick<Scenario, 'scenario' | 'refusals' | 'attachments'>[];
  /** What must be there, so that none is lost with its recording. */
  readonly required: readonly string[];
  readonly maxSizeBytes: number;
  /** More folders that may stand in one. */
  readonly folders?: RegExp;
}

/** Folders that may stand in a recording: of the places that are put in, and of any Linux. */
const KNOWN_FOLDER = /^\/(?:home\/user|workspace|attachments|bin|dev|usr)(?:\/|$)/;
const FOLDER = /(?<![\w./<~$-])\/[a-zA-Z][\w.-]*(?:\/[\w.-]+)+/g;
const PRIVATE = [/127\.0\.0\.1:\d/, /\bsk-[\w-]{8}/, /bearer /i, /-----BEGIN/];

export function describeRecordings({ driver, scenarios, required, ...rest }: Recorded): void {
  const { maxSizeBytes, folders: more = /^$/ } = rest;
  const files = recordingFiles(driver);
  const named = files.map((file) => [basename(file), file] as const);

  describe(`recordings of ${driver}`, () => {
    it('are there for every scenario, and for no other', () => {
      const recorded = new Set(files.map((file) => readRecording(file).header.scenario));
      expect([...recorded].toSorted()).toEqual(scenarios.map(({ scenario }) => scenario).toSorted());
    });

    it('are those that there have to be', () => {
      expect(scenarios.map(({ scenario }) => scenario).toSorted()).toEqual(required.toSorted());
    });

    it.each(named)('%s is small, and tells nothing of where it was made', (_, file) => {
      const content = readFileSync(file, 'utf8');
      expect(Buffer.byteLength(content)).toBeLessThan(maxSizeBytes);
      const folders = [...content.matchAll(FOLDER)].map(([folder]) => folder);
      expect(folders.filter((folder) => !KNOWN_FOLDER.test(folder) && !more.test(folder))).toEqual([]);
      expect(PRIVATE.filter((pattern) => pattern.test(content))).toEqual([]);
    });

    it.each(named)('%s gives the facts and the refusals beside it', async (_, file) => {
      const recording = readRecording(file);
      const scenario = scenarios.find((each) => each.scenario === recording.header.scenario);
      const played = await playRecording(recording, scenario?.attachments);
      const expected = readFileSync(factsFileOf(file), 'utf8').trimEnd().split('\n');
      expect(playedLines(played).trimEnd().split('\n')).toEqual(expected);
      const open = played.left.flatMap(({ items }) => items.filter(({ status }) => status === 'open'));
      expect([open, played.left.filter(({ openRequestCount }) => openRequestCount > 0)]).toEqual([[], []]);
      expect(played.refusals.filter((code) => code !== null)).toEqual(scenario?.refusals ?? []);
    });
  });
}
