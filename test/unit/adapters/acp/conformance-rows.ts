/**
 * How agents end a turn, each in its own way, as they were seen: opencode 1.18.33, claude-agent-acp 0.100.0, codex-acp
 * 2.6.0, zed's codex-acp 0.16.0, gemini 0.61.0, copilot 1.0.102. A row is a cell of their table that an adapter can see.
 */
import type { FakeStep } from '../../../helpers/fake-acp.ts';

export interface Row {
  readonly agent: string;
  readonly does: string;
  /** From the prompt to its answer. */
  readonly steps: readonly FakeStep[];
  /** What the user does: with the request that comes, or with the turn once the word `so far` has come. */
  readonly user?: 'accept' | 'acceptForSession' | 'decline' | 'cancel' | 'interrupt' | 'interrupt-ask';
  readonly outcome: 'completed' | 'failed' | 'interrupted';
  readonly code?: string;
  /** Messages, thoughts and tools: kind, status, text. */
  readonly items?: readonly string[];
  /** What the agent was answered. */
  readonly answers?: readonly object[];
}

const say = (text: string, messageId?: string): FakeStep => ({
  update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text }, messageId },
});
const think = (text: string): FakeStep => ({
  update: { sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text } },
});
const call = (more: object = {}): FakeStep => ({
  update: { sessionUpdate: 'tool_call', toolCallId: 'c1', title: 'make', kind: 'execute', ...more },
});
const update = (more: object): FakeStep => ({
  update: { sessionUpdate: 'tool_call_update', toolCallId: 'c1', ...more },
});
const output = (text: string) => ({ content: [{ type: 'content', content: { type: 'text', text } }] });
const end = (stopReason: string): FakeStep => ({ result: { stopReason } });
const fail = (code: number, message: string, data?: unknown): FakeStep => ({
  error: { code, message, data },
});

/** Ids are free-form: only the kind says what an option means. */
const OPTIONS = {
  opencode: [
    ['once', 'allow_once'],
    ['always', 'allow_always'],
    ['reject', 'reject_once'],
  ],
  claude: [
    ['allow_always', 'allow_always'],
    ['allow', 'allow_once'],
    ['reject', 'reject_once'],
  ],
  codex: [
    ['approved', 'allow_once'],
    ['approved-for-session', 'allow_always'],
    ['abort', 'reject_once'],
  ],
  gemini: [
    ['proceed_always', 'allow_always'],
    ['proceed_once', 'allow_once'],
    ['cancel', 'reject_once'],
  ],
  copilot: [
    ['allow-once', 'allow_once'],
    ['reject-once', 'reject_once'],
  ],
} as const;

function ask(agent: keyof typeof OPTIONS, more: object = {}): FakeStep {
  const options = OPTIONS[agent].map(([optionId, kind]) => ({ optionId, kind, name: optionId }));
  const toolCall = { toolCallId: 'c1', title: 'make', kind: 'execute', status: 'pending', ...more };
  return { ask: { method: 'session/request_permission', params: { toolCall, options } } };
}
const selected = (optionId: string) => ({ outcome: { outcome: 'selected', optionId } });
const CANCELLED = { outcome: { outcome: 'cancelled' } };
const soFar = say('so far');
const SO_FAR = 'assistant_message completed so far';

