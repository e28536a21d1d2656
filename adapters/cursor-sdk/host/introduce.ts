import { setTimeout as wait } from 'node:timers/promises';
import { plain } from './lines.ts';
import type { Sdk } from './sdk.ts';

const ANSWER_TIMEOUT_MS = 10_000;

/** What can be asked before a conversation; what Cursor does not answer is left out. */
export async function introduce({ Cursor, version }: Sdk): Promise<object> {
  const [user, models] = await Promise.all([asked(() => Cursor.me()), asked(() => Cursor.models.list())]);
  return { version, user, models };
}

/** `problem`: the SDK's name of an error, such as `AuthenticationError`. */
async function asked(ask: () => Promise<unknown>): Promise<object> {
  const tooLate = wait(ANSWER_TIMEOUT_MS, { problem: 'timeout' }, { ref: false });
  const answer = ask().then(
    (value) => ({ value: plain(value) }),
    (error: unknown) => ({ problem: error instanceof Error ? error.name : String(error) }),
  );
  return Promise.race([answer, tooLate]);
}
