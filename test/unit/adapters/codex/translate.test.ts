import { describe, expect, it } from 'vitest';
import { agentsIn } from '../../../../adapters/codex/agents.ts';
import { OF_PROCESS } from '../../../../adapters/codex/frames.ts';
import { IGNORED, IGNORED_OF_PROCESS } from '../../../../adapters/codex/ignored.ts';
import { translate, TRANSLATIONS, type Scope } from '../../../../adapters/codex/translate.ts';
import { SERVER_NOTIFICATION_METHODS } from '../../../../adapters/codex/wire.gen.ts';
import { connectionIdOf, itemIdOf, threadIdSchema } from '../../../../machines/domain/ids.ts';
import type { ProviderReport } from '../../../../machines/ports/provider.ts';
import { schemaOf } from '../../../helpers/provider-harness.ts';

const connectionId = connectionIdOf(threadIdSchema.parse('t'), 1);
const scope: Scope = { connectionId, rawRef: 'log:7', agent: null, threadOf: () => null };
const begun = { nativeTurnId: 'O', body: { kind: 'subagent', title: 'do it' } } as const;
const child: Scope = { ...scope, agent: { nativeTurnId: 'P', itemId: itemIdOf('O', 'spawn'), begun } };
const at = { threadId: 'n', turnId: 'T' };

function reports(method: string, params: unknown, inScope: Scope = scope): readonly ProviderReport[] {
  const made = translate({ method, params }, inScope);
  for (const report of made) {
    schemaOf(report).parse(report);
  }
  return made;
}

const itemOf = (item: object, method = 'item/completed', inScope: Scope = scope) => {
  const [report] = reports(method, { ...at, item: { id: 'i', ...item } }, inScope);
  return report !== undefined && 'item' in report ? report.item : null;
};

