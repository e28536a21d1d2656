import { resolve } from 'node:path';
import type { ItemBody, ItemStatus, PlanStep } from '../../machines/domain/item.ts';
import { shellValueSchema, todoArgsSchema, type ToolCall, type ToolResult } from './wire.ts';

/** What a call of a tool says besides its id and place. */
export interface Content {
  readonly body: ItemBody;
  readonly text: string;
  readonly status: ItemStatus;
}

type ReadBody = (call: ToolCall, cwd: string) => ItemBody;
type FileChange = Extract<ItemBody, { kind: 'file_change' }>['changes'][number];

const BODIES: ReadonlyMap<string, ReadBody> = new Map<string, ReadBody>([
  ['shell', commandOf],
  // it makes a file whole; whether there was one is not said
  ['write', ({ args }, cwd) => changed({ path: at(cwd, args['path']), kind: 'added', diff: addedIn(args) })],
  ['edit', editOf],
  ['delete', ({ args }, cwd) => changed({ path: at(cwd, args['path']), kind: 'deleted' })],
  ['createPlan', () => ({ kind: 'plan' })],
  ['task', subagentOf],
  ['webSearch', ({ args }) => ({ kind: 'web_search', query: text(args['query'] ?? args['searchTerm']) })],
  ['mcp', mcpOf],
]);

/** A call of a tool as an item of ours. `isDone`: the SDK has said that it is. */
export function contentOf(call: ToolCall, cwd: string, isDone: boolean): Content {
  const body = (BODIES.get(call.type) ?? toolCallOf)(call, cwd);
  return { body, text: textOf(call), status: isDone ? statusOf(call) : 'open' };
}

/** The agent's list of what is to do; `null`: the call is about something else. */
export function stepsOf({ type, args }: ToolCall): readonly PlanStep[] | null {
  if (type !== 'updateTodos') return null;
  const todos = todoArgsSchema.safeParse(args).data?.todos ?? [];
  return todos
    .filter(({ status }) => status !== 'cancelled')
    .map(({ content, status }): PlanStep => ({
      text: content,
      status: STEP_STATUS.get(status) ?? 'pending',
    }));
}

const STEP_STATUS: ReadonlyMap<string, PlanStep['status']> = new Map<string, PlanStep['status']>([
  ['inProgress', 'running'],
  ['completed', 'completed'],
]);

const changed = (change: FileChange): ItemBody => ({ kind: 'file_change', changes: [change] });

function commandOf({ args, result }: ToolCall, cwd: string): ItemBody {
  const value = result?.status === 'success' ? shellValueSchema.safeParse(result.value).data : undefined;
  const { exitCode, executionTime } = value ?? {};
  return {
    kind: 'command',
    command: text(args['command']),
    cwd: at(cwd, args['workingDirectory'] ?? '.'),
    ...(value === undefined ? {} : { exitCode: exitCode ?? null }),
    ...(typeof executionTime === 'number' && executionTime >= 0 ? { durationMs: executionTime } : {}),
  };
}

function addedIn({ fileText }: ToolCall['args']): string {
  const lines = text(fileText).replace(/\n$/, '').split('\n');
  return [`@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join('\n');
}

function editOf({ args, result }: ToolCall, cwd: string): ItemBody {
  const diff = result?.status === 'success' ? result.value['diffString'] : undefined;
  const path = at(cwd, args['path']);
  return changed({ path, kind: 'modified', ...(typeof diff === 'string' ? { diff } : {}) });
}

export const isSubagent = ({ type }: ToolCall): boolean => type === 'task';

/** What a sub-agent is to do. */
export const jobOf = ({ args }: ToolCall): { readonly title: string; readonly prompt: string } => ({
  title: text(args['description']),
  prompt: text(args['prompt']),
});

function subagentOf({ args, result }: ToolCall): ItemBody {
  const agentId = result?.status === 'success' ? result.value['agentId'] : undefined;
  const native = typeof agentId === 'string' ? { nativeThreadId: agentId } : {};
  return { kind: 'subagent', title: text(args['description']), ...native };
}

function mcpOf({ args }: ToolCall): ItemBody {
  const server = text(args['providerIdentifier']);
  return {
    kind: 'tool_call',
    tool: text(args['toolName']),
    ...(server === '' ? {} : { server }),
    input: JSON.stringify(args['args'] ?? {}),
  };
}

const toolCallOf: ReadBody = ({ type, args }) => ({
  kind: 'tool_call',
  tool: type,
  input: JSON.stringify(args),
});

/** What is changed by a file tool is in the body. */
function textOf({ type, args, result }: ToolCall): string {
  if (result?.status === 'error') return errorIn(result);
  if (type === 'createPlan') return text(args['plan']);
  if (result === undefined || FILE_TOOLS.has(type)) return '';
  if (type === 'shell') return outputIn(result.value);
  return JSON.stringify(result.value);
}

const FILE_TOOLS: ReadonlySet<string> = new Set(['write', 'edit', 'delete']);

function outputIn(value: unknown): string {
  const { stdout = '', stderr = '' } = shellValueSchema.safeParse(value).data ?? {};
  return stdout + stderr;
}

type Failed = Extract<ToolResult, { status: 'error' }>;

const errorIn = ({ error }: Failed): string => error.message ?? error.error ?? '';

/** 1.0.32 says in words that it has not let a call through. */
const DECLINED = /\b(?:rejected|permission denied|not permitted|blocked)\b/i;

function statusOf({ type, result }: ToolCall): ItemStatus {
  if (result === undefined) return 'completed';
  if (result.status === 'error') return DECLINED.test(errorIn(result)) ? 'declined' : 'failed';
  if (type !== 'shell') return 'completed';
  return shellValueSchema.safeParse(result.value).data?.exitCode === 0 ? 'completed' : 'failed';
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const at = (cwd: string, path: unknown): string => resolve(cwd, text(path));
