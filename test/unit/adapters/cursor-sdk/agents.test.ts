/** Sub-agents of cursor: what the SDK nests in a call is told on threads of their own. */
import { describe, expect, it } from 'vitest';
import { takeNotification } from '../../../../adapters/cursor-sdk/frames.ts';
import { PERFORMER } from '../../../../adapters/cursor-sdk/perform.ts';
import { Run } from '../../../../adapters/cursor-sdk/run.ts';
import { Session } from '../../../../adapters/cursor-sdk/sessions.ts';
import { performOn, type ThreadEffect } from '../../../../adapters/shared/effects.ts';
import { failure } from '../../../../machines/domain/error.ts';
import {
  connectionIdOf,
  instanceIdSchema,
  threadIdSchema,
  turnIdSchema,
  type ThreadId,
} from '../../../../machines/domain/ids.ts';
import { CHILD_LIMIT, type ProviderHost, type ProviderReport } from '../../../../machines/ports/provider.ts';
import { schemaOf } from '../../../helpers/provider-harness.ts';

const threadId = threadIdSchema.parse('t');
const connectionId = connectionIdOf(threadId, 1);
const agentOptions = { agentId: 'a', policy: { tools: null, sandbox: false, autoReview: false } };

type Of<T extends ProviderReport['type']> = Extract<ProviderReport, { type: T }>;

/** An open session whose SDK says what it is told to. */
class Stage {
  readonly told: { readonly threadId: ThreadId; readonly report: ProviderReport }[] = [];
  readonly settled: ThreadId[] = [];
  readonly session: Session;
  readonly #run: Run;

  constructor() {
    const host = this.#host();
    const spec = { instanceId: instanceIdSchema.parse('c'), command: 'c', args: [], env: {} };
    this.#run = new Run(spec, host, []);
    this.session = new Session({ connectionId, threadId, cwd: '/w', ...agentOptions }, host);
    this.session.phase = 'open';
    this.#run.sessions.add(this.session);
  }

  hear(...updates: readonly object[]): this {
    for (const update of updates) this.#say('update', { runId: 'run', update });
    return this;
  }

  ends(status: string): this {
    this.#say('ended', { runId: 'run', result: { status } });
    return this;
  }

  perform(effect: ThreadEffect): void {
    void performOn(PERFORMER, this.#run, effect);
  }

  of<T extends ProviderReport['type']>(type: T, on?: ThreadId): Of<T>[] {
    return this.told.flatMap(({ threadId: of, report }) =>
      report.type === type && (on === undefined || of === on) ? [report as Of<T>] : [],
    );
  }

  child(title: string): Of<'provider.agentStarted'>['child'] {
    const found = this.of('provider.agentStarted').find((report) => report.title === title);
    if (found === undefined) throw new Error(`there is no ${title}`);
    return found.child;
  }

  /** What was told on each thread, in order. */
  get lines(): string[] {
    const names = new Map([[threadId, 'main']]);
    for (const { title, child } of this.of('provider.agentStarted')) names.set(child.threadId, title);
    return this.told.map(
      ({ threadId: of, report }) => `${names.get(of)} ${report.type.replace('provider.', '')}`,
    );
  }

  #say(method: string, params: object): void {
    takeNotification(this.session, { method, params, rawRef: `log:${this.told.length}` });
  }

  #host(): ProviderHost {
    return {
      processes: { spawn: () => Promise.reject(new Error('nothing is spawned')) as never },
      report: (of, report) => {
        schemaOf(report).parse(report);
        this.told.push({ threadId: of, report });
      },
      reportInstance: () => {},
      settled: (of) => void this.settled.push(of),
      attachmentPath: () => null,
      openItems: () => [],
      logFrame: () => 'log',
      warn: () => {},
    };
  }
}

const task = (callId: string, result?: object) => ({
  type: result === undefined ? 'tool-call-started' : 'tool-call-completed',
  callId,
  toolCall: {
    type: 'task',
    args: { description: callId, prompt: `do ${callId}` },
    ...(result && { result }),
  },
});
const within = (callId: string, taskUpdate: object) => ({
  type: 'tool-call-delta',
  callId,
  modelCallId: 'm',
  taskUpdate,
});
const says = (text: string) => ({ type: 'text-delta', text });
const DONE = { status: 'success', value: { agentId: 'sub' } };