describe('translate', () => {
  it('knows every notification of codex, or shows it as unrecognized', () => {
    const isKnown = (method: string) =>
      [TRANSLATIONS, IGNORED, OF_PROCESS, IGNORED_OF_PROCESS].some((methods) => methods.has(method));
    expect(SERVER_NOTIFICATION_METHODS.filter((method) => !isKnown(method))).toEqual([
      // only ever answers to requests that are not made: processes, files, searches, imports, voice, Windows
      'command/exec/outputDelta',
      'externalAgentConfig/import/completed',
      'externalAgentConfig/import/progress',
      'fs/changed',
      'fuzzyFileSearch/sessionCompleted',
      'fuzzyFileSearch/sessionUpdated',
      'mcpServer/event/stream/notification',
      'process/exited',
      'process/outputDelta',
      'thread/realtime/closed',
      'thread/realtime/error',
      'thread/realtime/item/completed',
      'thread/realtime/item/started',
      'thread/realtime/item/transcript/delta',
      'thread/realtime/itemAdded',
      'thread/realtime/outputAudio/delta',
      'thread/realtime/sdp',
      'thread/realtime/started',
      'thread/realtime/transcript/delta',
      'thread/realtime/transcript/done',
      'thread/reverted',
      'windows/worldWritableWarning',
      'windowsSandbox/setupCompleted',
    ]);
  });

  it('names turns by their native id and items by turn and item', () => {
    const turn = { id: 'T', status: 'inProgress', items: [] };
    const named = { connectionId, turnId: null, attempt: 0, nativeTurnId: 'T' };
    expect(reports('turn/started', { threadId: 'n', turn })).toEqual([
      { type: 'provider.turnStarted', ...named, isNew: false },
    ]);
    expect(reports('item/agentMessage/delta', { ...at, itemId: 'i', delta: 'x' })).toEqual([
      { type: 'provider.itemDelta', connectionId, itemId: itemIdOf('T', 'i'), text: 'x' },
    ]);
    expect(reports('item/started', { ...at, item: { type: 'agentMessage', id: 'i', text: '' } })).toEqual([
      {
        type: 'provider.itemStarted',
        ...named,
        item: {
          itemId: itemIdOf('T', 'i'),
          body: { kind: 'assistant_message' },
          text: '',
          status: 'open',
          rawRef: 'log:7',
        },
      },
    ]);
  });

  it('drops empty deltas, and parts sections of reasoning', () => {
    expect(reports('item/plan/delta', { ...at, itemId: 'i', delta: '' })).toEqual([]);
    expect(reports('item/reasoning/summaryPartAdded', { ...at, itemId: 'i', summaryIndex: 0 })).toEqual([]);
    expect(reports('item/reasoning/summaryPartAdded', { ...at, itemId: 'i', summaryIndex: 1 })).toMatchObject(
      [{ text: '\n\n' }],
    );
  });

  it.each([
    ['no/such/method', { threadId: 'n', turnId: 'T', what: 1 }, 'T'],
    ['no/such/method', { threadId: 'n' }, null],
    ['no/such/method', null, null],
    ['no/such/method', { turnId: 7 }, null],
    ['toString', { threadId: 'n' }, null],
    ['turn/completed', { threadId: 'n', turnId: 'T', turn: { id: 'T', status: 'brandNew' } }, 'T'],
    ['item/agentMessage/delta', { threadId: 'n', turnId: 'T', delta: 3 }, 'T'],
  ])('shows %s with %j as unrecognized', (method, params, nativeTurnId) => {
    const [report] = reports(method, params);
    expect(report).toMatchObject({
      type: 'provider.itemCompleted',
      nativeTurnId,
      item: { body: { kind: 'unrecognized', method }, rawRef: 'log:7', status: 'completed' },
    });
  });

  it('shows an unknown item as unrecognized, once for its start and its end', () => {
    const [started, completed] = ['item/started', 'item/completed'].map((method) =>
      itemOf({ type: 'hologram', colour: 'blue' }, method),
    );
    expect(completed).toMatchObject({
      body: { kind: 'unrecognized', method: 'item:hologram' },
      itemId: itemIdOf('T', 'i'),
    });
    expect(started?.itemId).toBe(completed?.itemId);
    expect(completed?.text).toContain('blue');
    expect(itemOf({ type: 'commandExecution', command: 7 })?.body.kind).toBe('unrecognized');
  });

  it('yields nothing for the echo of our own prompt, and shows messages of others', () => {
    const content = [
      { type: 'text', text: 'hi' },
      { type: 'localImage', path: '/a.png' },
    ];
    expect(itemOf({ type: 'userMessage', clientId: 'turn-1.1', content })).toBe(null);
    for (const clientId of [null, '0199a0a0-0000-7000-8000-000000000000']) {
      expect(itemOf({ type: 'userMessage', clientId, content })).toMatchObject({
        body: { kind: 'user_message', intent: 'provider', attachments: [] },
        text: 'hi\n[localImage]',
      });
    }
  });

  it.each([
    [
      { type: 'hookPrompt', fragments: [{ text: 'a' }, { text: 'b' }] },
      { body: { kind: 'notice', topic: 'hook.prompt' }, text: 'a\nb' },
    ],
    [
      { type: 'agentMessage', text: 'x', phase: 'final_answer' },
      { body: { kind: 'assistant_message', phase: 'final' } },
    ],
    [{ type: 'agentMessage', text: 'x', phase: 'commentary' }, { body: { phase: 'commentary' } }],
    [{ type: 'agentMessage', text: 'x', phase: 'partial_answer' }, { body: { kind: 'assistant_message' } }],
    [
      { type: 'functionCallOutput', name: 'f', namespace: 'ns', output: 'o' },
      { body: { kind: 'tool_call', tool: 'f', server: 'ns' }, text: 'o' },
    ],
    [{ type: 'functionCallOutput', name: 'f', output: [{ type: 'input_text', text: 'o' }] }, { text: 'o' }],
    [
      { type: 'reasoning', summary: ['a', ''], content: ['b'] },
      { body: { kind: 'reasoning' }, text: 'a\n\nb' },
    ],
    [
      {
        type: 'dynamicToolCall',
        tool: 'd',
        status: 'failed',
        arguments: { a: 1 },
        contentItems: [{ type: 'inputText', text: 'no' }],
      },
      { body: { kind: 'tool_call', tool: 'd', input: '{"a":1}' }, text: 'no', status: 'failed' },
    ],
    [
      { type: 'webSearch', query: '', action: { type: 'openPage', url: 'https://x' } },
      { body: { kind: 'web_search', query: 'https://x' } },
    ],
    [{ type: 'sleep', durationMs: 5 }, { body: { tool: 'sleep', input: '{"durationMs":5}' } }],
    [
      { type: 'imageGeneration', status: 'failed', revisedPrompt: 'p' },
      { body: { tool: 'image_generation' }, status: 'failed' },
    ],
    [
      { type: 'imageGeneration', status: 'completed', savedPath: '/a.png' },
      { text: '/a.png', status: 'completed' },
    ],
    [
      { type: 'enteredReviewMode', review: 'r' },
      { body: { kind: 'notice', topic: 'review.entered' }, text: 'r' },
    ],
    [{ type: 'exitedReviewMode', review: 'r' }, { body: { topic: 'review.exited' } }],
    [
      { type: 'collabAgentToolCall', tool: 'closeAgent', status: 'completed', receiverThreadIds: ['c'] },
      { body: { kind: 'tool_call', tool: 'closeAgent', server: 'agents', input: '{"agents":["c"]}' } },
    ],
    [
      { type: 'subAgentActivity', kind: 'interrupted', agentThreadId: 'c', agentPath: '/a' },
      { body: { kind: 'notice', topic: 'subagent.interrupted' }, text: '/a' },
    ],
    [
      {
        type: 'mcpToolCall',
        server: 's',
        tool: 't',
        status: 'completed',
        arguments: null,
        result: { content: [{ type: 'text', text: 'a' }, { type: 'image' }] },
      },
      { text: 'a\n{"type":"image"}' },
    ],
  ])('translates %j', (item, expected) => {
    expect(itemOf(item)).toMatchObject(expected);
  });

  it('shows files that were changed, and a patch while it is written', () => {
    const changes = [
      { path: 'a', kind: { type: 'add' }, diff: '+' },
      { path: 'b', kind: { type: 'delete' }, diff: '-' },
      { path: 'c', kind: { type: 'update', move_path: null }, diff: '~' },
      { path: 'd', kind: { type: 'update', move_path: 'e' }, diff: '~' },
    ];
    const body = {
      kind: 'file_change',
      changes: [
        { path: 'a', kind: 'added', diff: '+' },
        { path: 'b', kind: 'deleted', diff: '-' },
        { path: 'c', kind: 'modified', diff: '~' },
        { path: 'e', kind: 'renamed', from: 'd', diff: '~' },
      ],
    };
    expect(itemOf({ type: 'fileChange', changes, status: 'declined' })).toMatchObject({
      body,
      status: 'declined',
    });
    expect(reports('item/fileChange/patchUpdated', { ...at, itemId: 'i', changes })).toMatchObject([
      { type: 'provider.itemUpdated', item: { body, status: 'open', itemId: itemIdOf('T', 'i') } },
    ]);
  });

  it('tells a retry as one notice of no turn, so that it never counts as progress', () => {
    const error = { message: 'Reconnecting... 1/2', codexErrorInfo: null, additionalDetails: 'cause' };
    const [cut, first] = reports('error', { ...at, error, willRetry: true });
    expect(cut).toMatchObject({ type: 'provider.textCut', nativeTurnId: 'T', parentItemId: null });
    const [, second] = reports('error', {
      ...at,
      error: { ...error, message: 'Reconnecting... 2/2' },
      willRetry: true,
    });
    expect(first).toMatchObject({
      nativeTurnId: null,
      item: {
        body: { kind: 'notice', tone: 'error', topic: 'provider.retrying' },
        text: 'Reconnecting... 1/2\ncause',
      },
    });
    expect(first !== undefined && 'item' in first && second !== undefined && 'item' in second).toBe(true);
    expect(second).toMatchObject({
      item: { itemId: first !== undefined && 'item' in first ? first.item.itemId : '' },
    });
  });

  it.each([
    ['warning', { threadId: 'n', message: 'w' }, ['provider.warning', 'info', null]],
    ['guardianWarning', { threadId: 'n', message: 'w' }, ['provider.warning', 'info', null]],
    ['model/rerouted', { ...at, fromModel: 'a', toModel: 'b', reason: 'r' }, ['model.rerouted', 'info', 'T']],
    ['modelProvider/authRecoveryStarted', { ...at, message: 'm' }, ['provider.authRecovery', 'info', 'T']],
    [
      'mcpServer/startupStatus/updated',
      { threadId: 'n', name: 's', status: 'failed' },
      ['mcp.failed', 'error', null],
    ],
    [
      'item/autoApprovalReview/completed',
      { ...at, reviewId: 'r', review: { status: 'denied', rationale: 'no' } },
      ['approval.reviewed', 'approval', 'T'],
    ],
    [
      'hook/completed',
      { ...at, run: { id: 'h', eventName: 'stop', status: 'blocked', entries: [{ text: 'e' }] } },
      ['hook.ended', 'error', 'T'],
    ],
  ] as const)('tells %s as a notice', (method, params, [topic, tone, nativeTurnId]) => {
    expect(reports(method, params)).toMatchObject([
      { nativeTurnId, item: { body: { kind: 'notice', topic, tone } } },
    ]);
  });

  it('says nothing of what went well', () => {
    const run = { id: 'h', eventName: 'stop', status: 'completed', entries: [] };
    expect(reports('hook/completed', { ...at, run })).toEqual([]);
    expect(reports('mcpServer/startupStatus/updated', { threadId: 'n', name: 's', status: 'ready' })).toEqual(
      [],
    );
    expect(reports('turn/diff/updated', { ...at, diff: 'x' })).toEqual([]);
  });

  it("tells a sub-agent's frames as items of its parent's turn, and none of its turns", () => {
    const turn = { id: 'C', status: 'completed', items: [] };
    const item = { type: 'agentMessage', id: 'i', text: 'x' };
    const said = [item, { ...item, text: 'at last' }];
    const itself = { itemId: child.agent?.itemId, body: begun.body };
    expect(reports('turn/started', { threadId: 'c', turn }, child)).toMatchObject([
      { type: 'provider.itemUpdated', nativeTurnId: 'O', item: { ...itself, status: 'open', text: '' } },
    ]);
    expect(reports('turn/completed', { threadId: 'c', turn: { ...turn, items: said } }, child)).toMatchObject(
      [{ type: 'provider.itemCompleted', item: { ...itself, status: 'completed', text: 'at last' } }],
    );
    for (const status of ['interrupted', 'failed']) {
      expect(reports('turn/completed', { threadId: 'c', turn: { ...turn, status } }, child)).toMatchObject([
        { nativeTurnId: 'O', item: { ...itself, status } },
      ]);
    }
    const unknown = { ...child, agent: { nativeTurnId: 'P', itemId: itemIdOf('P', 'wait'), begun: null } };
    expect(reports('turn/completed', { threadId: 'c', turn }, unknown)).toEqual([]);
    expect(reports('item/completed', { threadId: 'c', turnId: 'C', item }, child)).toMatchObject([
      { nativeTurnId: 'P', item: { itemId: itemIdOf('C', 'i'), parentItemId: child.agent?.itemId } },
    ]);
    expect(reports('no/such/method', { threadId: 'c', turnId: 'C' }, child)).toMatchObject([
      { nativeTurnId: 'P' },
    ]);
  });
});

