import { randomUUID } from 'node:crypto';
import { nanoid } from 'nanoid';
import { spawnChild, type OwnedChild } from '../../adapters/shared/child-process.ts';
import { LineSplitter } from '../../adapters/shared/ndjson.ts';
import type { ClaudeHome } from './claude-home.ts';
import { until } from './until.ts';

/** A line of claude, parsed. */
export type Heard = Readonly<Record<string, unknown>> & { readonly type: string; readonly subtype?: string };

const WAIT_MS = 60_000;
const ARGUMENTS = [
  '--print',
  '--output-format=stream-json',
  '--input-format=stream-json',
  '--verbose',
  '--include-partial-messages',
  '--replay-user-messages',
  '--permission-prompt-tool=stdio',
];

/** A real claude over stdio, without the adapter: what a test says goes out, what comes in is kept. */
export class ClaudeSession {
  readonly child: OwnedChild;
  /** Everything heard, in order. */
  readonly heard: Heard[] = [];
  /** Called with everything that is heard, at once. */
  onHeard: (heard: Heard) => void = () => {};
  readonly #lines = new LineSplitter();

  constructor(child: OwnedChild) {
    this.child = child;
    child.onStdout((chunk) => {
      for (const line of this.#lines.push(chunk)) if (line.kind === 'line') this.#hear(JSON.parse(line.text));
    });
  }

  say(frame: object): void {
    this.child.write(`${JSON.stringify(frame)}\n`);
  }

  /** Returns the uuid of the prompt. */
  prompt(content: unknown, more: object = {}): string {
    const uuid = randomUUID();
    const message = { role: 'user', content };
    this.say({ type: 'user', message, parent_tool_use_id: null, session_id: '', uuid, ...more });
    return uuid;
  }

  /** Asks claude and gives its whole answer. */
  async ask(request: object): Promise<Heard> {
    const id = randomUUID();
    this.say({ type: 'control_request', request_id: id, request });
    return this.until(
      (heard) => heard.type === 'control_response' && JSON.stringify(heard['response']).includes(id),
    );
  }

  answer(requestId: unknown, response: object): void {
    const answer = { subtype: 'success', request_id: requestId, response };
    this.say({ type: 'control_response', response: answer });
  }

  /** The first line of that kind, past or to come. */
  until(isIt: (heard: Heard) => boolean, from = 0): Promise<Heard> {
    return until(() => this.heard.slice(from).find(isIt), {
      timeoutMs: WAIT_MS,
      describe: () =>
        `a line of claude; there are\n${this.heard.map((each) => JSON.stringify(each).slice(0, 200)).join('\n')}`,
    });
  }

  result(number = 1): Promise<Heard> {
    return this.until((heard) => heard === this.heard.filter(({ type }) => type === 'result')[number - 1]);
  }

  #hear(heard: Heard): void {
    this.heard.push(heard);
    this.onHeard(heard);
  }
}

/** Starts claude in its home's workspace and shakes hands. */
export async function startClaudeSession(
  binary: string,
  home: ClaudeHome,
  args: readonly string[] = [],
): Promise<ClaudeSession> {
  const { env, workspace: cwd } = home;
  const all = [...ARGUMENTS, ...args];
  const child = await spawnChild({ command: binary, args: all, cwd, env, marker: nanoid() });
  const session = new ClaudeSession(child);
  await session.ask({ subtype: 'initialize', forwardSubagentText: true });
  return session;
}
