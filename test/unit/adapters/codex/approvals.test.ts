import { describe, expect, it } from 'vitest';
import { askedIn, refusalOf, replyTo } from '../../../../adapters/codex/approvals.ts';
import { connectionIdOf, itemIdOf, requestIdOf, threadIdSchema } from '../../../../machines/domain/ids.ts';
import { threadInputSchema } from '../../../../machines/domain/input.ts';

const connectionId = connectionIdOf(threadIdSchema.parse('t'), 1);
const scope = { connectionId, nativeRequestId: '0', rawRef: 'log:1', agent: null };
const place = { threadId: 'n', turnId: 'T', itemId: 'i' };

function ask(method: string, params: object, more: Partial<Parameters<typeof askedIn>[1]> = {}) {
  const asked = askedIn({ method, params }, { ...scope, ...more });
  if (asked === null) throw new Error(`${method} was not understood`);
  threadInputSchema.parse(asked.report);
  return { ...asked, request: asked.report.request };
}

const command = (more: object) => ask('item/commandExecution/requestApproval', { ...place, ...more });
const elicit = (more: object) =>
  ask('mcpServer/elicitation/request', {
    threadId: 'n',
    turnId: 'T',
    serverName: 's',
    mode: 'form',
    ...more,
  });

describe('what is asked', () => {
  it('names the request by its connection and native id, its turn and its item', () => {
    const { report } = command({
      command: 'ls',
      cwd: '/ws',
      reason: 'why',
      availableDecisions: ['accept', 'cancel'],
    });
    expect(report).toEqual({
      type: 'provider.requestOpened',
      connectionId,
      turnId: null,
      attempt: 0,
      nativeTurnId: 'T',
      owner: 'turn',
      request: {
        requestId: requestIdOf(connectionId, '0'),
        nativeRequestId: '0',
        body: { kind: 'command', command: 'ls', cwd: '/ws' },
        decisions: ['accept', 'acceptForSession', 'decline', 'cancel'],
        reason: 'why',
        itemId: itemIdOf('T', 'i'),
        rawRef: 'log:1',
      },
    });
  });

  it('offers no amendments of rules, and what codex takes although it does not say so', () => {
    const amendments = [
      { acceptWithExecpolicyAmendment: { execpolicy_amendment: ['ls'] } },
      { applyNetworkPolicyAmendment: { network_policy_amendment: { host: 'h', action: 'allow' } } },
    ];
    expect(command({ availableDecisions: ['accept', ...amendments] }).request.decisions).toEqual([
      'accept',
      'acceptForSession',
      'decline',
    ]);
    expect(command({}).request.decisions).toEqual(['accept', 'acceptForSession', 'decline', 'cancel']);
    const additionalPermissions = { network: { enabled: true }, fileSystem: { write: ['/w'] } };
    expect(command({ command: 'ls', additionalPermissions }).request.body).toEqual({
      kind: 'command',
      command: 'ls',
      permissions: ['network', 'write /w'],
    });
    expect(command({ networkApprovalContext: { host: 'example.org' } }).request.body).toEqual({
      kind: 'command',
      command: 'network access to example.org',
    });
  });

  it("belongs to the parent's turn where a sub-agent asks", () => {
    const agent = { nativeTurnId: 'P', itemId: itemIdOf('P', 'spawn'), begun: null };
    const { report } = ask('item/fileChange/requestApproval', { ...place, grantRoot: '/root' }, { agent });
    expect(report).toMatchObject({
      nativeTurnId: 'P',
      request: { itemId: itemIdOf('T', 'i'), body: { kind: 'file-change', paths: ['/root'] } },
    });
    expect(report.request).not.toHaveProperty('taskId');
    const begun = { nativeTurnId: 'P', body: { kind: 'subagent', title: 'x' } } as const;
    const asker = { agent: { ...agent, begun } };
    const asked = ask('item/fileChange/requestApproval', { ...place, grantRoot: '/root' }, asker);
    expect(asked.report.request).toMatchObject({ taskId: agent.itemId });
  });

  it('asks questions with and without options', () => {
    const { request } = ask('item/tool/requestUserInput', {
      ...place,
      questions: [
        { id: 'a', header: 'A', question: 'A?', isOther: false, options: [{ label: 'x', description: 'd' }] },
        { id: 'b', header: 'B', question: 'B?', isOther: false, isSecret: true, options: null },
      ],
    });
    expect(request).not.toHaveProperty('itemId');
    expect(request.decisions).toEqual([]);
    expect(request.body).toEqual({
      kind: 'question',
      questions: [
        {
          questionId: 'a',
          header: 'A',
          question: 'A?',
          options: [{ label: 'x', description: 'd' }],
          allowsText: false,
        },
        { questionId: 'b', header: 'B', question: 'B?', options: [], allowsText: true, secret: true },
      ],
    });
  });

  it('asks whether a tool of an MCP server may run', () => {
    const _meta = {
      codex_approval_kind: 'mcp_tool_call',
      tool_name: 'write',
      tool_params: { path: 'a' },
      persist: ['session', 'always'],
    };
    const { request } = elicit({
      _meta,
      message: 'Allow?',
      requestedSchema: { type: 'object', properties: {} },
    });
    expect(request).toMatchObject({
      body: { kind: 'tool', tool: 'write', server: 's', input: '{"path":"a"}' },
      decisions: ['accept', 'acceptForSession', 'decline', 'cancel'],
      reason: 'Allow?',
    });
    expect(elicit({ mode: 'url', url: 'https://x', message: 'Open' }).request).toMatchObject({
      body: { kind: 'tool', tool: 'elicitation', url: 'https://x' },
      decisions: ['accept', 'decline', 'cancel'],
    });
  });

  it('asks for permissions', () => {
    const files = ask('item/permissions/requestApproval', {
      ...place,
      reason: null,
      permissions: { network: null, fileSystem: { read: ['/r'], write: ['/w'] } },
    });
    expect(files.request.body).toEqual({
      kind: 'file-change',
      paths: ['/r', '/w'],
      permissions: ['read /r', 'write /w'],
    });
    expect(replyTo(files.form, { decision: 'acceptForSession' })).toEqual({
      permissions: { fileSystem: { read: ['/r'], write: ['/w'] } },
      scope: 'session',
    });
    expect(refusalOf(files.form)).toEqual({ permissions: {}, scope: 'turn' });
    const entries = [
      { access: 'read', path: { type: 'path', path: '/r' } },
      { access: 'read', path: { type: 'glob_pattern', pattern: '*.md' } },
      { access: 'read', path: { type: 'special', value: { kind: 'tmpdir' } } },
    ];
    const reading = { network: { enabled: true }, fileSystem: { read: null, write: null, entries } };
    const read = ask('item/permissions/requestApproval', { ...place, permissions: reading });
    expect(read.request.body).toEqual({
      kind: 'file-read',
      paths: ['/r'],
      permissions: ['network', 'read /r', 'read *.md', 'read {"kind":"tmpdir"}'],
    });
    expect(replyTo(read.form, { decision: 'accept' })).toEqual({ permissions: reading, scope: 'turn' });
    const network = ask('item/permissions/requestApproval', {
      ...place,
      permissions: { network: { enabled: true }, fileSystem: null },
    });
    expect(network.request.body).toEqual({ kind: 'tool', tool: 'network' });
  });

  it('does not guess at a request that has changed', () => {
    expect(askedIn({ method: 'item/commandExecution/requestApproval', params: { turnId: 1 } }, scope)).toBe(
      null,
    );
    expect(
      askedIn({ method: 'item/tool/requestUserInput', params: { ...place, questions: [] } }, scope),
    ).toBe(null);
  });
});

describe('what is answered', () => {
  it('is a decision, or a decline where answers came', () => {
    expect(replyTo({ kind: 'decision' }, { decision: 'acceptForSession' })).toEqual({
      decision: 'acceptForSession',
    });
    expect(replyTo({ kind: 'decision' }, { answers: {} })).toEqual({ decision: 'decline' });
    expect(refusalOf({ kind: 'decision' })).toEqual({ decision: 'decline' });
  });

  it('is the answers to questions, or none', () => {
    expect(replyTo({ kind: 'answers' }, { answers: { q: ['blue'] } })).toEqual({
      answers: { q: { answers: ['blue'] } },
    });
    expect(refusalOf({ kind: 'answers' })).toEqual({ answers: {} });
  });

  it('is a consent for the session where that was chosen', () => {
    const form = { kind: 'elicitation', fields: {} } as const;
    expect(replyTo(form, { decision: 'acceptForSession' })).toEqual({
      action: 'accept',
      content: null,
      _meta: { persist: 'session' },
    });
  });
});