describe('agentsIn', () => {
  const spawn = (receiverThreadIds: string[]) => ({
    method: 'item/completed',
    params: {
      ...at,
      item: {
        type: 'collabAgentToolCall',
        id: 'i',
        tool: 'spawnAgent',
        status: 'completed',
        receiverThreadIds,
      },
    },
  });

  it('finds the threads of sub-agents, and those of their own', () => {
    expect(agentsIn(spawn(['c']), scope)).toEqual([
      {
        nativeThreadId: 'c',
        model: null,
        isReachable: true,
        nativeTurnId: 'T',
        itemId: itemIdOf('T', 'i'),
        begun: { nativeTurnId: 'T', body: { kind: 'subagent', title: '', nativeThreadId: 'c' } },
      },
    ]);
    expect(agentsIn(spawn(['d']), child)).toMatchObject([
      { nativeThreadId: 'd', nativeTurnId: 'P', begun: { parentItemId: child.agent?.itemId } },
    ]);
    const waited = spawn(['c']);
    const item = { ...waited.params.item, tool: 'wait' };
    expect(agentsIn({ ...waited, params: { ...at, item } }, scope)).toMatchObject([{ begun: null }]);
    expect(agentsIn(spawn([]), scope)).toEqual([]);
    expect(agentsIn({ method: 'turn/started', params: {} }, scope)).toEqual([]);
    expect(
      agentsIn({ method: 'item/started', params: { ...at, item: { type: 'x', id: 'i' } } }, scope),
    ).toEqual([]);
  });
});
