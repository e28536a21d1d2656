import { itemIdOf, type ItemId } from '../../machines/domain/ids.ts';
import type { ItemBody, ItemDraft, ItemStatus } from '../../machines/domain/item.ts';
import type { CodexItem, FileChange, ItemOf, WorkStatus } from './wire.ts';

/** What an item says besides its id and place. */
interface Content {
  readonly body: ItemBody;
  readonly text: string;
  /** How it stands when codex says that it is complete. */
  readonly status: ItemStatus;
}

/** Where an item stands. */
export interface ItemPlace {
  /** The provider's turn, which is part of the item's id. */
  readonly nativeTurnId: string;
  readonly isDone: boolean;
  readonly parentItemId?: ItemId;
  readonly rawRef: string;
}

/** Ours look like `<turn>.<attempt>`; codex makes none of its own, other clients use UUIDs. */
const OUR_MESSAGE_ID = /^.+\.\d+$/;

/** An item of codex as one of ours; `null` for the echo of our own prompt, which the thread has already. */
export function draftOf(item: CodexItem, place: ItemPlace): ItemDraft | null {
  if (item.type === 'userMessage' && OUR_MESSAGE_ID.test(item.clientId ?? '')) return null;
  const { body, text, status } = contentOf(item);
  const { nativeTurnId, isDone, parentItemId, rawRef } = place;
  return {
    itemId: itemIdOf(nativeTurnId, item.id),
    body,
    text,
    status: isDone ? status : 'open',
    ...(parentItemId === undefined ? {} : { parentItemId }),
    rawRef,
  };
}

const TOPIC_LENGTH = 64;

type Contents = { readonly [T in CodexItem['type']]: (item: ItemOf<T>) => Content };

const CONTENTS: Contents = {
  userMessage: ({ content }) =>
    done({ kind: 'user_message', intent: 'provider', attachments: [] }, textOf(content)),
  hookPrompt: ({ fragments }) => notice('hook.prompt', fragments.map(({ text }) => text).join('\n')),
  agentMessage: ({ text, phase }) => done({ kind: 'assistant_message', ...phaseOf(phase) }, text),
  functionCallOutput: ({ name, namespace, output }) =>
    done(toolCall(name, namespace), typeof output === 'string' ? output : textOf(output)),
  plan: ({ text }) => done({ kind: 'plan' }, text),
  reasoning: ({ summary, content }) =>
    done({ kind: 'reasoning' }, [...summary, ...content].filter(Boolean).join('\n\n')),
  commandExecution: commandOf,
  fileChange: ({ changes, status }) =>
    work({ kind: 'file_change', changes: changes.map(changeOf) }, '', status),
  mcpToolCall: (item) =>
    work(
      { ...toolCall(item.tool, item.server), input: JSON.stringify(item.arguments ?? null) },
      item.error?.message ?? mcpText(item.result?.content ?? []),
      item.status,
    ),
  dynamicToolCall: ({ tool, namespace, contentItems, ...item }) =>
    work(
      { ...toolCall(tool, namespace), input: JSON.stringify(item.arguments ?? null) },
      textOf(contentItems ?? []),
      item.status,
    ),
  collabAgentToolCall: collabOf,
  subAgentActivity: ({ kind, agentThreadId, agentPath }) =>
    kind === 'started'
      ? work({ kind: 'subagent', title: agentPath, nativeThreadId: agentThreadId }, '', 'inProgress')
      : notice(`subagent.${kind}`.slice(0, TOPIC_LENGTH), agentPath),
  webSearch: ({ query, action }) =>
    done({ kind: 'web_search', query: query || (action?.query ?? action?.url ?? '') }),
  imageView: ({ path }) => done({ ...toolCall('view_image'), input: JSON.stringify({ path }) }, path),
  sleep: ({ durationMs }) => done({ ...toolCall('sleep'), input: JSON.stringify({ durationMs }) }),
  imageGeneration: ({ status, revisedPrompt, savedPath }) => ({
    ...done(
      { ...toolCall('image_generation'), input: JSON.stringify({ prompt: revisedPrompt ?? null }) },
      savedPath ?? '',
    ),
    status: status === 'failed' ? 'failed' : 'completed',
  }),
  enteredReviewMode: ({ review }) => notice('review.entered', review),
  exitedReviewMode: ({ review }) => notice('review.exited', review),
  contextCompaction: () => done({ kind: 'compaction' }),
};

