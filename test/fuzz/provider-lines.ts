/** Bytes of an agent: its real notifications and requests, changed at random, and things that no agent would say. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../helpers/random.ts';
import { garbled, garbledBytes, mutated, strange } from './mutate.ts';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'codex');

interface Recording {
  readonly threadId: string;
  readonly frames: readonly Record<string, unknown>[];
}

/** What codex said in its recorded sessions, as of the thread `n`. */
export function recordedFrames(): Record<string, unknown>[] {
  return readdirSync(FOLDER).flatMap((file) => {
    const text = readFileSync(join(FOLDER, file), 'utf8');
    const { threadId } = JSON.parse(text) as Recording;
    return (JSON.parse(text.replaceAll(threadId, 'n')) as Recording).frames;
  });
}

const REQUESTS = [
  'item/commandExecution/requestApproval',
  'item/fileChange/requestApproval',
  'item/permissions/requestApproval',
  'item/tool/requestUserInput',
  'mcpServer/elicitation/request',
  'item/tool/call',
  'no/such/request',
];

/** One line of an agent, with its newline. `turnId`: of the turn that runs, so that some of them concern it. */
export function agentLine(frames: readonly object[], random: Random, turnId: string): Buffer {
  const right = JSON.stringify(random.pick(frames));
  const current = random.chance(0.5)
    ? right.replaceAll(/"(turnId|rootTurnId)":"[^"]*"/g, `"$1":"${turnId}"`)
    : right;
  const frame: unknown = JSON.parse(current);
  switch (
    random.weighted({
      right: 12,
      wrong: 50,
      request: 10,
      garbled: 12,
      foreign: 6,
      bytes: 6,
      value: 3,
      large: 1,
    })
  ) {
    case 'right':
      return lineOf(current);
    case 'wrong':
      return lineOf(JSON.stringify(mutated(frame, random)) ?? '');
    case 'request':
      return lineOf(JSON.stringify(requestOf(random, turnId)));
    case 'garbled':
      return lineOf(garbled(current, random));
    case 'foreign':
      return lineOf(JSON.stringify({ id: strange(random), result: strange(random), error: strange(random) }));
    case 'bytes':
      return garbledBytes(lineOf(current), random);
    case 'value':
      return lineOf(JSON.stringify(strange(random)) ?? '');
    case 'large':
      return lineOf(
        JSON.stringify({
          method: 'item/agentMessage/delta',
          params: { delta: 'd'.repeat(random.below(200_000)) },
        }),
      );
  }
}

function requestOf(random: Random, turnId: string): unknown {
  const itemId = `i${random.below(5)}`;
  const params = {
    threadId: 'n',
    turnId,
    itemId,
    command: 'ls',
    cwd: '/',
    reason: 'r',
    questions: [{ id: 'q', question: '?' }],
  };
  const request = { id: random.below(1_000), method: random.pick(REQUESTS), params };
  return random.chance(0.4) ? request : mutated(request, random);
}

const lineOf = (text: string): Buffer => Buffer.from(`${text.replaceAll('\n', ' ')}\n`);
