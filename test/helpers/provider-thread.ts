import { nanoid } from 'nanoid';
import { clientMessageIdOf, type TurnKey } from '../../machines/domain/effect.ts';
import type { AgentTools } from '../../machines/domain/effect.ts';
import type { Fork, Rollback } from '../../machines/domain/opening.ts';
import {
  connectionIdOf,
  instanceIdSchema,
  threadIdSchema,
  turnIdSchema,
  type ConnectionId,
  type ThreadId,
} from '../../machines/domain/ids.ts';
import type { ThreadInputOf } from '../../machines/domain/input.ts';
import type { Answer, RequestDraft } from '../../machines/domain/request.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { Prompt, TurnOutcome } from '../../machines/domain/turn.ts';
import type { ProviderAdapter } from '../../machines/ports/provider.ts';
import type { ProviderHarness } from './provider-harness.ts';
import { until } from './until.ts';

/** A prompt that was handed over, as a chart knows it. */
export interface SentTurn {
  readonly key: TurnKey;
  readonly clientMessageId: string;
}

/** A thread at an adapter under test: sends the effects of the charts and waits for what they wait for. */
export class ProviderThread {
  readonly threadId: ThreadId = threadIdSchema.parse(nanoid());
  readonly harness: ProviderHarness;
  readonly adapter: ProviderAdapter;
  settings: Settings;
  connectionId: ConnectionId = connectionIdOf(this.threadId, 1);
  nativeThreadId: string | null = null;
  /** What it begins with. */
  fork: Fork | null = null;
  /** What is taken out of it when it is resumed. */
  rollback: Rollback | null = null;
  /** Given to the agent with the next connection. */
  tools: AgentTools | null = null;
  #openCount = 0;

  constructor(adapter: ProviderAdapter, harness: ProviderHarness, settings: Partial<Settings>) {
    this.adapter = adapter;
    this.harness = harness;
    this.settings = { ...DEFAULTS, ...settings };
  }

  /** Opens a new connection; with a known session it is resumed. */
  async open(): Promise<ThreadInputOf<'connection.opened'>> {
    this.askToOpen();
    const opened = await this.opened();
    this.nativeThreadId = opened.nativeThreadId;
    return opened;
  }

