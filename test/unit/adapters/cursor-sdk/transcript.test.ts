import { describe, expect, it } from 'vitest';
import { IGNORED } from '../../../../adapters/cursor-sdk/ignored.ts';
import { Transcript } from '../../../../adapters/cursor-sdk/transcript.ts';
import { connectionIdOf, threadIdSchema } from '../../../../machines/domain/ids.ts';
import type { ItemDraft } from '../../../../machines/domain/item.ts';
import type { ProviderReport } from '../../../../machines/ports/provider.ts';
import { schemaOf } from '../../../helpers/provider-harness.ts';

const connectionId = connectionIdOf(threadIdSchema.parse('t'), 1);
const USAGE = {
  inputTokens: 10,
  outputTokens: 5,
  cacheReadTokens: 2,
  cacheWriteTokens: 1,
  reasoningTokens: 3,
};

/** A run whose updates are heard. */
class Heard {
  readonly transcript = new Transcript({ connectionId, cwd: '/w' });
  readonly reports: ProviderReport[] = [];
  #count = 0;

  hear(...updates: readonly { readonly type: string; readonly [key: string]: unknown }[]): this {
    for (const update of updates) {
      this.#count += 1;
      this.#add(this.transcript.take(update, { nativeTurnId: 'run', rawRef: `log:${this.#count}` }));
    }
    return this;
  }

  end(outcome: 'completed' | 'failed' | 'interrupted'): this {
    this.#add(this.transcript.end({ nativeTurnId: 'run', rawRef: 'end' }, outcome));
    return this;
  }

  get told(): string {
    return this.reports.map(({ type }) => type.replace('provider.', '')).join(' ');
  }

  /** Each as it was told last. */
  get items(): readonly ItemDraft[] {
    const latest = new Map<string, ItemDraft>();
    for (const report of this.reports) if ('item' in report) latest.set(report.item.itemId, report.item);
    return [...latest.values()];
  }

  #add(reports: readonly ProviderReport[]): void {
    for (const report of reports) schemaOf(report).parse(report);
    this.reports.push(...reports);
  }
}

const call = (type: string, args: object = {}, result?: object) => ({
  type,
  args,
  ...(result && { result }),
});
const success = (value: object) => ({ status: 'success', value });
const begun = (callId: string, toolCall: object) => ({ type: 'tool-call-started', callId, toolCall });
const done = (callId: string, toolCall: object) => ({ type: 'tool-call-completed', callId, toolCall });
const SHELL = call('shell', { command: 'make', workingDirectory: 'sub' });