describe('a sub-agent of cursor', () => {
  it('is a thread of its own, nested too, and leaves an item that names it', () => {
    const stage = new Stage().hear(
      task('outer'),
      within('outer', says('looking')),
      within('outer', task('inner')),
      within('outer', within('inner', says('deep'))),
      within('outer', task('inner', DONE)),
      task('outer', DONE),
      says('all done'),
    );
    expect(stage.lines).toEqual([
      'main itemStarted',
      'main agentStarted',
      'outer turnStarted',
      'outer itemCompleted',
      'outer itemStarted',
      'outer itemDelta',
      'outer itemCompleted',
      'outer itemStarted',
      'outer agentStarted',
      'inner turnStarted',
      'inner itemCompleted',
      'inner itemStarted',
      'inner itemDelta',
      'outer itemCompleted',
      'inner itemCompleted',
      'inner turnEnded',
      'main itemCompleted',
      'outer turnEnded',
      'main itemStarted',
      'main itemDelta',
    ]);
    const { threadId: outer } = stage.child('outer');
    expect(stage.of('provider.itemCompleted', threadId)).toMatchObject([
      { item: { body: { kind: 'subagent', threadId: outer, nativeThreadId: 'sub' }, status: 'completed' } },
    ]);
    const said = stage.of('provider.itemCompleted', outer).map(({ item }) => [item.body.kind, item.text]);
    expect(said.slice(0, 2)).toEqual([
      ['user_message', 'do outer'],
      ['assistant_message', 'looking'],
    ]);
    expect(stage.told.some(({ report }) => 'item' in report && report.item.parentItemId !== undefined)).toBe(
      false,
    );
  });

  it('has its connection closed when its thread has seen to its end', () => {
    const stage = new Stage().hear(task('one'), task('one', DONE));
    const { threadId: of, connectionId: on } = stage.child('one');
    expect(stage.of('connection.closed')).toEqual([]);
    const key = { connectionId: on, turnId: turnIdSchema.parse('x'), attempt: 1, nativeTurnId: null };
    stage.perform({ type: 'turn.settle', ...key, outcome: 'completed' });
    expect([stage.settled, stage.of('connection.closed', of)]).toMatchObject([[of], [{ connectionId: on }]]);
  });

  it('fails with its call, and is interrupted with the run that began it', () => {
    const error = { status: 'error', error: { message: 'no credit' } };
    const stage = new Stage().hear(task('one'), task('one', error), task('two')).ends('cancelled');
    expect(stage.of('provider.turnEnded', stage.child('one').threadId)).toMatchObject([
      { outcome: 'failed', failure: { message: 'no credit' } },
    ]);
    expect(stage.of('provider.turnEnded', stage.child('two').threadId)).toMatchObject([
      { outcome: 'interrupted' },
    ]);
  });

  it('goes with the connection that carries it', () => {
    const stage = new Stage().hear(task('one'));
    const { threadId: of, connectionId: on } = stage.child('one');
    stage.session.leaveCarried(failure('CONNECTION_LOST', 'gone', { class: 'transport' }));
    expect(stage.of('connection.lost', of)).toMatchObject([{ connectionId: on }]);
    stage.hear(within('one', says('more')));
    expect(stage.lines.at(-1)).toBe('one connection.lost');
  });

  it('says nothing more when its thread is stopped, and what began it goes on', () => {
    const stage = new Stage().hear(task('one'));
    const { threadId: of, connectionId: on } = stage.child('one');
    stage.perform({ type: 'connection.close', connectionId: on });
    stage.hear(within('one', says('more')), task('one', DONE));
    expect(stage.lines.slice(-3)).toEqual(['one turnEnded', 'one connection.closed', 'main itemCompleted']);
    expect(stage.of('provider.turnEnded', of)).toMatchObject([{ outcome: 'interrupted' }]);
  });

  it('beyond the limit is told of under its item', () => {
    const stage = new Stage();
    for (let index = 0; index < CHILD_LIMIT; index += 1) stage.hear(task(`call${index}`));
    stage.hear(task('more'), within('more', says('so')));
    expect(stage.of('provider.agentStarted')).toHaveLength(CHILD_LIMIT);
    const [item, said] = stage
      .of('provider.itemStarted', threadId)
      .slice(-2)
      .map((report) => report.item);
    expect([said?.body.kind, said?.parentItemId]).toEqual(['assistant_message', item?.itemId]);
  });
});