  /** What was said of the present connection when it opened. */
  opened(): Promise<ThreadInputOf<'connection.opened'>> {
    return this.harness.awaitReport(this.threadId, 'connection.opened', this.#isMine);
  }

  askToOpen(): void {
    this.#openCount += 1;
    this.connectionId = connectionIdOf(this.threadId, this.#openCount);
    const { threadId, connectionId, settings, nativeThreadId: resume } = this;
    const fork = resume === null && this.fork !== null ? { fork: this.fork } : {};
    const rollback = this.rollback === null ? {} : { rollback: this.rollback };
    const tools = this.tools === null ? {} : { tools: this.tools };
    this.adapter.perform({
      type: 'connection.open',
      threadId,
      connectionId,
      resume,
      ...fork,
      ...rollback,
      ...tools,
      settings,
    });
  }

  async close(): Promise<void> {
    this.adapter.perform({ type: 'connection.close', connectionId: this.connectionId });
    await this.harness.awaitReport(this.threadId, 'connection.closed', this.#isMine);
  }

  kill(): void {
    this.adapter.perform({ type: 'connection.kill', connectionId: this.connectionId });
  }

  /** Hands a prompt over and does not wait. */
  send(text: string, more: Partial<Prompt> = {}): SentTurn {
    const prompt = { turnId: turnIdSchema.parse(nanoid()), text, attachments: [], ...more };
    const key = { connectionId: this.connectionId, turnId: prompt.turnId, attempt: 1, nativeTurnId: null };
    const clientMessageId = clientMessageIdOf(prompt.turnId, 1);
    const { model, options, runtimeMode, interactionMode, policy, cwd } = this.settings;
    const settings = {
      model: prompt.model ?? model,
      options: prompt.options ?? options,
      runtimeMode,
      interactionMode,
      policy,
      cwd,
    };
    this.adapter.perform({ type: 'turn.start', ...key, prompt, settings, clientMessageId });
    return { key, clientMessageId };
  }

  /** Asks for a compaction and does not wait. */
  compact(): TurnKey {
    const turnId = turnIdSchema.parse(nanoid());
    const key = { connectionId: this.connectionId, turnId, attempt: 1, nativeTurnId: null };
    this.adapter.perform({ type: 'turn.compact', ...key });
    return key;
  }

  /** Hands a prompt over and waits until the provider has begun the turn, so that an interrupt reaches it. */
  async start(text: string, more: Partial<Prompt> = {}): Promise<SentTurn> {
    const sent = this.send(text, more);
    const { turnId } = sent.key;
    const { nativeTurnId } = await this.harness.awaitReport(
      this.threadId,
      'provider.turnAccepted',
      (report) => report.turnId === turnId,
    );
    await this.harness.awaitReport(
      this.threadId,
      'provider.turnStarted',
      (report) => report.nativeTurnId === nativeTurnId,
    );
    return { ...sent, key: { ...sent.key, nativeTurnId } };
  }

  ended({ key }: SentTurn): Promise<ThreadInputOf<'provider.turnEnded'>> {
    return this.harness.awaitReport(
      this.threadId,
      'provider.turnEnded',
      ({ nativeTurnId }) => nativeTurnId === key.nativeTurnId,
    );
  }

  /** A whole turn. */
  async turn(text: string, more: Partial<Prompt> = {}): Promise<ThreadInputOf<'provider.turnEnded'>> {
    return this.ended(await this.start(text, more));
  }

  interrupt({ key }: SentTurn): void {
    this.adapter.perform({ type: 'turn.interrupt', ...key });
  }

  async settle({ key }: SentTurn, outcome: TurnOutcome): Promise<void> {
    this.adapter.perform({ type: 'turn.settle', ...key, outcome });
    const { turnId } = key;
    await until(() => this.harness.settledTurns.some((each) => each.turnId === turnId), {
      timeoutMs: 60_000,
    });
  }

  /** Returns the id of the steer. */
  steer({ key }: SentTurn, text: string): string {
    const steer = { turnId: turnIdSchema.parse(nanoid()), text, attachments: [] };
    const clientMessageId = clientMessageIdOf(steer.turnId, 1);
    this.adapter.perform({ type: 'turn.steer', ...key, steer, clientMessageId });
    return steer.turnId;
  }

  /** The n-th request, from 1. */
  async request(number = 1): Promise<ThreadInputOf<'provider.requestOpened'>['request']> {
    const seen: string[] = [];
    const opened = await this.harness.awaitReport(this.threadId, 'provider.requestOpened', ({ request }) => {
      if (!seen.includes(request.requestId)) seen.push(request.requestId);
      return seen.indexOf(request.requestId) === number - 1;
    });
    return opened.request;
  }

  /** `kept`: what logs may have of it. */
  answer({ requestId, nativeRequestId }: RequestDraft, answer: Answer, kept?: Answer): void {
    const { connectionId } = this;
    const secret = kept === undefined ? {} : { kept };
    this.adapter.perform({
      type: 'request.answer',
      connectionId,
      requestId,
      nativeRequestId,
      answer,
      ...secret,
    });
  }

  async resolved(requestId: string): Promise<void> {
    await this.harness.awaitReport(
      this.threadId,
      'provider.requestResolved',
      (report) => report.requestId === requestId,
    );
  }

  /** The items of a kind, each as it was last reported, in the order of their first report. */
  items(kind: ItemInput['item']['body']['kind']): ItemInput['item'][] {
    const latest = new Map<string, ItemInput['item']>();
    for (const { threadId, input } of this.harness.reports) {
      if (threadId === this.threadId && 'item' in input) latest.set(input.item.itemId, input.item);
    }
    return [...latest.values()].filter(({ body }) => body.kind === kind);
  }

  item(
    kind: ItemInput['item']['body']['kind'],
    isIt: (item: ItemInput['item']) => boolean = () => true,
  ): Promise<ItemInput> {
    return this.harness.awaitReport(
      this.threadId,
      'provider.itemCompleted',
      ({ item }) => item.body.kind === kind && isIt(item),
    );
  }

  /** Waits until the provider has begun an item of the kind. */
  async started(kind: ItemInput['item']['body']['kind']): Promise<void> {
    await this.harness.awaitReport(
      this.threadId,
      'provider.itemStarted',
      ({ item }) => item.body.kind === kind,
    );
  }

  /** The text that was streamed, all items together. */
  streamed(): string {
    return this.harness
      .all(this.threadId, 'provider.itemDelta')
      .map(({ text }) => text)
      .join('');
  }

  readonly #isMine = ({ connectionId }: { connectionId: string }): boolean =>
    connectionId === this.connectionId;
}

type ItemInput = ThreadInputOf<'provider.itemStarted' | 'provider.itemUpdated' | 'provider.itemCompleted'>;

const DEFAULTS: Settings = {
  title: '',
  cwd: '/',
  instanceId: instanceIdSchema.parse('test'),
  model: null,
  options: {},
  runtimeMode: 'auto-accept-edits',
  policy: {},
  interactionMode: 'default',
  deliveryMode: 'streaming',
};
