/** Sub-agents that an opencode tells of, in ways that the real one takes long for. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { opencodeOverLines } from '../../../../adapters/opencode/index.ts';
import {
  childThreadIdOf,
  connectionIdOf,
  instanceIdSchema,
  threadIdSchema,
  turnIdSchema,
  type ConnectionId,
  type ThreadId,
} from '../../../../machines/domain/ids.ts';
import type { ProcessEvents } from '../../../../machines/ports/process-host.ts';
import { CHILD_LIMIT, type ProviderHost, type ProviderReport } from '../../../../machines/ports/provider.ts';
import { schemaOf } from '../../../helpers/provider-harness.ts';
import { until } from '../../../helpers/until.ts';

const instanceId = instanceIdSchema.parse('opencode');
const threadId = threadIdSchema.parse('t');
const connectionId = connectionIdOf(threadId, 1);
const ROOT = 'ses_e01397987ffesuiL98AI7o74q5';
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
  readonly params: {
    readonly path?: { readonly id?: string };
    readonly body?: { readonly messageID?: string; readonly permission?: unknown };
  };
}
type Of<T extends ProviderReport['type']> = Extract<ProviderReport, { type: T }>;

/** An opencode with one thread, whose prompt is at work. */
class Stage {
  readonly reports: { readonly threadId: ThreadId; readonly report: ProviderReport }[] = [];
  readonly asked: Asked[] = [];
  prompt = '';
  isStarted = false;
  readonly #answers = new Map<string, string>();
  readonly #parents = new Map<string, string>();
  /** Words about a session that nobody has. */
  marks = 0;
  #markCount = 0;
  #messageCount = 0;
  #events: ProcessEvents | null = null;
  readonly #adapter = opencodeOverLines.create(
    { instanceId, driver: 'opencode', command: null, env: {} },
    this.#host(),
  );

  static async begin(): Promise<Stage> {
    const stage = new Stage();
    // else it goes on asking how its sessions stand
    onTestFinished(() => stage.#adapter.dispose());
    stage.#adapter.perform({ type: 'process.start', instanceId });
    await stage.heard(() => stage.isStarted);
    stage.#adapter.perform({ type: 'connection.open', threadId, connectionId, resume: null, settings });
    await stage.heard(() => stage.of('connection.opened').length === 1);
    stage.submit(connectionId, 'turn');
    await stage.heard(() => stage.prompt !== '');
    stage.answer(ROOT, stage.prompt);
    return stage;
  }

  submit(on: ConnectionId, id: string): void {
    const turnId = turnIdSchema.parse(id);
    const prompt = { turnId, text: 'hello', attachments: [] };
    const key = { connectionId: on, turnId, attempt: 1, nativeTurnId: null, clientMessageId: `${id}.1` };
    this.#adapter.perform({ type: 'turn.start', ...key, prompt, settings });
  }

  close(on: ConnectionId): void {
    this.#adapter.perform({ type: 'connection.close', connectionId: on });
  }

  of<T extends ProviderReport['type']>(type: T, on?: ThreadId): Of<T>[] {
    return this.reports.flatMap(({ threadId: of, report }) =>
      report.type === type && (on === undefined || of === on) ? [report as Of<T>] : [],
    );
  }

  child(sessionID: string): Of<'provider.agentStarted'>['child'] {
    const found = this.of('provider.agentStarted').findLast(
      ({ child }) => child.nativeThreadId === sessionID,
    );
    if (found === undefined) throw new Error(`${sessionID} is no thread`);
    return found.child;
  }

  /** A task of the thread, as it stands. */
  task(call: string, sessionID: string, status: 'running' | 'completed' = 'running'): void {
    const input = { description: `do ${call}`, prompt: 'do it', subagent_type: 'general' };
    const state = { status, input, metadata: { sessionId: sessionID }, output: 'done' };
    const part = { id: `prt_${call}`, sessionID: ROOT, messageID: this.#answerOf(ROOT), type: 'tool' };
    this.tell(ROOT, 'message.part.updated', { part: { ...part, tool: 'task', callID: call, state } });
  }

  /** A sub-agent begins to work, and says something. */
  works(sessionID: string): void {
    const prompt = this.#nextMessage();
    this.tell(sessionID, 'message.updated', { info: { id: prompt, sessionID, role: 'user' } });
    this.answer(sessionID, prompt);
    const part = { id: `prt_${sessionID}`, sessionID, messageID: this.#answerOf(sessionID), type: 'text' };
    this.tell(sessionID, 'message.part.updated', {
      part: { ...part, text: 'so', time: { start: 1, end: 2 } },
    });
  }

  answer(sessionID: string, parentID: string, more: object = { time: {} }): void {
    const id = this.#answers.get(sessionID + parentID) ?? this.#nextMessage();
    this.#answers.set(sessionID + parentID, id);
    this.#answers.set(sessionID, id);
    this.#parents.set(sessionID, parentID);
    this.tell(sessionID, 'session.status', { status: { type: 'busy' } });
    this.tell(sessionID, 'message.updated', {
      info: { id, sessionID, role: 'assistant', parentID, ...more },
    });
  }

  ends(sessionID: string): void {
    this.answer(sessionID, this.#parents.get(sessionID) ?? '', { time: { completed: 1 }, finish: 'stop' });
    this.tell(sessionID, 'session.idle', {});
  }

  tell(sessionID: string, type: string, properties: object): void {
    this.#say({ method: 'event', params: { payload: { type, properties: { sessionID, ...properties } } } });
  }

  /** Everything that was told has been taken. */
  async taken(): Promise<void> {
    this.#markCount += 1;
    const properties = { mark: this.#markCount };
    this.#say({ method: 'event', params: { payload: { type: 'mark.unknown', properties } } });
    await this.heard(() => this.marks === this.#markCount);
  }

  heard(isIt: () => boolean): Promise<unknown> {
    return until(() => isIt() || undefined);
  }

  #answerOf = (sessionID: string): string => this.#answers.get(sessionID) ?? '';

  #nextMessage(): string {
    this.#messageCount += 1;
    return `msg_fffffff${this.#messageCount.toString(16).padStart(5, '0')}AAAAAAAAAAAAAA`;
  }

  #answerTo({ method, params }: Asked): unknown {
    if (params.body?.messageID !== undefined) this.prompt = params.body.messageID;
    const answers: Readonly<Record<string, unknown>> = {
      'GET /global/health': { healthy: true, version: '1.18.33' },
      'GET /config/providers': { providers: [], default: {} },
      'GET /config': {},
      'POST /session': { id: ROOT, directory: '/work', permission: params.body?.permission },
      'PATCH /session/{id}': { id: params.path?.id, directory: '/work', permission: params.body?.permission },
      'GET /session/status': {},
    };
    return answers[method] ?? (method.startsWith('GET') ? [] : null);
  }

  #say(message: object): void {
    this.#events?.onStdout(Buffer.from(`${JSON.stringify(message)}\n`));
  }

  #take(line: string): void {
    const asked: Asked = JSON.parse(line);
    this.asked.push(asked);
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
      report: (of, report) => {
        schemaOf(report).parse(report);
        this.reports.push({ threadId: of, report });
      },
      reportInstance: ({ type }) => {
        this.isStarted ||= type === 'process.started';
      },
      settled: () => {},
      attachmentPath: () => null,
      openItems: () => [],
      logFrame: () => 'log:1',
      warn: (message, details) => {
        if (message.includes('belongs to no thread')) return void (this.marks += 1);
        throw new Error(`${message}: ${JSON.stringify(details)}`);
      },
    };
  }
}

