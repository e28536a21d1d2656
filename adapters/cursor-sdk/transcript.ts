import { itemIdOf, type ConnectionId, type ItemId } from '../../machines/domain/ids.ts';
import { byNative } from '../../machines/domain/input.ts';
import type { ItemBody, ItemStatus, PlanStep } from '../../machines/domain/item.ts';
import type { TurnOutcome, Usage } from '../../machines/domain/turn.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { IGNORED } from './ignored.ts';
import { agentStarted, type Birth, type Child, type Children } from './children.ts';
import { contentOf, isSubagent, jobOf, stepsOf, type Content } from './items.ts';
import { unrecognizedFrame, usageOf } from './translate.ts';
import * as wire from './wire.ts';
import type { ToolCall, Update } from './wire.ts';

/** What an update is read for. */
interface Place {
  readonly nativeTurnId: string;
  readonly rawRef: string;
}

interface TranscriptStart {
  readonly connectionId: ConnectionId;
  readonly cwd: string;
  /** Of a sub-agent's: the item that began it. */
  readonly parentItemId?: ItemId;
  /** Stands before the keys of its items. */
  readonly prefix?: string;
  /** Where sub-agents are threads of their own; absent: they are told of under their items. */
  readonly children?: Children;
}

/** Text that is being streamed. */
interface OpenText {
  readonly kind: 'assistant_message' | 'reasoning';
  readonly itemId: ItemId;
  text: string;
}

interface OpenCall {
  readonly itemId: ItemId;
  readonly call: ToolCall;
  /** What its sub-agent does. */
  readonly inner: Transcript;
  /** Set where that is a thread of its own. */
  readonly child: Child | null;
}

type RunOutcome = Exclude<TurnOutcome, 'absorbed' | 'unknown'>;
interface InnerEnd {
  readonly outcome: RunOutcome;
  readonly status: ItemStatus;
  readonly text: string;
}

type ItemReportType = 'provider.itemStarted' | 'provider.itemCompleted';
interface Told {
  readonly itemId: ItemId;
  readonly body: ItemBody;
  readonly text: string;
  readonly status: ItemStatus;
}

/** The next words are those of another message. */
const BOUNDARIES: ReadonlySet<string> = new Set(['step-started', 'step-completed', 'user-message-appended']);

/** The updates of an agent's runs as items: the SDK names calls, and nothing else. Total: what is not known is told as such. */
export class Transcript {
  readonly #start: TranscriptStart;
  readonly #calls = new Map<string, OpenCall>();
  #open: OpenText | null = null;
  #itemCount = 0;
  #usage: Usage | null = null;

  constructor(start: TranscriptStart) {
    this.#start = start;
  }

