import { itemIdOf, type ConnectionId, type ItemId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemBody, ItemDraft, ItemStatus } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { TurnRef } from '../shared/own-items.ts';
import { blockText, bodyOf, isOver, NEW_TOOL, statusOf, textOf, updated, type Tool } from './items.ts';
import type { Block, ToolCall } from './wire.ts';

/** A piece of a message or of a thought. */
interface Chunk {
  readonly content: Block;
  readonly messageId?: string | null | undefined;
}
type SaidKind = 'assistant_message' | 'reasoning';

/** Text that is being streamed. */
interface Run {
  readonly kind: SaidKind;
  readonly messageId: string | null;
  readonly itemId: ItemId;
  readonly rawRef: string;
  text: string;
  /** It may be saying again what it has said: that, and as much of it as has come. */
  again: { readonly said: string; so: string } | null;
}

interface OpenTool {
  readonly itemId: ItemId;
  tool: Tool;
  body: string;
  text: string;
  /** The end of it has been told. */
  isDone: boolean;
}

/** What came last in the turn. */
type Last = 'nothing' | 'work' | 'declined' | 'failed';

/** As short as a text can be that nobody says twice by chance. */
const REPEAT_LENGTH = 8;

/**
 * What an agent says and does in its turns, as items. Chunks and updates name no turn: they belong to the one that runs, or
 * to the last one.
 */
export class Transcript {
  readonly #connectionId: ConnectionId;
  readonly #terminalText: (terminalId: string) => string;
  readonly #tools = new Map<string, OpenTool>();
  readonly #declined = new Set<string>();
  #turn: TurnRef = byNative(null);
  #isRunning = false;
  #isInterrupted = false;
  #run: Run | null = null;
  #runCount = 0;
  #last: Last = 'nothing';

  constructor(connectionId: ConnectionId, terminalText: (terminalId: string) => string) {
    this.#connectionId = connectionId;
    this.#terminalText = terminalText;
  }

  /** The turn that runs, or the last one. */
  get turn(): TurnRef {
    return this.#turn;
  }

  /** How the turn stands: whether anything came after a tool that failed or was declined. */
  get last(): Last {
    return this.#last;
  }

  get isRunning(): boolean {
    return this.#isRunning;
  }

  begin(turn: TurnRef): void {
    this.#tools.clear();
    this.#declined.clear();
    this.#run = null;
    this.#last = 'nothing';
    this.#turn = turn;
    this.#isRunning = true;
    this.#isInterrupted = false;
  }

  /** The turn has been told to stop: tools that end from now on were cut off. */
  interrupted(): void {
    this.#isInterrupted = true;
  }

  /** A person or a rule has said no to the call. */
  declined(toolCallId: string): void {
    this.#declined.add(toolCallId);
    this.#last = 'declined';
  }

  tool(toolCallId: string): { readonly itemId: ItemId; readonly tool: Tool } | null {
    return this.#tools.get(toolCallId) ?? null;
  }

