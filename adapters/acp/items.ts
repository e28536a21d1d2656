import type { ItemBody, ItemStatus } from '../../machines/domain/item.ts';
import type { RequestBody } from '../../machines/domain/request.ts';
import type { Block, ToolCall, ToolContent } from './wire.ts';

/** A tool call as far as it has been told. */
export interface Tool {
  readonly title: string;
  readonly kind: string;
  readonly status: string;
  readonly content: readonly ToolContent[];
  readonly paths: readonly string[];
  readonly input: unknown;
  readonly output: unknown;
}

export const NEW_TOOL: Tool = {
  title: '',
  kind: 'other',
  status: 'pending',
  content: [],
  paths: [],
  input: undefined,
  output: undefined,
};

/** What an update leaves out stays as it was. */
export function updated(tool: Tool, call: ToolCall): Tool {
  const { title, kind, status, content, locations, rawInput, rawOutput } = call;
  return {
    title: title ?? tool.title,
    kind: kind ?? tool.kind,
    status: status ?? tool.status,
    content: content ?? tool.content,
    paths: locations?.map(({ path }) => path) ?? tool.paths,
    input: rawInput ?? tool.input,
    output: rawOutput ?? tool.output,
  };
}

export const isOver = ({ status }: Tool): boolean => status === 'completed' || status === 'failed';

export function statusOf({ status }: Tool): ItemStatus {
  if (status === 'completed' || status === 'failed') return status;
  return 'open';
}

const EDITS: ReadonlySet<string> = new Set(['edit', 'delete', 'move']);

export function bodyOf(tool: Tool): ItemBody {
  if (tool.kind === 'execute') return commandOf(tool);
  if (EDITS.has(tool.kind)) return { kind: 'file_change', changes: [...changesOf(tool)] };
  return { kind: 'tool_call', tool: tool.title, ...inputOf(tool) };
}

const inputOf = ({ input }: Tool) => (input === undefined ? {} : { input: JSON.stringify(input) });

/** What a person is asked about it. */
export function requestBodyOf(tool: Tool, cwd: string): RequestBody {
  if (tool.kind === 'execute') return { kind: 'command', command: lineOf(tool), cwd: folderOf(tool) ?? cwd };
  if (EDITS.has(tool.kind)) return { kind: 'file-change', paths: [...pathsOf(tool)] };
  if (tool.kind === 'read') return { kind: 'file-read', paths: [...pathsOf(tool)] };
  return { kind: 'tool', tool: tool.title, ...inputOf(tool) };
}

/** Every file that it names. */
export function pathsOf({ content, paths }: Tool): readonly string[] {
  const changed = content.flatMap(({ type, path }) => (type === 'diff' && path ? [path] : []));
  return [...new Set([...paths, ...changed])];
}

// ---- commands ----------------------------------------------------------------------------------------------------

function commandOf(tool: Tool): ItemBody {
  const cwd = folderOf(tool);
  const exitCode = exitCodeOf(tool.output);
  return {
    kind: 'command',
    command: lineOf(tool),
    ...(cwd === null ? {} : { cwd }),
    ...(exitCode === null ? {} : { exitCode }),
  };
}

/** The input of a tool is the agent's own affair; the title is all that the protocol has. */
function lineOf({ title, input }: Tool): string {
  const command = field(input, 'command') ?? field(input, 'cmd');
  if (Array.isArray(command)) return command.join(' ');
  return typeof command === 'string' ? command : title;
}

function folderOf({ input }: Tool): string | null {
  const cwd = field(input, 'cwd');
  return typeof cwd === 'string' ? cwd : null;
}

function exitCodeOf(output: unknown): number | null {
  const codes = [
    field(output, 'exitCode'),
    field(output, 'exit_code'),
    field(field(output, 'metadata'), 'exit'),
  ];
  const code = codes.find((each) => Number.isInteger(each));
  return typeof code === 'number' ? code : null;
}

const field = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;

// ---- changes of files --------------------------------------------------------------------------------------------

type Change = Extract<ItemBody, { kind: 'file_change' }>['changes'][number];

const CHANGES: Readonly<Record<string, Change['kind']>> = { delete: 'deleted', move: 'renamed' };

function changesOf({ kind, content, paths }: Tool): readonly Change[] {
  const diffs = content.flatMap((part) =>
    part.type === 'diff' && part.path ? [diffOf(part, part.path)] : [],
  );
  if (diffs.length > 0) return diffs;
  return paths.map((path) => ({ path, kind: CHANGES[kind] ?? 'modified' }));
}

function diffOf({ oldText, newText }: ToolContent, path: string): Change {
  const isNew = oldText === null || oldText === undefined;
  return { path, kind: isNew ? 'added' : 'modified', diff: unified(oldText ?? '', newText ?? '') };
}

/** One hunk without context: the protocol gives the whole text of both sides. */
function unified(before: string, after: string): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  let start = 0;
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start += 1;
  let [oldEnd, newEnd] = [old.length, now.length];
  while (oldEnd > start && newEnd > start && old[oldEnd - 1] === now[newEnd - 1]) {
    oldEnd -= 1;
    newEnd -= 1;
  }
  const head = `@@ -${rangeOf(start, oldEnd)} +${rangeOf(start, newEnd)} @@`;
  const removed = old.slice(start, oldEnd).map((line) => `-${line}`);
  const added = now.slice(start, newEnd).map((line) => `+${line}`);
  return [head, ...removed, ...added].join('\n');
}

const linesOf = (text: string): readonly string[] => (text === '' ? [] : text.replace(/\n$/, '').split('\n'));

const rangeOf = (start: number, end: number): string => `${end === start ? start : start + 1},${end - start}`;

// ---- text --------------------------------------------------------------------------------------------------------

/** gemini 0.61.0 says this where the output of a command belongs, and never its output. */
const PLACE_OF_COMMAND = /^\[current working directory [^\n]*$/;

/** What a tool has put out. `terminalText`: of a terminal that was made for it. */
export function textOf(tool: Tool, terminalText: (terminalId: string) => string): string {
  const texts = tool.content.flatMap((part) => {
    if (part.type === 'terminal') return terminalText(part.terminalId ?? '');
    const text = part.type === 'content' && part.content ? blockText(part.content) : '';
    return tool.kind === 'execute' && PLACE_OF_COMMAND.test(text) ? '' : text;
  });
  const text = texts.filter((each) => each !== '').join('\n');
  if (text !== '' || !isOver(tool)) return text;
  return outputText(tool.output);
}

function outputText(output: unknown): string {
  if (typeof output === 'string') return output;
  const text = field(output, 'output') ?? field(output, 'formatted_output');
  return typeof text === 'string' ? text : '';
}

/** What is no text is named. */
export function blockText({ type, text, uri, resource }: Block): string {
  if (text !== null && text !== undefined) return text;
  return resource?.text ?? uri ?? resource?.uri ?? `[${type}]`;
}
