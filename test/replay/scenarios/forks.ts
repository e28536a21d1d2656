/** Threads that begin with the history of another one. */
import type { CodexScenario } from '../../helpers/record-codex.ts';
import { byUserText } from '../../model-endpoint/script.ts';
import { says } from './turns.ts';

const fork: CodexScenario = {
  scenario: 'fork',
  title: 'Two forks of a thread: as it is, and up to an earlier turn',
  description: 'each begins a conversation of its own; the first one goes on, and its next prompt completes',
  script: byUserText({
    one: says('answer one'),
    two: says('answer two'),
    aside: says('answer aside'),
    before: says('answer before'),
    three: says('answer three'),
  }),
  play: async (stage) => {
    await stage.create();
    await stage.turn('one');
    await stage.turn('two');
    const now = await stage.create({ options: { forkOf: 't1' } });
    await stage.turn('aside', { threadId: now });
    const earlier = await stage.create({ options: { forkOf: 't1', forkTurn: '1' } });
    await stage.turn('before', { threadId: earlier });
    await stage.turn('three');
  },
};

export const FORKS: readonly CodexScenario[] = [fork];