  /** The turn is over: nobody will tell more of what is still open in it. */
  end(): readonly ProviderReport[] {
    const open = [...this.#tools].filter(([, { isDone }]) => !isDone);
    const ended = open.map(([id, tool]) => this.#finish(tool, this.#endOf(id, 'unknown')));
    const said = this.#endRun();
    this.#isRunning = false;
    return [...ended, ...said];
  }

  said(kind: SaidKind, { content, messageId = null }: Chunk, rawRef: string): readonly ProviderReport[] {
    const text = blockText(content);
    if (text === '') return [];
    if (this.#isRunning) this.#last = 'work';
    const run = this.#run;
    if (run?.kind === kind && run.messageId === messageId) return this.#more(run, text);
    const reports = this.#endRun();
    return [...reports, ...this.#begin({ kind, messageId, rawRef }, text)];
  }

  /** An announcement, an update, or a question about a call: each may be the first of it. */
  called(call: ToolCall, rawRef: string): readonly ProviderReport[] {
    const known = this.#tools.get(call.toolCallId);
    if (known === undefined) return this.#open(call, rawRef);
    const before = { body: known.body, text: known.text };
    this.#fill(known, updated(known.tool, call));
    if (isOver(known.tool)) return [this.#finish(known, this.#endOf(call.toolCallId, statusOf(known.tool)))];
    if (known.isDone) return [];
    const isSame = known.body === before.body && known.text.startsWith(before.text);
    if (!isSame) return [this.#report('provider.itemUpdated', this.#draftOf(known, 'open'))];
    const more = known.text.slice(before.text.length);
    return more === '' ? [] : [this.#delta(known.itemId, more)];
  }

  #open(call: ToolCall, rawRef: string): readonly ProviderReport[] {
    const itemId = itemIdOf(this.#turn.nativeTurnId ?? this.#connectionId, call.toolCallId);
    const opened: OpenTool = { itemId, tool: NEW_TOOL, body: '', text: '', isDone: false };
    this.#fill(opened, updated(NEW_TOOL, call));
    this.#tools.set(call.toolCallId, opened);
    if (this.#isRunning) this.#last = 'work';
    const said = this.#endRun();
    if (isOver(opened.tool)) {
      return [...said, this.#finish(opened, this.#endOf(call.toolCallId, statusOf(opened.tool)), rawRef)];
    }
    return [...said, this.#report('provider.itemStarted', this.#draftOf(opened, 'open', rawRef))];
  }

  #fill(known: OpenTool, tool: Tool): void {
    known.tool = tool;
    known.body = JSON.stringify(bodyOf(tool));
    known.text = textOf(tool, this.#terminalText);
  }

  #endOf(toolCallId: string, status: ItemStatus): ItemStatus {
    if (this.#declined.has(toolCallId)) return 'declined';
    // opencode 1.18.33 and gemini 0.61.0 call a command completed that they have aborted
    return this.#isInterrupted ? 'interrupted' : status;
  }

  #finish(known: OpenTool, status: ItemStatus, rawRef?: string): ProviderReport {
    known.isDone = true;
    if (status === 'failed' || status === 'declined') this.#last = status;
    return this.#report('provider.itemCompleted', this.#draftOf(known, status, rawRef));
  }

  #draftOf({ itemId, tool, text }: OpenTool, status: ItemStatus, rawRef?: string): ItemDraft {
    return { itemId, body: bodyOf(tool), text, status, ...(rawRef === undefined ? {} : { rawRef }) };
  }

  // ---- text ------------------------------------------------------------------------------------------------------

  #begin(
    { kind, messageId, rawRef }: Pick<Run, 'kind' | 'messageId' | 'rawRef'>,
    text: string,
  ): readonly ProviderReport[] {
    this.#runCount += 1;
    const itemId = itemIdOf(this.#turn.nativeTurnId ?? this.#connectionId, `said:${this.#runCount}`);
    const run: Run = { kind, messageId, itemId, rawRef, text, again: null };
    this.#run = run;
    const started = this.#report('provider.itemStarted', draftOfRun({ ...run, text: '' }, 'open'));
    if (this.#isRunning) return [started, this.#delta(itemId, text)];
    // late: what more there may be of it is told as it comes
    return [this.#report('provider.itemCompleted', draftOfRun(run, 'completed'))];
  }

  #more(run: Run, text: string): readonly ProviderReport[] {
    if (this.#isRepeat(run, text)) return this.#beginAgain(run);
    run.text += text;
    if (this.#isRunning) return [this.#delta(run.itemId, text)];
    return [this.#report('provider.itemCompleted', draftOfRun(run, 'completed'))];
  }

  /** opencode 1.18.33 says a message again, under the same id and from its beginning, when the model's stream broke off. */
  #isRepeat(run: Run, text: string): boolean {
    if (run.messageId === null) return false;
    const again = run.again ?? { said: run.text, so: '' };
    again.so += text;
    const isRepeating =
      again.said.length >= REPEAT_LENGTH &&
      (again.said.startsWith(again.so) || again.so.startsWith(again.said));
    run.again = isRepeating ? again : null;
    return isRepeating && again.so.length >= again.said.length;
  }

  /** What broke off is ended as it stood; what is said again is a message of its own. */
  #beginAgain({ again, ...run }: Run): readonly ProviderReport[] {
    if (again === null) return [];
    const cut = draftOfRun({ ...run, text: again.said }, 'interrupted');
    return [this.#report('provider.itemCompleted', cut), ...this.#begin(run, again.so)];
  }

  #endRun(): readonly ProviderReport[] {
    const run = this.#run;
    this.#run = null;
    if (run === null || !this.#isRunning) return [];
    return [this.#report('provider.itemCompleted', draftOfRun(run, 'completed'))];
  }

  #delta(itemId: ItemId, text: string): ProviderReport {
    return { type: 'provider.itemDelta', connectionId: this.#connectionId, itemId, text };
  }

  #report(
    type: 'provider.itemStarted' | 'provider.itemUpdated' | 'provider.itemCompleted',
    item: ItemDraft,
  ): ProviderReport {
    return { type, connectionId: this.#connectionId, ...this.#turn, item };
  }
}

function draftOfRun(
  { kind, itemId, text, rawRef }: Pick<Run, 'kind' | 'itemId' | 'text' | 'rawRef'>,
  status: ItemStatus,
): ItemDraft {
  const body: ItemBody = { kind };
  return { itemId, body, text, status, rawRef };
}
