import { expect, test } from 'vitest';
import { turnIdSchema } from '../../../../machines/domain/ids.ts';
import { fakeCodex, type FakeStep } from '../../../helpers/fake-codex.ts';

const PAGE_LENGTH = 100;

/** A page of turns, each with the prompt of its number. */
const page = (from: number, nextCursor: string | null): FakeStep => ({
  result: {
    data: Array.from({ length: PAGE_LENGTH }, (_, index) => ({
      id: `T${from + index}`,
      status: 'completed',
      items: [{ type: 'userMessage', id: 'i', clientId: `turn-${from + index}.1`, content: [] }],
    })),
    nextCursor,
  },
});

async function lookUp(clientMessageId: string, pages: readonly FakeStep[]) {
  const codex = fakeCodex({ 'thread/turns/list': pages });
  const thread = await codex.open();
  const { threadId } = thread;
  const turnId = turnIdSchema.parse('turn');
  const asked = { threadId, turnId, attempt: 1, nativeThreadId: 'n', clientMessageId };
  codex.adapter.perform({ type: 'turn.lookUp', ...asked });
  const { found } = await codex.harness.awaitReport(threadId, 'provider.turnLookedUp');
  return {
    found,
    cursors: codex.sent('thread/turns/list').map((sent) => Reflect.get(Object(sent), 'cursor')),
  };
}

test('a prompt is looked for as far back as the conversation goes', async () => {
  const pages = [page(0, 'b'), page(100, 'c'), page(200, null)];
  expect(await lookUp('turn-250.1', pages)).toEqual({ found: 'completed', cursors: [null, 'b', 'c'] });
});

test('a prompt that is nowhere in it had not arrived', async () => {
  expect(await lookUp('other.1', [page(0, 'b'), page(100, null)])).toMatchObject({ found: 'absent' });
});

test('a conversation without an end is given up', async () => {
  const { found, cursors } = await lookUp('other.1', [page(0, 'again')]);
  expect(found).toBe('unknown');
  expect(cursors).toHaveLength(100);
});
