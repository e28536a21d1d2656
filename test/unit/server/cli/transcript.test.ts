import { expect, onTestFinished, test } from 'vitest';
import type { Fact } from '../../../../machines/domain/fact.ts';
import { itemSchema, type ItemBody } from '../../../../machines/domain/item.ts';
import { Terminal } from '../../../../server/cli/terminal.ts';
import { Transcript } from '../../../../server/cli/transcript.ts';

function makeTranscript() {
  const written: string[] = [];
  const output = { write: (text: string) => written.push(text), isTTY: false };
  const terminal = new Terminal(false, { stdout: output, stderr: output });
  onTestFinished(() => terminal.close());
  const transcript = new Transcript(terminal, 't1', {});
  const show = (fact: Fact): void => transcript.show({ sequence: 1, version: 1, at: 0, fact });
  const tell = (body: object, status: 'open' | 'completed'): void => {
    const draft = { itemId: 'i1', body, text: 'result', status, ordinal: 1, turnId: 'turn', attempt: 1 };
    show({ type: status === 'open' ? 'item.started' : 'item.completed', item: itemSchema.parse(draft) });
  };
  return { written, tell };
}

const DELEGATION = {
  kind: 'delegation',
  taskId: 'k',
  threadId: 't2',
  instanceId: 'claude',
  title: 'look',
  wake: 'never',
};

test.each<[Pick<ItemBody, 'kind'>, string]>([
  [DELEGATION as never, '· task for claude: look (thread t2)'],
  [{ kind: 'subagent', title: 'helper', threadId: 't3' } as never, '· sub-agent: helper (thread t3)'],
  [{ kind: 'subagent', title: 'helper' } as never, '· sub-agent: helper'],
  [{ kind: 'task', title: 'serve' } as never, '· task: serve'],
])('tells of the work of others as it begins and ends, and where it is seen (%j)', (body, line) => {
  const { written, tell } = makeTranscript();
  tell(body, 'open');
  tell(body, 'completed');
  expect(written.join('')).toBe(`${line} [begun]\n${line} [completed]\n`);
});