  /** The plan and the counts are of the thread itself. */
  get #isInner(): boolean {
    return this.#start.parentItemId !== undefined;
  }

  take(update: Update, place: Place): readonly ProviderReport[] {
    if (IGNORED.has(update.type)) return [];
    if (BOUNDARIES.has(update.type)) return this.#endText(place);
    const reports = this.#read(update, place);
    if (reports !== null) return reports;
    const { connectionId } = this.#start;
    const scope = { connectionId, turn: byNative(place.nativeTurnId), rawRef: place.rawRef };
    return [unrecognizedFrame(update.type, update, scope)];
  }

  /** The run is over: what it has left open ends with it. */
  end(place: Place, outcome: RunOutcome): readonly ProviderReport[] {
    const status = outcome === 'completed' ? 'completed' : 'interrupted';
    const calls = [...this.#calls.values()].flatMap((open) => [
      ...this.#endInner(open, { outcome, status: 'interrupted', text: '' }, place),
      this.#item('provider.itemCompleted', place, {
        itemId: open.itemId,
        ...withThread(contentOf(open.call, this.#start.cwd, false), open.child),
        status: status === 'completed' ? 'unknown' : status,
      }),
    ]);
    this.#calls.clear();
    return [...this.#endText(place, status), ...calls];
  }

  /** `null`: the update is not what it was. */
  #read(update: Update, place: Place): readonly ProviderReport[] | null {
    switch (update.type) {
      case 'text-delta':
      case 'thinking-delta':
        return this.#more(update, place);
      case 'thinking-completed':
        return this.#open?.kind === 'reasoning' ? this.#endText(place) : [];
      case 'tool-call-started':
      case 'tool-call-completed':
        return this.#call(update, place);
      case 'tool-call-delta':
        return this.#inner(update, place);
      case 'shell-output-delta':
        return this.#output(update);
      case 'turn-ended':
        return this.#used(update, place);
      case 'summary':
        return this.#compacted(update, place);
      default:
        return null;
    }
  }

  #more(update: Update, place: Place): readonly ProviderReport[] | null {
    const { data } = wire.textSchema.safeParse(update);
    if (data === undefined) return null;
    const { text } = data;
    if (text === '') return [];
    const kind = update.type === 'text-delta' ? 'assistant_message' : 'reasoning';
    const { connectionId } = this.#start;
    const begun = this.#open?.kind === kind ? [] : this.#begin(kind, place);
    if (this.#open === null) return begun;
    this.#open.text += text;
    return [...begun, { type: 'provider.itemDelta', connectionId, itemId: this.#open.itemId, text }];
  }

  #begin(kind: OpenText['kind'], place: Place): readonly ProviderReport[] {
    const ended = this.#endText(place);
    const itemId = this.#nextId(place);
    this.#open = { kind, itemId, text: '' };
    return [
      ...ended,
      this.#item('provider.itemStarted', place, { itemId, body: { kind }, text: '', status: 'open' }),
    ];
  }

  #endText(place: Place, status: ItemStatus = 'completed'): readonly ProviderReport[] {
    const open = this.#open;
    if (open === null) return [];
    this.#open = null;
    const { itemId, kind, text } = open;
    return [this.#item('provider.itemCompleted', place, { itemId, body: { kind }, text, status })];
  }

  #call(update: Update, place: Place): readonly ProviderReport[] | null {
    const { data } = wire.callSchema.safeParse(update);
    if (data === undefined) return null;
    const { callId, toolCall: call } = data;
    const steps = stepsOf(call);
    if (steps !== null) return [...this.#endText(place), ...this.#plan(steps, place)];
    const isDone = update.type === 'tool-call-completed';
    const known = this.#calls.get(callId);
    const open = known ?? this.#newCall(callId, { call, isDone }, place);
    const { itemId, child } = open;
    const told = { itemId, ...withThread(contentOf(call, this.#start.cwd, isDone), child) };
    if (isDone) {
      this.#calls.delete(callId);
      const rest = this.#endInner(open, { ...told, outcome: 'completed' }, place);
      return [...this.#endText(place), ...rest, this.#item('provider.itemCompleted', place, told)];
    }
    this.#calls.set(callId, { ...open, call });
    if (known !== undefined) return [];
    const begun = child === null ? [] : [agentStarted(child, this.#birthOf(callId, call, place))];
    return [...this.#endText(place), this.#item('provider.itemStarted', place, told), ...begun];
  }

  /** Ids of calls come from the model, which may use one again in another run. */
  #newCall(
    callId: string,
    { call, isDone }: { readonly call: ToolCall; readonly isDone: boolean },
    place: Place,
  ): OpenCall {
    const { connectionId, cwd, children } = this.#start;
    const itemId = itemIdOf(place.nativeTurnId, this.#key(`call:${callId}`));
    const isFollowed = isSubagent(call) && !isDone && children !== undefined;
    const child = isFollowed ? children.begin(this.#birthOf(callId, call, place)) : null;
    const prefix = this.#key(`${callId}:`);
    const start =
      child === null
        ? { connectionId, cwd, parentItemId: itemId, prefix }
        : { connectionId: child.connectionId, cwd, ...(children && { children }) };
    return { itemId, call, child, inner: new Transcript(start) };
  }

  #birthOf(callId: string, call: ToolCall, { nativeTurnId, rawRef }: Place): Birth {
    const { connectionId } = this.#start;
    const itemId = itemIdOf(nativeTurnId, this.#key(`call:${callId}`));
    return { connectionId, nativeTurnId, callId, itemId, ...jobOf(call), rawRef };
  }

  /** What a sub-agent has left open ends with its call. */
  #endInner({ inner, child }: OpenCall, end: InnerEnd, place: Place): readonly ProviderReport[] {
    const { children } = this.#start;
    if (child === null || children === undefined) return inner.end(place, end.outcome);
    const { nativeTurnId } = child;
    children.tell(child, () => inner.end({ ...place, nativeTurnId }, end.outcome));
    children.end(child, end.status, end.text);
    return [];
  }

  #plan(steps: readonly PlanStep[], { nativeTurnId }: Place): readonly ProviderReport[] {
    const { connectionId } = this.#start;
    if (this.#isInner) return [];
    return [
      {
        type: 'provider.planReported',
        connectionId,
        ...byNative(nativeTurnId),
        explanation: null,
        steps: [...steps],
      },
    ];
  }

  /** What a sub-agent does while its call runs. */
  #inner(update: Update, place: Place): readonly ProviderReport[] | null {
    const { data } = wire.nestedSchema.safeParse(update);
    if (data === undefined) return null;
    const { inner, child } = this.#calls.get(data.callId) ?? {};
    const { children } = this.#start;
    if (inner === undefined) return null;
    if (!child || children === undefined) return inner.take(data.taskUpdate, place);
    children.tell(child, () => inner.take(data.taskUpdate, { ...place, nativeTurnId: child.nativeTurnId }));
    return [];
  }

  /** The SDK does not say whose it is: where several commands run, it is told when they are done. */
  #output(update: Update): readonly ProviderReport[] | null {
    const { data } = wire.shellOutputSchema.safeParse(update);
    if (data === undefined) return null;
    const text = data.event.value?.data ?? '';
    const [first, second] = [...this.#calls.values()].filter(({ call }) => call.type === 'shell');
    if (text === '' || first === undefined || second !== undefined) return [];
    const { connectionId } = this.#start;
    return [{ type: 'provider.itemDelta', connectionId, itemId: first.itemId, text }];
  }

  #used(update: Update, place: Place): readonly ProviderReport[] | null {
    const { data } = wire.turnUsageSchema.safeParse(update);
    if (data === undefined) return null;
    const ended = this.#endText(place);
    if (this.#isInner || data.usage === undefined || data.usage === null) return ended;
    this.#usage = usageOf(this.#usage, data.usage);
    const { connectionId } = this.#start;
    return [...ended, { type: 'provider.usageReported', connectionId, usage: this.#usage }];
  }

  /** The SDK shortens the conversation by itself. */
  #compacted(update: Update, place: Place): readonly ProviderReport[] | null {
    const { data } = wire.summarySchema.safeParse(update);
    if (data === undefined) return null;
    const told = { itemId: this.#nextId(place), body: { kind: 'compaction' }, text: data.summary } as const;
    return [this.#item('provider.itemCompleted', place, { ...told, status: 'completed' })];
  }

  #nextId({ nativeTurnId }: Place): ItemId {
    this.#itemCount += 1;
    return itemIdOf(nativeTurnId, this.#key(`item:${this.#itemCount}`));
  }

  #key = (name: string): string => `${this.#start.prefix ?? ''}${name}`;

  #item(type: ItemReportType, { nativeTurnId, rawRef }: Place, told: Told): ProviderReport {
    const { connectionId, parentItemId } = this.#start;
    const parent = parentItemId === undefined ? {} : { parentItemId };
    return { type, connectionId, ...byNative(nativeTurnId), item: { ...told, ...parent, rawRef } };
  }
}

/** The item of a sub-agent names its thread. */
function withThread(content: Content, child: Child | null): Content {
  if (child === null || content.body.kind !== 'subagent') return content;
  return { ...content, body: { ...content.body, threadId: child.threadId } };
}
