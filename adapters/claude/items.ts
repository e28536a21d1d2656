import type { ItemBody, ItemStatus, PlanStep } from '../../machines/domain/item.ts';
import * as wire from './wire.ts';
import type { ToolResult } from './wire.ts';

/** A tool that claude calls. */
export interface ToolUse {
  readonly id: string;
  readonly name: string;
  readonly input: Readonly<Record<string, unknown>>;
}

/** What an item says besides its id and place. */
export interface Content {
  readonly body: ItemBody;
  readonly text: string;
  readonly status: ItemStatus;
}

/** Tools whose outcome is the to-do list itself. */
export const TODO_TOOLS: ReadonlySet<string> = new Set([
  'TodoWrite',
  'TaskCreate',
  'TaskUpdate',
  'TaskList',
  'TaskGet',
]);
export const FILE_TOOLS: ReadonlySet<string> = new Set(['Write', 'Edit', 'MultiEdit', 'NotebookEdit']);
const READING_TOOLS: ReadonlySet<string> = new Set(['Read', 'Glob', 'Grep', 'LS', 'NotebookRead']);
/** Older versions call it Task. */
const AGENT_TOOLS: ReadonlySet<string> = new Set(['Agent', 'Task']);

export const isAgent = (name: string): boolean => AGENT_TOOLS.has(name);
export const isReading = (name: string): boolean => READING_TOOLS.has(name);

/** The server and the tool in `mcp__server__tool`. */
export function mcpName(name: string): { readonly server: string; readonly tool: string } | null {
  const [, server, tool] = /^mcp__(.+?)__(.+)$/.exec(name) ?? [];
  return server === undefined || tool === undefined ? null : { server, tool };
}

const TITLE_LENGTH = 200;

/** A call as it begins. */
export function contentOf(use: ToolUse, cwd: string): Content {
  const { name, input } = use;
  const open = (body: ItemBody, text = ''): Content => ({ body, text, status: 'open' });
  if (name === 'Bash') return open({ kind: 'command', command: textIn(input, 'command'), cwd });
  if (FILE_TOOLS.has(name)) return open({ kind: 'file_change', changes: [plannedChange(use)] });
  if (name === 'WebSearch') return open({ kind: 'web_search', query: textIn(input, 'query') });
  if (name === 'ExitPlanMode') return open({ kind: 'plan' }, textIn(input, 'plan'));
  if (isAgent(name)) {
    const title = textIn(input, 'description') || textIn(input, 'prompt');
    return open({ kind: 'subagent', title: title.slice(0, TITLE_LENGTH) });
  }
  const named = mcpName(name) ?? { tool: name };
  return open({ kind: 'tool_call', ...named, input: JSON.stringify(input) });
}

/** The files that a call is about. */
export const pathsOf = ({ input }: Pick<ToolUse, 'input'>): readonly string[] =>
  ['file_path', 'notebook_path', 'path'].flatMap((key) => textIn(input, key) || []);

const plannedChange = (use: ToolUse): FileChange => ({
  path: pathsOf(use)[0] ?? '',
  kind: use.name === 'Write' ? 'added' : 'modified',
});
type FileChange = Extract<ItemBody, { kind: 'file_change' }>['changes'][number];

/** A call as its result leaves it, where it was carried out. */
export function finished(began: Content, result: ToolResult, details: unknown): Content {
  const status = result.is_error ? 'failed' : 'completed';
  const text = resultText(result);
  switch (began.body.kind) {
    case 'command':
      return commandEnd(began.body, { text, status }, details);
    case 'file_change':
      return changeEnd(began.body, { text, status }, details);
    case 'plan':
      return { ...began, status };
    case 'subagent':
      // for that of a nested one there are only the words that are for the model
      return { ...began, text: agentReport(details) ?? (began.text || text), status };
    default:
      return { ...began, text, status };
  }
}

/** What a sub-agent hands back, without the words around it that are for the model. */
function agentReport(details: unknown): string | null {
  const { content } = wire.agentResultSchema.safeParse(details).data ?? {};
  const said = content?.filter(
    ({ text }) => text !== undefined && !text.startsWith('<tools-used-before-summary>'),
  );
  return said === undefined ? null : said.map(({ text }) => text).join('\n');
}

type Outcome = Pick<Content, 'text' | 'status'>;
type Command = Extract<ItemBody, { kind: 'command' }>;
type Changes = Extract<ItemBody, { kind: 'file_change' }>;