function contentOf(item: CodexItem): Content {
  // the table has one function per type, each for its own; TypeScript cannot pair them by itself
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  return (CONTENTS[item.type] as (item: CodexItem) => Content)(item);
}

const done = (body: ItemBody, text = ''): Content => ({ body, text, status: 'completed' });

const notice = (topic: string, text: string): Content => done({ kind: 'notice', tone: 'info', topic }, text);

const work = (body: ItemBody, text: string, status: WorkStatus): Content => ({
  body,
  text,
  status: status === 'inProgress' ? 'open' : status,
});

const toolCall = (tool: string, server?: string | null) =>
  ({ kind: 'tool_call', tool, ...(server === null || server === undefined ? {} : { server }) }) as const;

function phaseOf(phase: string | null | undefined): { phase?: 'commentary' | 'final' } {
  if (phase === 'commentary') return { phase };
  return phase === 'final_answer' ? { phase: 'final' } : {};
}

/** `aggregatedOutput` is the truth: codex 0.169.0 loses deltas of output that comes right after the start. */
function commandOf(item: ItemOf<'commandExecution'>): Content {
  const { command, cwd, exitCode, durationMs, aggregatedOutput, status } = item;
  const body: ItemBody = {
    kind: 'command',
    command,
    cwd,
    ...(exitCode === undefined ? {} : { exitCode }),
    ...(durationMs === null || durationMs === undefined ? {} : { durationMs }),
  };
  return work(body, aggregatedOutput ?? '', status);
}

const KINDS = { add: 'added', delete: 'deleted', update: 'modified' } as const;

/** The new path of a renamed file is in the kind, the old one is the change's own. */
export function changeOf({
  path,
  kind,
  diff,
}: FileChange): Extract<ItemBody, { kind: 'file_change' }>['changes'][number] {
  const { move_path: newPath } = kind;
  if (newPath === null || newPath === undefined) return { path, kind: KINDS[kind.type], diff };
  return { path: newPath, kind: 'renamed', from: path, diff };
}

const AT_WORK: ReadonlySet<string> = new Set(['pendingInit', 'running']);

/** A sub-agent's beginning is an item of its own kind; what is done with it later is a tool call. */
function collabOf({
  tool,
  status,
  receiverThreadIds,
  prompt,
  agentsStates,
}: ItemOf<'collabAgentToolCall'>): Content {
  const states = Object.values(agentsStates).map((state) => state?.message ?? state?.status ?? '');
  const [nativeThreadId] = receiverThreadIds;
  if (tool === 'spawnAgent') {
    const title = (prompt ?? '').slice(0, 200);
    const body: ItemBody = { kind: 'subagent', title };
    if (nativeThreadId === undefined) return work(body, '', status);
    const state = agentsStates[nativeThreadId]?.status ?? 'running';
    return work({ ...body, nativeThreadId }, '', AT_WORK.has(state) ? 'inProgress' : status);
  }
  const input = JSON.stringify({ agents: receiverThreadIds, ...(prompt && { prompt }) });
  return work({ ...toolCall(tool, 'agents'), input }, states.join('\n'), status);
}

function textOf(content: readonly { readonly type: string; readonly text?: string | undefined }[]): string {
  return content.map(({ type, text }) => text ?? `[${type}]`).join('\n');
}

function mcpText(content: readonly unknown[]): string {
  return content.map(mcpPart).join('\n');
}

function mcpPart(part: unknown): string {
  if (typeof part === 'object' && part !== null && 'text' in part && typeof part.text === 'string')
    return part.text;
  return JSON.stringify(part);
}
