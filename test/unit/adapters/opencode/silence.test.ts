/** A server that says nothing more, and what is asked of it then. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { opencodeOverLines } from '../../../../adapters/opencode/index.ts';
import {
  connectionIdOf,
  instanceIdSchema,
  threadIdSchema,
  turnIdSchema,
} from '../../../../machines/domain/ids.ts';
import type { ProcessEvents } from '../../../../machines/ports/process-host.ts';
import type { ProviderHost, ProviderReport } from '../../../../machines/ports/provider.ts';

const instanceId = instanceIdSchema.parse('opencode');
const threadId = threadIdSchema.parse('t');
const connectionId = connectionIdOf(threadId, 1);
const turnId = turnIdSchema.parse('turn');
const sessionID = 'ses_e01397987ffesuiL98AI7o74q5';
const settings = {
  title: '',
  cwd: '/work',
  instanceId,
  model: null,
  options: {},
  runtimeMode: 'full-access',
  policy: {},
  interactionMode: 'default',
  deliveryMode: 'streaming',
} as const;

interface Asked {
  readonly id: number;
  readonly method: string;
  readonly params: { readonly body?: { readonly messageID?: string; readonly permission?: unknown } };
}

/** An opencode that answers as it is told, with a prompt that has begun. */
class Quiet {
  readonly reports: ProviderReport[] = [];
  readonly asked: string[] = [];
  statuses: object = { [sessionID]: { type: 'busy' } };
  messages: object[] = [];
  prompt = '';
  #events: ProcessEvents | null = null;
  readonly #adapter = opencodeOverLines.create(
    { instanceId, driver: 'opencode', command: null, env: {} },
    this.#host(),
  );

  async begin(): Promise<void> {
    const prompt = { turnId, text: 'hello', attachments: [] };
    this.#adapter.perform({ type: 'process.start', instanceId });
    await rest();
    this.#adapter.perform({ type: 'connection.open', threadId, connectionId, resume: null, settings });
    await rest();
    const key = { connectionId, turnId, attempt: 1, nativeTurnId: null, clientMessageId: 'turn.1' };
    this.#adapter.perform({ type: 'turn.start', ...key, prompt, settings });
    await rest();
    this.tell('message.updated', { info: { id: this.prompt, sessionID, role: 'user' } });
    this.tell('session.status', { status: { type: 'busy' } });
  }

  tell(type: string, properties: object): void {
    this.#say({ method: 'event', params: { payload: { type, properties: { sessionID, ...properties } } } });
  }

  answered(more: object): object {
    const id = 'msg_fffffffffff0AAAAAAAAAAAAAA';
    return { id, sessionID, role: 'assistant', parentID: this.prompt, ...more };
  }

  get ends(): string[] {
    return this.reports.flatMap((report) => (report.type === 'provider.turnEnded' ? [report.outcome] : []));
  }

  #answerTo({ method, params }: Asked): unknown {
    if (params.body?.messageID !== undefined) this.prompt = params.body.messageID;
    const answers: Readonly<Record<string, unknown>> = {
      'GET /global/health': { healthy: true, version: '1.18.33' },
      'GET /config/providers': { providers: [], default: {} },
      'GET /config': {},
      'POST /session': { id: sessionID, directory: '/work', permission: params.body?.permission },
      'GET /session/status': this.statuses,
      'GET /session/{id}/message': this.messages,
    };
    return answers[method] ?? (method.startsWith('GET') ? [] : null);
  }

  #say(message: object): void {
    this.#events?.onStdout(Buffer.from(`${JSON.stringify(message)}\n`));
  }

  #take(line: string): void {
    const asked: Asked = JSON.parse(line);
    this.asked.push(asked.method);
    queueMicrotask(() => this.#say({ id: asked.id, result: this.#answerTo(asked) }));
  }

  #host(): ProviderHost {
    return {
      processes: {
        spawn: (_, events) => {
          this.#events = events;
          const write = (text: string): boolean => {
            this.#take(text);
            return true;
          };
          return { pid: 1, write, pause: () => {}, resume: () => {}, end: () => Promise.resolve() };
        },
      },
      report: (_, report) => void this.reports.push(report),
      reportInstance: () => {},
      settled: () => {},
      attachmentPath: () => null,
      openItems: () => [],
      logFrame: () => 'log:1',
      warn: () => {},
    };
  }
}

/** Every answer has been acted on. */
async function rest(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await vi.advanceTimersByTimeAsync(1);
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setImmediate'] }));
afterEach(() => void vi.useRealTimers());

it('ends a turn whose end was not heard', async () => {
  const quiet = new Quiet();
  await quiet.begin();
  quiet.statuses = {};
  const info = quiet.answered({ time: { completed: 1 }, finish: 'stop' });
  const part = { id: 'prt_1', sessionID, messageID: 'msg_fffffffffff0AAAAAAAAAAAAAA', type: 'text' };
  quiet.messages = [{ info, parts: [{ ...part, text: 'all of it', time: { start: 1, end: 2 } }] }];
  await vi.advanceTimersByTimeAsync(19_000);
  expect(quiet.asked).not.toContain('GET /session/status');
  await vi.advanceTimersByTimeAsync(2_000);
  expect(quiet.ends).toEqual(['completed']);
  expect(JSON.stringify(quiet.reports)).toContain('all of it');
});

it('leaves a turn alone that still runs, and looks again', async () => {
  const quiet = new Quiet();
  await quiet.begin();
  quiet.tell('message.updated', { info: quiet.answered({ time: {} }) });
  await vi.advanceTimersByTimeAsync(45_000);
  expect(quiet.ends).toEqual([]);
  expect(quiet.asked.filter((method) => method === 'GET /session/status')).toHaveLength(2);
});

it('fails a turn that is over without a word, soon where opencode has said that it is idle', async () => {
  const quiet = new Quiet();
  await quiet.begin();
  quiet.statuses = {};
  quiet.tell('message.updated', { info: quiet.answered({ time: {} }) });
  quiet.tell('session.idle', {});
  await vi.advanceTimersByTimeAsync(4_000);
  expect(quiet.ends).toEqual(['failed']);
});

it('is not kept waiting by heartbeats', async () => {
  const quiet = new Quiet();
  await quiet.begin();
  quiet.statuses = {};
  for (let beat = 0; beat < 5; beat += 1) {
    await vi.advanceTimersByTimeAsync(5_000);
    quiet.tell('server.heartbeat', { sessionID: undefined });
  }
  expect(quiet.ends).toEqual(['failed']);
});
