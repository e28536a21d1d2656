/** Codex without a process: answers as it should, or as the run says, and says whatever the run makes it say. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type {
  HostedProcess,
  ProcessEvents,
  ProcessHost,
  ProcessSpec,
} from '../../machines/ports/process-host.ts';

export interface Asked {
  readonly id: number;
  readonly method: string;
}

const thread = {
  thread: { id: 'n', status: { type: 'idle' } },
  model: 'm',
  cwd: '/work',
  approvalPolicy: 'untrusted',
  approvalsReviewer: 'user',
  sandbox: { type: 'readOnly' },
};
const RESULTS: Readonly<Record<string, unknown>> = {
  initialize: { userAgent: 'threadchart/0.169.0 (fake)' },
  'account/read': { account: null, requiresOpenaiAuth: true },
  'model/list': { data: [] },
  'skills/list': { data: [] },
  'thread/start': thread,
  'thread/resume': thread,
  'thread/read': { thread: { status: { type: 'idle' } } },
  'thread/turns/list': { data: [] },
};

export class FakeProcessHost implements ProcessHost {
  /** What is said instead of the right answer; `null`: the right one. */
  instead: (asked: Asked) => Buffer | null = () => null;
  /** Of the turn that was last started. */
  turnId = 'none';
  #turnCount = 0;
  #events: ProcessEvents | null = null;

  spawn(_: ProcessSpec, events: ProcessEvents): HostedProcess {
    this.#events = events;
    return {
      pid: 1,
      write: (text) => this.#take(events, text),
      pause: () => undefined,
      resume: () => undefined,
      end: () => {
        this.exit(events);
        return nextTurn();
      },
    };
  }

  get isRunning(): boolean {
    return this.#events !== null;
  }

  /** Bytes of stdout. */
  say(bytes: Uint8Array): void {
    this.#events?.onStdout(bytes);
  }

  sayError(bytes: Uint8Array): void {
    this.#events?.onStderr(bytes);
  }

  exit(of = this.#events): void {
    if (of === null || of !== this.#events) return;
    this.#events = null;
    of.onExit({ code: 1, signal: null }, null);
  }

  #take(events: ProcessEvents, text: string): boolean {
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const asked = JSON.parse(line) as Partial<Asked>;
      if (asked.method !== undefined && asked.id !== undefined) this.#answer(events, asked as Asked);
    }
    return true;
  }

  #answer(events: ProcessEvents, asked: Asked): void {
    const { id, method } = asked;
    if (method === 'turn/start') {
      this.#turnCount += 1;
      this.turnId = `T${this.#turnCount}`;
    }
    const started = { turn: { id: this.turnId } };
    const right = { id, result: method === 'turn/start' ? started : (RESULTS[method] ?? {}) };
    const bytes = this.instead(asked) ?? Buffer.from(`${JSON.stringify(right)}\n`);
    setImmediate(() => this.#events === events && events.onStdout(bytes));
  }
}
