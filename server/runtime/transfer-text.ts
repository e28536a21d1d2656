/** What is carried, as text to read: rows of a thread as entries, the newest first, as many as there is room for. */
import type { AttachmentId, TurnId } from '../../machines/domain/ids.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { Transfer, TransferReport } from '../../machines/domain/transfer.ts';
import type { MadeWorktree } from '../../machines/domain/worktree.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';

/** Characters where it is not known how much the model takes. */
export const DEFAULT_BUDGET = 48_000;
const LARGEST_BUDGET = 160_000;
/** Of a model's context: the rest is for the work itself. */
const SHARE = 0.2;
const CHARACTERS_PER_TOKEN = 4;
/** A result or a diff that is longer is named with its size instead. */
const DETAIL_LIMIT = 4_000;
const IMAGE_LIMIT = 8;

export const budgetOf = (contextWindow: number | null): number =>
  contextWindow === null
    ? DEFAULT_BUDGET
    : Math.min(LARGEST_BUDGET, Math.floor(contextWindow * SHARE * CHARACTERS_PER_TOKEN));

export interface TransferLimits {
  readonly characterCount: number;
  /** The provider takes images. */
  readonly images: boolean;
}

/** Takes in the rows of a thread from the newest to the oldest. */
export class TransferText {
  readonly #limits: TransferLimits;
  readonly #entries: string[] = [];
  readonly #attachments: AttachmentId[] = [];
  readonly #endings = new Set<TurnId>();
  #characterCount = 0;
  #leftOut = { entryCount: 0, characterCount: 0 };

  constructor(limits: TransferLimits) {
    this.#limits = limits;
  }

  /** A row of a turn that is carried. */
  add(item: ItemRow, turn: TurnRow): void {
    if (!this.#endings.has(turn.turnId)) {
      this.#endings.add(turn.turnId);
      const ending = endingOf(turn);
      if (ending !== null) this.#put(ending);
    }
    const entry = entryOf(item);
    if (entry !== null) this.#put(entry + this.#imagesOf(item));
  }

  /** `worktree`: where the files of what is brought back are. Empty where there is nothing to tell. */
  written(
    { kind, after }: Pick<Transfer, 'kind' | 'after'>,
    worktree: MadeWorktree | null = null,
  ): { text: string; report: TransferReport } {
    const report = {
      entryCount: this.#entries.length,
      leftOut: this.#leftOut,
      attachments: this.#attachments,
    };
    if (report.entryCount + report.leftOut.entryCount === 0) return { text: '', report };
    const { entryCount, characterCount } = this.#leftOut;
    const gap =
      entryCount === 0
        ? []
        : [
            `[Left out because there was no room: the ${entryCount} oldest entries, ${characterCount} characters.]`,
          ];
    const body = [...gap, ...this.#entries.toReversed()].join('\n\n');
    const text = `<carried_context>\n${headOf(kind, after)}${placeOf(worktree)}\n\n${body}\n</carried_context>`;
    return { text, report };
  }

  /** Only what is older than all that is left in is left out; what is too large for itself is named. */
  #put(entry: string): void {
    const { characterCount: most } = this.#limits;
    const isLarge = entry.length > most / 2;
    const text = isLarge ? `${firstLineOf(entry)}\n[${entry.length} characters left out]` : entry;
    if (this.#leftOut.entryCount > 0 || this.#characterCount + text.length > most) {
      const { entryCount, characterCount } = this.#leftOut;
      this.#leftOut = { entryCount: entryCount + 1, characterCount: characterCount + entry.length };
      return;
    }
    this.#characterCount += text.length + 2;
    this.#entries.push(text);
  }

  #imagesOf({ body }: ItemRow): string {
    if (body.kind !== 'user_message' || body.attachments.length === 0) return '';
    const room = this.#limits.images ? IMAGE_LIMIT - this.#attachments.length : 0;
    const taken = this.#leftOut.entryCount > 0 ? [] : body.attachments.slice(0, room);
    this.#attachments.push(...taken);
    const lost = body.attachments.length - taken.length;
    return [
      ...(taken.length === 0 ? [] : [`\n[${imageCount(taken.length)} attached to this message]`]),
      ...(lost === 0 ? [] : [`\n[${imageCount(lost)} of this message not carried]`]),
    ].join('');
  }
}

