/** What was recorded from the real codex, and how to record it again from another version. */
import type { CodexScenario } from '../../helpers/record-codex.ts';
import { replies } from '../../model-endpoint/script.ts';
import { reasoning, text } from '../../model-endpoint/step.ts';

const simple: CodexScenario = {
  scenario: 'simple',
  title: 'A simple turn',
  description: 'one prompt, some thinking, a streamed answer',
  script: replies([[reasoning('Greeting'), text('Hello from the recording.', { chunkLength: 9 })]]),
  play: async (stage) => {
    await stage.create();
    await stage.turn('say hello');
  },
};

export const CODEX_SCENARIOS: readonly CodexScenario[] = [simple];