const fill = (stage: Stage): void => {
  for (let index = 0; index < CHILD_LIMIT; index += 1) {
    stage.task(`call${index}`, `ses_${index}`);
    stage.works(`ses_${index}`);
  }
};

describe('a sub-agent of opencode', () => {
  it('is begun once, and is the same where another call goes on with it', async () => {
    const stage = await Stage.begin();
    stage.task('one', 'ses_a');
    stage.task('one', 'ses_a');
    stage.works('ses_a');
    stage.ends('ses_a');
    stage.task('one', 'ses_a', 'completed');
    stage.task('two', 'ses_a');
    stage.works('ses_a');
    await stage.taken();
    const started = stage.of('provider.agentStarted', threadId);
    expect(started.map(({ child, title }) => [child.threadId, title])).toEqual([
      [childThreadIdOf(threadId, 'ses_a'), 'do one'],
      [childThreadIdOf(threadId, 'ses_a'), 'do two'],
    ]);
    expect(new Set(started.map(({ child }) => child.connectionId)).size).toBe(1);
    const child = stage.child('ses_a');
    expect(stage.of('provider.turnStarted', child.threadId)).toHaveLength(2);
    expect(stage.of('provider.turnEnded', child.threadId)).toMatchObject([{ outcome: 'completed' }]);
    const items = stage.of('provider.itemCompleted', threadId).map(({ item }) => item);
    expect(items).toMatchObject([
      { body: { kind: 'subagent', threadId: child.threadId }, status: 'completed' },
    ]);
  });

  it('that was stopped is not begun again by the last words of its call', async () => {
    const stage = await Stage.begin();
    stage.task('one', 'ses_a');
    stage.works('ses_a');
    await stage.taken();
    const child = stage.child('ses_a');
    stage.close(child.connectionId);
    await stage.heard(() => stage.of('connection.closed', child.threadId).length === 1);
    stage.task('one', 'ses_a');
    stage.task('one', 'ses_a', 'completed');
    await stage.taken();
    expect(stage.of('provider.agentStarted')).toHaveLength(1);
    expect(stage.of('connection.closed', threadId)).toEqual([]);
    expect(
      stage.asked.filter(({ method }) => method.endsWith('/abort')).map(({ params }) => params.path?.id),
    ).toEqual(['ses_a']);
  });

  it('beyond the limit is told of in its parent', async () => {
    const stage = await Stage.begin();
    fill(stage);
    stage.task('more', 'ses_more');
    stage.works('ses_more');
    await stage.taken();
    expect(stage.of('provider.agentStarted')).toHaveLength(CHILD_LIMIT);
    const items = stage.of('provider.itemCompleted', threadId).map(({ item }) => item);
    expect(items).toMatchObject([{ body: { kind: 'assistant_message' }, text: 'so' }]);
    const agent = stage.of('provider.itemStarted', threadId).at(-1)?.item;
    expect([items[0]?.parentItemId, agent?.body]).toEqual([
      agent?.itemId,
      { kind: 'subagent', title: 'do more', nativeThreadId: 'ses_more' },
    ]);
  });

  it('makes room for another when it has done its work', async () => {
    const stage = await Stage.begin();
    fill(stage);
    stage.ends('ses_5');
    stage.task('more', 'ses_more');
    stage.works('ses_more');
    await stage.taken();
    expect(stage.reports.filter(({ report }) => report.type === 'connection.closed')).toMatchObject([
      { threadId: stage.child('ses_5').threadId },
    ]);
    expect(stage.of('provider.itemCompleted', stage.child('ses_more').threadId)).toHaveLength(1);
  });

  it('ends with the connection that carries it, unless it answers a person', async () => {
    const stage = await Stage.begin();
    stage.task('one', 'ses_a');
    stage.works('ses_a');
    stage.task('two', 'ses_b');
    stage.works('ses_b');
    stage.ends('ses_b');
    await stage.taken();
    const [first, second] = [stage.child('ses_a'), stage.child('ses_b')];
    stage.submit(second.connectionId, 'asked');
    await stage.heard(() => stage.of('provider.turnAccepted', second.threadId).length === 1);
    const prompt = stage.prompt;
    stage.close(connectionId);
    await stage.heard(() => stage.of('connection.closed', threadId).length === 1);
    expect(stage.of('connection.closed').map((report) => report.connectionId)).toEqual([
      first.connectionId,
      connectionId,
    ]);
    stage.answer('ses_b', prompt);
    stage.ends('ses_b');
    await stage.taken();
    expect(stage.of('provider.turnEnded', second.threadId).at(-1)).toMatchObject({
      outcome: 'completed',
      nativeTurnId: prompt,
    });
  });

  it('has the rules of its thread put into effect for a prompt of a person', async () => {
    const stage = await Stage.begin();
    stage.task('one', 'ses_a');
    stage.works('ses_a');
    stage.ends('ses_a');
    await stage.taken();
    const { connectionId: on, threadId: of } = stage.child('ses_a');
    stage.submit(on, 'asked');
    await stage.heard(() => stage.of('provider.turnAccepted', of).length === 1);
    const rules = stage.asked.filter(({ method }) => method === 'PATCH /session/{id}');
    expect(rules.map(({ params }) => params.path?.id)).toEqual(['ses_a']);
  });
});
