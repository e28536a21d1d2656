/** What agents ask of their client: permission by the thread's policy, answers, terminals; and one prompt at a time. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { attachmentIdSchema } from '../../../../machines/domain/ids.ts';
import { listMarked } from '../../../../adapters/shared/process-tree.ts';
import { DONE, fakeAcp, type FakeStep } from '../../../helpers/fake-acp.ts';
import { until } from '../../../helpers/until.ts';

const OPTIONS = [
  { optionId: 'yes', kind: 'allow_once', name: 'Yes' },
  { optionId: 'no', kind: 'reject_once', name: 'No' },
];
const ask = (kind: string, paths: readonly string[] = [], options: object[] = OPTIONS): FakeStep => {
  const locations = paths.map((path) => ({ path }));
  const toolCall = { toolCallId: `${kind}-${paths.join()}`, title: 'it', kind, locations };
  return { ask: { method: 'session/request_permission', params: { toolCall, options } } };
};
const chosen = (answers: readonly unknown[]): unknown[] =>
  answers.map((answer) => Reflect.get(Object(Reflect.get(Object(answer), 'outcome')), 'optionId') ?? null);

describe('permission', () => {
  const steps = [
    ask('edit', ['$CWD/in.txt']),
    ask('edit', ['$CWD/../out.txt']),
    ask('edit'),
    ask('execute'),
    ask('read', ['/etc/hostname']),
    DONE,
  ];

  it.each([
    ['full-access', {}, ['yes', 'yes', 'yes', 'yes', 'yes']],
    ['approval-required', { approval: 'never' }, ['no', 'no', 'no', 'no', 'yes']],
    ['auto', { approval: 'never' }, ['yes', 'no', 'no', 'no', 'yes']],
  ] as const)('is given by the policy of the thread: %s %j', async (runtimeMode, policy, expected) => {
    const agent = await fakeAcp({ 'session/prompt': [steps] });
    const thread = await agent.open({ runtimeMode, policy });
    await thread.turn('go');
    expect(chosen(agent.answers)).toEqual(expected);
    expect(agent.harness.all(thread.threadId, 'provider.requestOpened')).toEqual([]);
  });

  it('is given for edits of the workspace only, and asked of a person for the rest', async () => {
    const agent = await fakeAcp({ 'session/prompt': [steps] });
    const thread = await agent.open({ runtimeMode: 'auto-accept-edits' });
    const sent = await thread.start('go');
    const kinds = [];
    for (const number of [1, 2, 3, 4]) {
      const request = await thread.request(number);
      kinds.push(request.body.kind);
      thread.answer(request, { decision: 'decline' });
    }
    await thread.ended(sent);
    expect(kinds).toEqual(['file-change', 'file-change', 'command', 'file-read']);
    expect(chosen(agent.answers)).toEqual(['yes', 'no', 'no', 'no', 'no']);
  });

  it('is refused to whatever changes something while it plans', async () => {
    const modes = {
      currentModeId: 'act',
      availableModes: [
        { id: 'act', name: '' },
        { id: 'plan', name: '' },
      ],
    };
    const agent = await fakeAcp({
      'session/new': [[{ result: { sessionId: 'S', modes } }]],
      'session/prompt': [[ask('edit', ['$CWD/a']), ask('execute'), ask('switch_mode'), DONE]],
    });
    const thread = await agent.open({ interactionMode: 'plan', runtimeMode: 'full-access' });
    await thread.turn('go');
    expect(chosen(agent.answers)).toEqual(['no', 'no', 'no']);
  });

  it('offers what the agent offers: an option of a kind that nobody knows is none', async () => {
    const strange = [{ optionId: 'x', kind: 'allow_on_sundays', name: 'On sundays' }];
    const agent = await fakeAcp({ 'session/prompt': [[ask('execute', [], strange), DONE]] });
    const thread = await agent.open();
    const sent = await thread.start('go');
    const request = await thread.request();
    expect(request.decisions).toEqual(['decline', 'cancel']);
    thread.answer(request, { decision: 'decline' });
    await thread.ended(sent);
    expect(agent.answers).toEqual([{ outcome: { outcome: 'cancelled' } }]);
  });

  it('is answered at once where no turn runs, and what is malformed with an error', async () => {
    const agent = await fakeAcp({
      'session/prompt': [
        [DONE, ask('execute'), { ask: { method: 'session/request_permission', params: { options: 1 } } }],
      ],
    });
    const thread = await agent.open();
    await thread.turn('go');
    await until(() => agent.answers.length === 2);
    expect(agent.answers).toMatchObject([{ outcome: { outcome: 'cancelled' } }, { code: -32_602 }]);
  });
});

describe('elicitation', () => {
  const form = {
    mode: 'form',
    message: 'Which one?',
    requestedSchema: {
      type: 'object',
      properties: {
        colour: { type: 'string', title: 'Colour', enum: ['red', 'blue'], default: null },
        count: { type: 'integer', minimum: 1 },
      },
      required: ['colour'],
    },
  };

  it('is a question, whose answers fill the form', async () => {
    const agent = await fakeAcp({
      'session/prompt': [[{ ask: { method: 'elicitation/create', params: form } }, DONE]],
    });
    const thread = await agent.open();
    const sent = await thread.start('go');
    const request = await thread.request();
    expect(request).toMatchObject({
      reason: 'Which one?',
      body: { kind: 'question', questions: [{ header: 'Colour' }, { format: 'integer', minimum: 1 }] },
    });
    thread.answer(request, { answers: { colour: ['blue'], count: ['2'] } });
    await thread.ended(sent);
    expect(agent.answers).toEqual([{ action: 'accept', content: { colour: 'blue', count: 2 } }]);
  });

  it('is a page to be opened, which may be done with by itself', async () => {
    const page = { mode: 'url', message: 'Log in', url: 'https://example.com', elicitationId: 'e1' };
    const agent = await fakeAcp({
      'session/prompt': [
        [
          { ask: { method: 'elicitation/create', params: page }, wait: false },
          { notify: { method: 'elicitation/complete', params: { elicitationId: 'e1' } } },
          DONE,
        ],
      ],
    });
    const thread = await agent.open();
    await thread.turn('go');
    const request = await thread.request();
    expect(request.body).toEqual({ kind: 'tool', tool: 'elicitation', url: 'https://example.com' });
    await thread.resolved(request.requestId);
    expect(agent.answers).toEqual([{ action: 'accept', content: {} }]);
  });

  it('can be taken back by the agent, and is refused where it has no form', async () => {
    const agent = await fakeAcp({
      'session/prompt': [
        [
          { ask: { method: 'elicitation/create', params: form, requestId: 'uuid' }, wait: false },
          { notify: { method: '$/cancel_request', params: { requestId: 'uuid' } } },
          { ask: { method: 'elicitation/create', params: { mode: 'song', message: 'la' } } },
          { ask: { method: 'future/request', params: {} } },
          DONE,
        ],
      ],
    });
    const thread = await agent.open();
    await thread.turn('go');
    expect(agent.answers).toMatchObject([{ code: -32_800 }, { action: 'cancel' }, { code: -32_601 }]);
    expect(thread.items('unrecognized')).toMatchObject([{ body: { method: 'future/request' } }]);
    const { requestId } = await thread.request();
    await thread.resolved(requestId);
  });
});

describe('terminals', () => {
  const create = (params: object): FakeStep => ({ ask: { method: 'terminal/create', params } });

  it('run a command in the workspace, tell its output and its end, and are refused elsewhere', async () => {
    const agent = await fakeAcp({
      'session/prompt': [
        [
          create({ command: 'printf äöü > made.txt; pwd; exit 3' }),
          create({
            command: 'sh',
            args: ['-c', 'echo $WORD'],
            env: [{ name: 'WORD', value: 'hi' }],
            cwd: '$CWD',
          }),
          create({ command: 'ls', cwd: '/etc' }),
          { ask: { method: 'terminal/output', params: { terminalId: 'none' } } },
          DONE,
        ],
      ],
    });
    const thread = await agent.open();
    await thread.turn('go');
    const [first, second, refused, unknown] = agent.answers;
    expect([first, second]).toMatchObject([
      { terminalId: expect.any(String) },
      { terminalId: expect.any(String) },
    ]);
    expect(refused).toMatchObject({
      code: -32_602,
      message: expect.stringContaining('not in the workspace'),
    });
    expect(unknown).toMatchObject({ code: -32_602, message: 'there is no terminal none' });
    await until(async () => (await readFile(join(agent.workspace, 'made.txt'), 'utf8')) === 'äöü');
  });

  it('end with the turn that is interrupted, and with the connection', async () => {
    const agent = await fakeAcp({
      'session/prompt': [
        [create({ command: 'sleep 300' }), { until: 'cancel' }, { result: { stopReason: 'cancelled' } }],
      ],
    });
    const thread = await agent.open();
    const sent = await thread.start('go');
    await until(() => agent.harness.rows.size === 2 && agent.answers.length === 1);
    const rows = [...agent.harness.rows.values()];
    const terminal = rows.find(({ marker }) => marker !== rows[0]?.marker);
    thread.interrupt(sent);
    await thread.ended(sent);
    await thread.settle(sent, 'interrupted');
    expect(await listMarked(terminal?.marker ?? '')).toEqual([]);
  });
});

describe('prompts', () => {
  it('are one at a time: a second one is never sent', async () => {
    const agent = await fakeAcp({
      'session/prompt': [[{ until: 'cancel' }, { result: { stopReason: 'cancelled' } }]],
    });
    const thread = await agent.open();
    const first = await thread.start('first');
    thread.send('second');
    const refused = await agent.harness.awaitReport(thread.threadId, 'provider.turnRefused');
    expect(refused.failure).toMatchObject({ code: 'START_REFUSED' });
    expect(agent.sent('session/prompt')).toHaveLength(1);
    thread.interrupt(first);
    await thread.ended(first);
  });

  it('carry images where the agent takes them', async () => {
    const agent = await fakeAcp({});
    const thread = await agent.open();
    const path = join(agent.workspace, 'dot.png');
    await writeFile(path, Buffer.from('\x89PNG', 'latin1'));
    const attachmentId = attachmentIdSchema.parse('image-1');
    agent.harness.attachments.set(attachmentId, path);
    await thread.turn('look', { attachments: [attachmentId] });
    expect(agent.sent('session/prompt')).toMatchObject([
      {
        prompt: [
          { type: 'image', mimeType: 'image/png', data: 'iVBORw==' },
          { type: 'text', text: 'look' },
        ],
      },
    ]);
  });
});
