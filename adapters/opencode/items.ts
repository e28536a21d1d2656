import type { ItemBody, ItemStatus } from '../../machines/domain/item.ts';
import type { ToolPart, ToolState } from './wire.ts';

/** What a tool's part says besides its id and place. */
export interface Content {
  readonly body: ItemBody;
  readonly text: string;
  readonly status: ItemStatus;
}

type FileChange = Extract<ItemBody, { kind: 'file_change' }>['changes'][number];
type ReadBody = (part: ToolPart) => ItemBody;

/** Told in another way: as requests, and as the plan of the turn. */
const UNSHOWN: ReadonlySet<string> = new Set(['question', 'todoread', 'todowrite']);

const BODIES: ReadonlyMap<string, ReadBody> = new Map<string, ReadBody>([
  ['bash', commandOf],
  ['write', ({ state }) => ({ kind: 'file_change', changes: [writtenIn(state)] })],
  ['edit', ({ state }) => ({ kind: 'file_change', changes: [editedIn(state)] })],
  ['multiedit', ({ state }) => ({ kind: 'file_change', changes: [editedIn(state)] })],
  ['patch', patchOf],
  ['apply_patch', patchOf],
  ['task', ({ state }) => ({ kind: 'subagent', title: titleOf({ state }), ...nativeThreadOf(state) })],
  ['websearch', ({ state }) => ({ kind: 'web_search', query: text(state.input['query']) })],
]);

/** A call of a tool as an item of ours; `null`: it is told in another way. */
export function contentOf(part: ToolPart): Content | null {
  if (UNSHOWN.has(part.tool)) return null;
  const body = (BODIES.get(part.tool) ?? toolCallOf)(part);
  return { body, text: outputOf(part), status: statusOf(part, body) };
}

/** What a sub-agent is to do, in short. */
export const titleOf = ({ state }: Pick<ToolPart, 'state'>): string => text(state.input['description']);

/** The model of a sub-agent. */
export function modelIn({ state }: Pick<ToolPart, 'state'>): string | null {
  const model = 'metadata' in state ? state.metadata['model'] : null;
  if (typeof model !== 'object' || model === null) return null;
  const { providerID, modelID }: Readonly<Record<string, unknown>> = { ...model };
  return typeof providerID === 'string' && typeof modelID === 'string' ? `${providerID}/${modelID}` : null;
}

/** The session of the sub-agent that a task has begun. */
export function childSessionOf({ tool, state }: Pick<ToolPart, 'tool' | 'state'>): string | null {
  const sessionId = tool === 'task' && 'metadata' in state ? state.metadata['sessionId'] : null;
  return typeof sessionId === 'string' ? sessionId : null;
}

function commandOf({ state }: ToolPart): ItemBody {
  const { command, workdir } = state.input;
  const isDone = state.status === 'completed';
  const exit = isDone ? state.metadata['exit'] : undefined;
  const { start, end } = ('time' in state ? state.time : null) ?? {};
  return {
    kind: 'command',
    command: text(command),
    ...(typeof workdir === 'string' ? { cwd: workdir } : {}),
    ...(typeof exit === 'number' ? { exitCode: exit } : isDone && { exitCode: null }),
    ...(start === undefined || end === undefined ? {} : { durationMs: Math.max(0, end - start) }),
  };
}

function writtenIn({ input, ...state }: ToolState): FileChange {
  const content = text(input['content']);
  const exists = 'metadata' in state && state.metadata['exists'] === true;
  const path = text(input['filePath']);
  return exists ? { path, kind: 'modified' } : { path, kind: 'added', diff: addedDiff(content) };
}

function addedDiff(content: string): string {
  const lines = content.replace(/\n$/, '').split('\n');
  return [`@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join('\n');
}

function editedIn({ input, ...state }: ToolState): FileChange {
  const diff = 'metadata' in state ? state.metadata['diff'] : undefined;
  return { path: text(input['filePath']), kind: 'modified', ...(typeof diff === 'string' ? { diff } : {}) };
}

const KINDS: ReadonlyMap<unknown, FileChange['kind']> = new Map<unknown, FileChange['kind']>([
  ['add', 'added'],
  ['delete', 'deleted'],
  ['move', 'renamed'],
]);

/** The changes are known when they are made. */
function patchOf({ state }: ToolPart): ItemBody {
  const files = 'metadata' in state ? state.metadata['files'] : null;
  const changes = Array.isArray(files) ? files.flatMap(patchedFile) : [];
  return { kind: 'file_change', changes };
}

function patchedFile(file: unknown): FileChange[] {
  if (typeof file !== 'object' || file === null) return [];
  const { filePath, movePath, type, diff, patch }: Readonly<Record<string, unknown>> = { ...file };
  const change = typeof diff === 'string' ? diff : patch;
  const rest = typeof change === 'string' ? { diff: change } : {};
  if (typeof movePath === 'string')
    return [{ path: movePath, kind: 'renamed', from: text(filePath), ...rest }];
  return [{ path: text(filePath), kind: KINDS.get(type) ?? 'modified', ...rest }];
}

const nativeThreadOf = (state: ToolState): { nativeThreadId?: string } => {
  const sessionId = 'metadata' in state ? state.metadata['sessionId'] : null;
  return typeof sessionId === 'string' ? { nativeThreadId: sessionId } : {};
};

/** Tools of MCP servers are called `server_tool`, which cannot be told from others. */
const toolCallOf: ReadBody = ({ tool, state }) => ({
  kind: 'tool_call',
  tool,
  input: JSON.stringify(state.input),
});

const TASK_RESULT = /<task_result>\n?([^]*?)\n?<\/task_result>/;

/** What is changed by a file tool is in the body. */
function outputOf({ tool, state }: ToolPart): string {
  switch (state.status) {
    case 'pending':
      return '';
    case 'running':
      return text(state.metadata['output']);
    case 'error':
      return state.error;
    case 'completed':
      if (tool === 'task') return TASK_RESULT.exec(state.output)?.[1] ?? state.output;
      return FILE_TOOLS.has(tool) ? '' : state.output;
  }
}

const FILE_TOOLS: ReadonlySet<string> = new Set(['write', 'edit', 'multiedit', 'patch', 'apply_patch']);

/** 1.18.33 says in words what became of a call that was not let. */
const DECLINED = /^The user (?:rejected|dismissed)|^The user has specified a rule/;
const ABORTED = /User aborted the command/;

function statusOf({ state }: ToolPart, body: ItemBody): ItemStatus {
  if (state.status === 'pending' || state.status === 'running') return 'open';
  if (state.status === 'error') return endOfError(state);
  if (body.kind !== 'command' || body.exitCode === 0) return 'completed';
  return ABORTED.test(state.output) ? 'interrupted' : 'failed';
}

function endOfError({ error, metadata }: Extract<ToolState, { status: 'error' }>): ItemStatus {
  if (DECLINED.test(error)) return 'declined';
  return metadata['interrupted'] === true || error === 'Tool execution aborted' ? 'interrupted' : 'failed';
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');