describe('the updates of a run', () => {
  it('are texts that end where something else begins', () => {
    const heard = new Heard().hear(
      { type: 'thinking-delta', text: 'hm ' },
      { type: 'thinking-delta', text: 'well' },
      { type: 'thinking-completed', thinkingDurationMs: 1 },
      { type: 'text-delta', text: 'one' },
      { type: 'step-completed', stepId: 1, stepDurationMs: 1 },
      { type: 'text-delta', text: 'two' },
      { type: 'text-delta', text: '' },
    );
    expect(heard.items).toMatchObject([
      { body: { kind: 'reasoning' }, text: 'hm well', status: 'completed' },
      { body: { kind: 'assistant_message' }, text: 'one', status: 'completed' },
      { body: { kind: 'assistant_message' }, status: 'open' },
    ]);
    expect(heard.end('completed').items.at(-1)).toMatchObject({ text: 'two', status: 'completed' });
  });

  it('are commands with their output, which is told as it comes where only one runs', () => {
    const output = (data: string) => ({
      type: 'shell-output-delta',
      event: { case: 'stdout', value: { data } },
    });
    const heard = new Heard().hear(begun('a', SHELL), output('on'), begun('b', SHELL), output('whose'));
    expect(heard.reports.filter(({ type }) => type === 'provider.itemDelta')).toMatchObject([{ text: 'on' }]);
    const value = { exitCode: 2, signal: '', stdout: 'out', stderr: 'err', executionTime: 7 };
    heard.hear(done('a', { ...SHELL, result: success(value) }));
    expect(heard.items[0]).toMatchObject({
      body: { kind: 'command', command: 'make', cwd: '/w/sub', exitCode: 2, durationMs: 7 },
      text: 'outerr',
      status: 'failed',
    });
    expect(heard.end('interrupted').items[1]).toMatchObject({ status: 'interrupted' });
  });

  it('are changes of files, with what is known of the difference', () => {
    const heard = new Heard().hear(
      done('w', call('write', { path: 'new.txt', fileText: 'a\nb\n' }, success({}))),
      done('e', call('edit', { path: '/w/old.txt' }, success({ diffString: '-a\n+b' }))),
      done('d', call('delete', { path: 'gone.txt' }, success({ fileSize: 1 }))),
    );
    expect(heard.items.flatMap(({ body }) => (body.kind === 'file_change' ? body.changes : []))).toEqual([
      { path: '/w/new.txt', kind: 'added', diff: '@@ -0,0 +1,2 @@\n+a\n+b' },
      { path: '/w/old.txt', kind: 'modified', diff: '-a\n+b' },
      { path: '/w/gone.txt', kind: 'deleted' },
    ]);
  });

  it('are plans, lists of what is to do, and calls of servers and of any other tool', () => {
    const todos = [
      { content: 'look', status: 'completed' },
      { content: 'do', status: 'inProgress' },
      { content: 'rest', status: 'pending' },
      { content: 'no', status: 'cancelled' },
    ];
    const heard = new Heard().hear(
      done('p', call('createPlan', { plan: '# Plan' }, success({}))),
      done('t', call('updateTodos', { todos })),
      done(
        'm',
        call('mcp', { providerIdentifier: 'db', toolName: 'ask', args: { q: 1 } }, success({ n: 2 })),
      ),
      done('x', call('futureTool', { a: 1 }, success({ b: 2 }))),
    );
    expect(heard.items).toMatchObject([
      { body: { kind: 'plan' }, text: '# Plan' },
      { body: { kind: 'tool_call', server: 'db', tool: 'ask', input: '{"q":1}' }, text: '{"n":2}' },
      { body: { kind: 'tool_call', tool: 'futureTool', input: '{"a":1}' } },
    ]);
    expect(heard.reports.find(({ type }) => type === 'provider.planReported')).toMatchObject({
      steps: [
        { text: 'look', status: 'completed' },
        { text: 'do', status: 'running' },
        { text: 'rest', status: 'pending' },
      ],
    });
  });

  it('are declined where the SDK has not let a call through, else failed', () => {
    const error = (message: string) => ({ status: 'error', error: { message } });
    const heard = new Heard().hear(
      done('a', call('shell', { command: 'a' }, error('Command rejected by the sandbox'))),
      done('b', call('read', { path: 'b' }, error('no such file'))),
    );
    expect(heard.items.map(({ status, text }) => [status, text])).toEqual([
      ['declined', 'Command rejected by the sandbox'],
      ['failed', 'no such file'],
    ]);
  });

  it('are those of a sub-agent, which are told below its call where it is no thread', () => {
    const inner = (taskUpdate: object) => ({
      type: 'tool-call-delta',
      callId: 'task',
      modelCallId: 'm',
      taskUpdate,
    });
    const heard = new Heard().hear(
      begun('task', call('task', { description: 'look around', prompt: '…' })),
      inner({ type: 'text-delta', text: 'looking' }),
      inner(begun('in', SHELL)),
      inner({ type: 'turn-ended', usage: USAGE }),
      done(
        'task',
        call('task', { description: 'look around' }, success({ agentId: 'sub', isBackground: false })),
      ),
    );
    const [task, said, command] = heard.items;
    expect(task).toMatchObject({
      body: { kind: 'subagent', title: 'look around', nativeThreadId: 'sub' },
      status: 'completed',
    });
    expect(said).toMatchObject({ parentItemId: task?.itemId, text: 'looking', status: 'completed' });
    expect(command).toMatchObject({ parentItemId: task?.itemId, status: 'unknown' });
    expect(heard.told).not.toContain('usageReported');
  });

  it('add up what was used, and tell how full the context is', () => {
    const heard = new Heard().hear(
      { type: 'turn-ended', usage: USAGE },
      { type: 'turn-ended', usage: USAGE },
    );
    expect(heard.reports.at(-1)).toMatchObject({
      usage: {
        inputTokens: 26,
        cachedInputTokens: 4,
        outputTokens: 10,
        reasoningTokens: 6,
        contextTokens: 18,
        contextWindow: null,
      },
    });
  });

  it('are a compaction, nothing where there is a reason, and else told as not known', () => {
    const heard = new Heard().hear({ type: 'summary', summary: 'the gist' });
    expect(heard.items).toMatchObject([{ body: { kind: 'compaction' }, text: 'the gist' }]);
    const { length } = heard.reports;
    heard.hear(...[...IGNORED.keys()].map((type) => ({ type })));
    expect(heard.reports).toHaveLength(length);
    const strange = [
      { type: 'future-news' },
      { type: 'text-delta', text: 7 },
      { type: 'tool-call-started' },
      { type: 'tool-call-delta', callId: 'unknown', taskUpdate: { type: 'text-delta', text: 'x' } },
      { type: 'turn-ended', usage: 'much' },
      { type: 'shell-output-delta' },
      { type: 'summary' },
    ];
    heard.hear(...strange);
    expect(heard.items.filter(({ body }) => body.kind === 'unrecognized')).toHaveLength(strange.length);
  });

  it('may be told again: a call that is known begins once', () => {
    const heard = new Heard().hear(begun('a', SHELL), begun('a', SHELL));
    expect(heard.told).toBe('itemStarted');
  });
});