const NO_OUTPUT = '(Bash completed with no output)';
const EXIT_CODE = /^Exit code (\d+)\n?/;

/** The result of a command that failed is text only. */
function commandEnd(body: Command, { text, status }: Outcome, details: unknown): Content {
  const { data } = wire.bashResultSchema.safeParse(details);
  const code = EXIT_CODE.exec(text)?.[1];
  if (data === undefined || code !== undefined) {
    const exitCode = code === undefined ? {} : { exitCode: Number(code) };
    return {
      body: { ...body, ...exitCode },
      text: text.replace(EXIT_CODE, '').replace(NO_OUTPUT, ''),
      status,
    };
  }
  const output = [data.stdout, data.stderr].filter(Boolean).join('\n');
  return { body: { ...body, exitCode: 0 }, text: output, status: data.interrupted ? 'interrupted' : status };
}

function changeEnd(body: Changes, { text, status }: Outcome, details: unknown): Content {
  const { data } = wire.fileResultSchema.safeParse(details);
  if (data === undefined) return { body, text, status };
  const isNew = data.type === 'create' || data.originalFile === null;
  const change: FileChange = {
    path: data.filePath,
    kind: isNew ? 'added' : 'modified',
    diff: isNew ? newFileDiff(textIn(data, 'content')) : data.structuredPatch.map(hunkOf).join('\n'),
  };
  return { body: { ...body, changes: [change] }, text: '', status };
}

type Hunk = ReturnType<typeof wire.fileResultSchema.parse>['structuredPatch'][number];

const hunkOf = ({ oldStart, oldLines, newStart, newLines, lines }: Hunk): string =>
  [`@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`, ...lines].join('\n');

function newFileDiff(content: string): string {
  const lines = content.replace(/\n$/, '').split('\n');
  return [`@@ -0,0 +1,${lines.length} @@`, ...lines.map((line) => `+${line}`)].join('\n');
}

export function resultText({ content }: ToolResult): string {
  if (typeof content === 'string') return content;
  return content.map(({ type, text }) => text ?? `[${type}]`).join('\n');
}

export function textIn(record: Readonly<Record<string, unknown>>, key: string): string {
  const value = record[key];
  return typeof value === 'string' ? value : '';
}

const STEP_STATUS = { pending: 'pending', in_progress: 'running', completed: 'completed' } as const;
interface Todo {
  readonly text: string;
  readonly status: keyof typeof STEP_STATUS;
}

/** The to-do list of a session: older versions write it whole, newer ones keep tasks. */
export class Todos {
  #todos = new Map<string, Todo>();

  /** The list after a call has done its work; `null`: it says nothing of it. */
  take({ name, input }: ToolUse, details: unknown): readonly PlanStep[] | null {
    const isNews = this.#write(name, input) || this.#change(name, input, details);
    if (!isNews) return null;
    return [...this.#todos.values()].map(({ text, status }) => ({ text, status: STEP_STATUS[status] }));
  }

  #write(name: string, input: unknown): boolean {
    const { data } = wire.todosSchema.safeParse(name === 'TodoWrite' ? input : null);
    if (data === undefined) return false;
    this.#todos = new Map(
      data.todos.map(({ content, status }, index) => [String(index), { text: content, status }]),
    );
    return true;
  }

  #change(name: string, input: unknown, details: unknown): boolean {
    if (name === 'TaskList') return this.#list(details);
    if (name === 'TaskUpdate') return this.#update(input);
    const { data } = wire.taskCreatedSchema.safeParse(name === 'TaskCreate' ? details : null);
    if (data === undefined) return false;
    this.#todos.set(data.task.id, { text: data.task.subject, status: 'pending' });
    return true;
  }

  #list(details: unknown): boolean {
    const { data } = wire.taskListSchema.safeParse(details);
    if (data === undefined) return false;
    this.#todos = new Map(data.tasks.map(({ id, subject, status }) => [id, { text: subject, status }]));
    return true;
  }

  #update(input: unknown): boolean {
    const { data } = wire.taskUpdateSchema.safeParse(input);
    const known = this.#todos.get(data?.taskId ?? '');
    if (data === undefined || known === undefined) return false;
    const status = data.status ?? known.status;
    if (status === 'deleted') return this.#todos.delete(data.taskId);
    const isKnown = status === 'pending' || status === 'in_progress' || status === 'completed';
    this.#todos.set(data.taskId, {
      text: data.subject ?? known.text,
      status: isKnown ? status : known.status,
    });
    return true;
  }
}