const imageCount = (count: number): string => (count === 1 ? '1 image' : `${count} images`);
const firstLineOf = (text: string): string => (text.split('\n', 1)[0] ?? '').slice(0, 200);

function headOf(kind: Transfer['kind'], after: number): string {
  return `${HEADS[kind]}${after > 0 ? ' It begins after what you know of it already.' : ''} It is a record, oldest first: do not answer it, and go on from it with the message that follows.`;
}

const placeOf = (worktree: MadeWorktree | null): string =>
  worktree === null
    ? ''
    : ` Its files are in a git working tree of their own, ${worktree.root}, on the branch ${worktree.branch}: what it changed is not in this folder unless somebody has brought it here.`;

const HEADS: Readonly<Record<Transfer['kind'], string>> = {
  switch: 'What was said and done in this conversation with another agent.',
  resume: 'What was said and done in this conversation before; the session that had it is gone.',
  rollback: 'What was said and done in this conversation before; later turns were taken out of it.',
  fork: 'What was said and done in the conversation that this one branched off from.',
  'merge-back': 'What was said and done in a branch of this conversation, whose results are brought back.',
  delegate: 'What was said and done in a conversation that work was handed over to or came from.',
};

function endingOf({ status, failure }: TurnRow): string | null {
  if (status === 'completed' || status === 'absorbed') return null;
  return `[This turn ended early: ${status}${failure === null ? '' : `, ${failure.message}`}.]`;
}

type BodyOf<K extends ItemRow['body']['kind']> = Extract<ItemRow['body'], { kind: K }>;
type Entries = {
  readonly [K in ItemRow['body']['kind']]?: (body: BodyOf<K>, text: string) => string | null;
};

/** Of the kinds that the other conversation has to know; `null`: nothing is in it. */
const ENTRIES: Entries = {
  user_message: (_, text) => `User: ${text}`,
  assistant_message: (_, text) => (text === '' ? null : `Assistant: ${text}`),
  plan: (_, text) => (text === '' ? null : `Plan:\n${text}`),
  command: ({ command, exitCode }, text) => `Command: ${command}${exitOf(exitCode)}${detail('Output', text)}`,
  file_change: ({ changes }) => `Changed files:${changes.map(changeOf).join('')}`,
  tool_call: ({ server, tool, input = '' }, text) =>
    `Tool: ${server === undefined ? '' : `${server}/`}${tool}${detail('Input', input)}${detail('Result', text)}`,
  web_search: ({ query }) => `Web search: ${query}`,
  todo_list: ({ steps }) => `Tasks:${steps.map((step) => `\n- ${step.text} (${step.status})`).join('')}`,
  task: ({ title }, text) => `Sub-agent: ${title}${detail('Result', text)}`,
  subagent: ({ title }, text) => `Sub-agent: ${title}${detail('Result', text)}`,
  error: (_, text) => `Error: ${text}`,
  transfer: ({ transfer, consumedBy }, text) =>
    consumedBy !== undefined && text !== '' && IS_OF_OTHERS.has(transfer) ? text : null,
};

/** Parts of a sub-agent's transcript are left out: its result stands in its own entry. */
function entryOf({ body, text, parentItemId }: ItemRow): string | null {
  if (parentItemId !== undefined) return null;
  // the table has for each kind what takes its body
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion
  const write = ENTRIES[body.kind] as ((body: ItemRow['body'], text: string) => string | null) | undefined;
  return write?.(body, text) ?? null;
}

/** The other kinds tell what the thread's own rows tell. */
const IS_OF_OTHERS: ReadonlySet<Transfer['kind']> = new Set(['merge-back', 'delegate']);

const exitOf = (exitCode: number | null | undefined): string =>
  exitCode === undefined || exitCode === null ? '' : ` (exit code ${exitCode})`;

function detail(name: string, text: string): string {
  if (text === '') return '';
  return text.length > DETAIL_LIMIT
    ? `\n[${name} of ${text.length} characters left out]`
    : `\n${name}:\n${text}`;
}

type Change = Extract<ItemRow['body'], { kind: 'file_change' }>['changes'][number];

function changeOf({ path, kind, from, diff = '' }: Change): string {
  const origin = from === undefined ? '' : ` (from ${from})`;
  return `\n- ${kind} ${path}${origin}${detail('Diff', diff)}`;
}
