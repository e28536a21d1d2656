import { describe, expect, it } from 'vitest';
import { formatRecording, parseRecording } from '../../adapters/replay/recording.ts';
import { processStartTime } from '../../adapters/shared/process-tree.ts';
import { requireAgent } from '../agents/agents.ts';
import { RECORDED_CODEX, type CodexScenario } from '../helpers/record-codex.ts';
import type { EntryFacts } from '../helpers/recorded-runtime.ts';
import { recordScenario } from '../helpers/recording-stage.ts';
import { openText } from '../model-endpoint/codex-tools.ts';
import { byUserText, replies } from '../model-endpoint/script.ts';
import { gate, text } from '../model-endpoint/step.ts';
import { playRecording } from '../replay/play-recording.ts';

const binary = requireAgent('codex') ?? '';
const ABOUT = { title: 'of a test', description: '' };
const script = byUserText({
  one: replies([[text('first')]]),
  endless: replies([[...openText('so far '), gate('never')]]),
  two: replies([[text('second')]]),
});

const SCENARIOS: readonly CodexScenario[] = [
  {
    ...ABOUT,
    scenario: 'restart',
    script,
    play: async (stage) => {
      await stage.create();
      await stage.turn('one');
      await stage.restart();
      await stage.turn('two');
    },
  },
  {
    ...ABOUT,
    scenario: 'crash',
    script,
    play: async (stage) => {
      await stage.create();
      await stage.submit('endless');
      await stage.streamed('so far ');
      stage.killAgent();
      await stage.status('error');
      await stage.turn('two');
    },
  },
  {
    ...ABOUT,
    scenario: 'two-threads',
    script,
    play: async (stage) => {
      await stage.create();
      await stage.create();
      await stage.submit('one');
      await stage.turn('two', { threadId: 't2' });
      await stage.settled('t1');
    },
  },
];

/** Texts are cut anew each time, native ids are numbered in a recording, and threads do not wait for each other. */
const shapeOf = (facts: readonly EntryFacts[]): string[] =>
  facts
    .filter(({ input }) => input !== 'provider.itemDelta')
    .toSorted((one, other) => one.thread.localeCompare(other.thread))
    .map(({ thread, input, facts: drawn }) =>
      [thread, input, ...drawn.map((fact) => String(Reflect.get(Object(fact), 'type')))].join(' '),
    );

describe.skipIf(binary === '')('a recording of the real codex', () => {
  it.each(SCENARIOS.map((each) => [each.scenario, each] as const))(
    'gives the facts of %s again, and each time the same',
    async (_, scenario) => {
      const { recording, facts } = await recordScenario(RECORDED_CODEX, scenario, { binary });
      const read = parseRecording(formatRecording(recording), 'recording');
      const played = await playRecording(read);
      expect(shapeOf(played.facts)).toEqual(shapeOf(facts));
      expect(await playRecording(read)).toEqual(played);
    },
  );

  it('leaves nothing running when it is aborted', async () => {
    const abort = new AbortController();
    let pid = 0;
    const recorded = recordScenario(
      RECORDED_CODEX,
      {
        ...ABOUT,
        scenario: 'aborted',
        script,
        play: async (stage) => {
          await stage.create();
          await stage.submit('endless');
          await stage.streamed('so far ');
          pid = stage.agentPid;
          abort.abort();
          await new Promise(() => {});
        },
      },
      { binary, signal: abort.signal },
    );
    await expect(recorded).rejects.toThrow('aborted');
    expect(pid).toBeGreaterThan(0);
    expect(await processStartTime(pid)).toBeNull();
  });
});