export const ROWS: readonly Row[] = [
  // ---- a tool that is allowed
  {
    agent: 'opencode',
    does: 'announces, asks, and repeats a call for every output',
    steps: [
      call({ title: 'bash', status: 'pending' }),
      update({ status: 'in_progress', title: 'make', rawInput: { command: 'make all' } }),
      ask('opencode'),
      update({ status: 'in_progress' }),
      update({ status: 'in_progress', ...output('a\n') }),
      update({ status: 'in_progress', ...output('a\nb\n') }),
      update({
        status: 'completed',
        ...output('a\nb\n'),
        rawOutput: { output: 'a\nb\n', metadata: { exit: 0 } },
      }),
      say('done', 'm1'),
      end('end_turn'),
    ],
    user: 'accept',
    outcome: 'completed',
    items: ['command completed a\nb\n', 'assistant_message completed done'],
    answers: [selected('once')],
  },
  {
    agent: 'claude',
    does: 'announces as pending, and takes an answer for the session',
    steps: [
      call({ status: 'pending' }),
      ask('claude'),
      update({ status: 'completed', ...output('ok') }),
      end('end_turn'),
    ],
    user: 'acceptForSession',
    outcome: 'completed',
    items: ['command completed ok'],
    answers: [selected('allow_always')],
  },
  {
    agent: 'codex zed',
    does: 'asks first, and announces then',
    steps: [
      ask('codex'),
      call({ status: 'in_progress' }),
      update({ status: 'completed', ...output('ok') }),
      end('end_turn'),
    ],
    user: 'accept',
    outcome: 'completed',
    items: ['command completed ok'],
    answers: [selected('approved')],
  },
  {
    agent: 'gemini',
    does: 'asks, and never announces; says where it runs in the place of the output',
    steps: [
      ask('gemini', output('[current working directory /w] (d)')),
      update({ status: 'completed', content: [] }),
      say('done'),
      end('end_turn'),
    ],
    user: 'accept',
    outcome: 'completed',
    items: ['command completed ', 'assistant_message completed done'],
    answers: [selected('proceed_once')],
  },
  {
    agent: 'copilot',
    does: 'offers nothing for the session',
    steps: [call(), ask('copilot'), update({ status: 'completed' }), say('done'), end('end_turn')],
    user: 'accept',
    outcome: 'completed',
    items: ['command completed ', 'assistant_message completed done'],
    answers: [selected('allow-once')],
  },
  // ---- reject_once
  {
    agent: 'opencode',
    does: 'ends the turn at a no, and calls that end_turn',
    steps: [call(), ask('opencode'), update({ status: 'failed' }), end('end_turn')],
    user: 'decline',
    outcome: 'interrupted',
    items: ['command declined '],
    answers: [selected('reject')],
  },
  {
    agent: 'claude',
    does: 'tells its model of a no',
    steps: [call(), ask('claude'), update({ status: 'failed' }), say('as you like', 'm'), end('end_turn')],
    user: 'decline',
    outcome: 'completed',
    items: ['command declined ', 'assistant_message completed as you like'],
    answers: [selected('reject')],
  },
  {
    agent: 'codex',
    does: 'stops at a no',
    steps: [call({ status: 'in_progress' }), ask('codex'), update({ status: 'failed' }), end('cancelled')],
    user: 'decline',
    outcome: 'interrupted',
    items: ['command declined '],
    answers: [selected('abort')],
  },
  {
    agent: 'gemini',
    does: 'never tells the end of a call that was declined',
    steps: [ask('gemini'), say('as you like'), end('end_turn')],
    user: 'decline',
    outcome: 'completed',
    items: ['command declined ', 'assistant_message completed as you like'],
    answers: [selected('cancel')],
  },
  {
    agent: 'copilot',
    does: 'says a no as text',
    steps: [call(), ask('copilot'), say('Info: Operation cancelled by user'), end('end_turn')],
    user: 'decline',
    outcome: 'completed',
    items: ['command declined ', 'assistant_message completed Info: Operation cancelled by user'],
    answers: [selected('reject-once')],
  },
  // ---- outcome cancelled
  ...(['opencode', 'claude', 'gemini', 'copilot'] as const).map((agent) => ({
    agent,
    does: 'is told that the turn is over with the answer, whatever it makes of it',
    steps: [call(), ask(agent), { until: 'cancel' } as const, say('going on'), end('end_turn')],
    user: 'cancel' as const,
    outcome: 'interrupted' as const,
    answers: [CANCELLED],
  })),
  // ---- session/cancel
  {
    agent: 'all',
    does: 'says cancelled of a stream that was cancelled',
    steps: [soFar, { until: 'cancel' }, end('cancelled')],
    user: 'interrupt',
    outcome: 'interrupted',
    items: [SO_FAR],
  },
  {
    agent: 'opencode',
    does: 'says end_turn when it is cancelled while it waits to try again',
    steps: [soFar, { until: 'cancel' }, end('end_turn')],
    user: 'interrupt',
    outcome: 'interrupted',
    items: [SO_FAR],
  },
  {
    agent: 'claude',
    does: 'answers a cancelled prompt with an error',
    steps: [soFar, { until: 'cancel' }, fail(-32_800, 'request cancelled')],
    user: 'interrupt',
    outcome: 'interrupted',
    items: [SO_FAR],
  },
  {
    agent: 'opencode',
    does: 'calls a command completed that it has aborted',
    steps: [
      call({ status: 'in_progress' }),
      soFar,
      { until: 'cancel' },
      update({ status: 'completed', ...output('aborted') }),
      end('cancelled'),
    ],
    user: 'interrupt',
    outcome: 'interrupted',
    items: ['command interrupted aborted', SO_FAR],
  },
  {
    agent: 'opencode, gemini',
    does: 'waits for the answer to its question after a cancel',
    steps: [call(), ask('opencode'), end('cancelled')],
    user: 'interrupt-ask',
    outcome: 'interrupted',
    items: ['command interrupted '],
    answers: [CANCELLED],
  },
  {
    agent: 'claude, codex',
    does: 'takes its question back by itself after a cancel',
    steps: [
      call(),
      { ...ask('claude'), wait: false },
      { until: 'cancel' },
      { notify: { method: '$/cancel_request', params: { requestId: 0 } } },
      end('cancelled'),
    ],
    user: 'interrupt-ask',
    outcome: 'interrupted',
    answers: [CANCELLED],
  },
  // ---- errors of the model's end
  {
    agent: 'codex, copilot',
    does: 'says an error as text, which stays text',
    steps: [say('We’re currently experiencing high demand'), end('end_turn')],
    outcome: 'completed',
    items: ['assistant_message completed We’re currently experiencing high demand'],
  },
  {
    agent: 'opencode',
    does: 'answers a 401 as an internal error with the words of the provider',
    steps: [fail(-32_603, 'Internal error: 401 Unauthorized', { errorName: 'APIError' })],
    outcome: 'failed',
    code: 'PROVIDER_UNAUTHORIZED',
  },
  {
    agent: 'codex',
    does: 'answers a 401 as a login that is wanted',
    steps: [fail(-32_000, 'Authentication required')],
    outcome: 'failed',
    code: 'PROVIDER_UNAUTHORIZED',
  },
  {
    agent: 'gemini',
    does: 'puts the HTTP status where the code belongs',
    steps: [fail(401, '{"error":{"code":401,"message":"no key","status":"UNAUTHENTICATED"}}')],
    outcome: 'failed',
    code: 'PROVIDER_UNAUTHORIZED',
  },
  {
    agent: 'gemini',
    does: 'calls a lost stream 500, terminated',
    steps: [say('half'), fail(500, 'terminated')],
    outcome: 'failed',
    code: 'PROVIDER_UNREACHABLE',
    items: ['assistant_message completed half'],
  },
  {
    agent: 'claude',
    does: 'answers with details beside an internal error',
    steps: [fail(-32_603, 'Internal error', { details: 'prompt is too long: 9 tokens > 8' })],
    outcome: 'failed',
    code: 'PROVIDER_CONTEXT_EXCEEDED',
  },
  {
    agent: 'opencode, gemini, copilot',
    does: 'no longer knows the session of a prompt',
    steps: [fail(-32_602, 'Session not found: S')],
    outcome: 'failed',
    code: 'PROVIDER_ERROR',
  },
  // ---- a stream that broke off
  {
    agent: 'opencode',
    does: 'says a message again from its beginning, under the same id',
    steps: [
      say('Hello to', 'm1'),
      say(' all', 'm1'),
      say('Hello', 'm1'),
      say(' to all of', 'm1'),
      say(' you', 'm1'),
      end('end_turn'),
    ],
    outcome: 'completed',
    items: ['assistant_message interrupted Hello to all', 'assistant_message completed Hello to all of you'],
  },
  {
    agent: 'claude',
    does: 'says a message again under another id',
    steps: [say('Hello to', 'm1'), say('Hello to all', 'm2'), end('end_turn')],
    outcome: 'completed',
    items: ['assistant_message completed Hello to', 'assistant_message completed Hello to all'],
  },
  {
    agent: 'gemini',
    does: 'has no ids of messages: a call parts them',
    steps: [
      think('hm'),
      say('ha ha ha '),
      say('ha ha ha '),
      call({ status: 'completed' }),
      say('two'),
      end('end_turn'),
    ],
    outcome: 'completed',
    items: [
      'reasoning completed hm',
      'assistant_message completed ha ha ha ha ha ha ',
      'command completed ',
      'assistant_message completed two',
    ],
  },
  // ---- ends
  {
    agent: 'codex, gemini, opencode',
    does: 'says end_turn of an answer that was too long',
    steps: [say('cut'), end('end_turn')],
    outcome: 'completed',
    items: ['assistant_message completed cut'],
  },
  {
    agent: 'any',
    does: 'says max_tokens',
    steps: [say('cut'), end('max_tokens')],
    outcome: 'failed',
    code: 'PROVIDER_ERROR',
    items: ['assistant_message completed cut'],
  },
  {
    agent: 'any',
    does: 'says max_turn_requests',
    steps: [end('max_turn_requests')],
    outcome: 'failed',
    code: 'PROVIDER_ERROR',
  },
  {
    agent: 'opencode',
    does: 'says refusal',
    steps: [end('refusal')],
    outcome: 'failed',
    code: 'PROVIDER_BAD_REQUEST',
  },
  {
    agent: 'any',
    does: 'says what nobody knows',
    steps: [end('bored')],
    outcome: 'failed',
    code: 'PROVIDER_ERROR',
  },
  {
    agent: 'any',
    does: 'answers what is no answer',
    steps: [{ result: { done: true } }],
    outcome: 'failed',
    code: 'PROVIDER_ERROR',
  },
  {
    agent: 'any',
    does: 'ends the turn at a tool that failed, without a word',
    steps: [call(), update({ status: 'failed', ...output('no such file') }), end('end_turn')],
    outcome: 'failed',
    code: 'PROVIDER_ERROR',
    items: ['command failed no such file'],
  },
  {
    agent: 'any',
    does: 'never tells the end of a call',
    steps: [call({ status: 'in_progress' }), say('done'), end('end_turn')],
    outcome: 'completed',
    items: ['command unknown ', 'assistant_message completed done'],
  },
];
