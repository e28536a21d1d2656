/** A thread as a client of the socket sees it: every event in order, the folded view, and waiting for what they tell. */
import { expect } from 'vitest';
import type { FactEvent, FactOf, FactType, Status } from '../../machines/domain/fact.ts';
import type { ItemKind } from '../../machines/domain/item.ts';
import type { RequestRow } from '../../machines/domain/request.ts';
import type { Client, DispatchResult, GivenCommand } from '../../server/client/client.ts';
import { ThreadView } from '../../server/client/thread-view.ts';
import type { ResyncReason, WireItem } from '../../server/gateway/frame.ts';
import { until } from './until.ts';

type OnThread<C> = C extends { type: 'thread.create' } ? never : Omit<C, 'threadId'>;
type ThreadCommand = OnThread<GivenCommand>;
/** Of a new thread. */
export type CreateOptions = Omit<Extract<GivenCommand, { type: 'thread.create' }>, 'type'>;
type SubmitOptions = Omit<Extract<GivenCommand, { type: 'turn.submit' }>, 'type' | 'threadId' | 'text'>;

/** The first turn of some agents takes long where much else runs. */
const WAIT_MS = 60_000;

export class LiveThread {
  readonly threadId: string;
  readonly client: Client;
  /** Each event that was shown, in the order of its coming; what a resync skipped is not among them. */
  readonly events: FactEvent[] = [];
  readonly resyncs: ResyncReason[] = [];
  /** Times that everything up to now had been shown. */
  synchronizedCount = 0;
  view: ThreadView | null = null;
  /** Words of `status` in the order in which they were stated. */
  readonly statuses: Status[] = [];

  constructor(client: Client, threadId: string) {
    this.client = client;
    this.threadId = threadId;
    client.subscribeThread(threadId, {
      onView: (view) => void (this.view = view),
      onEvent: (event) => this.#take(event),
      onResync: (reason) => void this.resyncs.push(reason),
      onSynchronized: () => void (this.synchronizedCount += 1),
    });
  }

  /** Makes a thread and follows it from its beginning. */
  static async create(client: Client, options: CreateOptions): Promise<LiveThread> {
    const { threadId } = await client.dispatch({ type: 'thread.create', ...options });
    const thread = new LiveThread(client, threadId);
    await thread.until(() => thread.view !== null, 'a first view');
    return thread;
  }

  do(command: ThreadCommand): Promise<DispatchResult> {
    return this.client.dispatch({ ...command, threadId: this.threadId } as GivenCommand);
  }

  submit(text: string, options: SubmitOptions = {}): Promise<DispatchResult> {
    return this.do({ type: 'turn.submit', text, ...options });
  }

  /** The thread of its n-th sub-agent, from 1. */
  async child(number = 1): Promise<LiveThread> {
    const threadId = await this.until(() => this.#childId(number), `sub-agent ${number}`);
    const child = new LiveThread(this.client, threadId);
    // it is ready, too, before its agent begins
    await child.until(
      () => child.view !== null && child.view.turns.size + child.view.items.size > 0,
      'a turn',
    );
    return child;
  }

  #childId(number: number): string | undefined {
    const body = this.items('subagent')[number - 1]?.body;
    return body?.kind === 'subagent' ? body.threadId : undefined;
  }

  /** A whole turn. */
  async turn(text: string, options: SubmitOptions = {}): Promise<FactOf<'turn.ended'>> {
    const { turnId } = await this.submit(text, options);
    return this.ended(turnId ?? '');
  }

  /** The end of a turn, past or to come. */
  ended(turnId: string): Promise<FactOf<'turn.ended'>> {
    return this.fact('turn.ended', (fact) => fact.turnId === turnId);
  }

  /** The first fact of a type, past or to come. */
  fact<T extends FactType>(type: T, isIt: (fact: FactOf<T>) => boolean = () => true): Promise<FactOf<T>> {
    return this.until(() => this.facts(type).find(isIt), type);
  }

  facts<T extends FactType>(type: T): FactOf<T>[] {
    return this.events.map(({ fact }) => fact).filter((fact): fact is FactOf<T> => fact.type === type);
  }

  get status(): Status | undefined {
    return this.view?.state?.row.status;
  }

  async reached(status: Status): Promise<void> {
    await this.until(() => this.status === status, `status ${status}`);
  }

  /** The n-th request that waits for a person, from 1. */
  request(number = 1): Promise<RequestRow> {
    return this.until(() => this.openRequests[number - 1], `request ${number}`);
  }

  get openRequests(): RequestRow[] {
    return [...(this.view?.requests.values() ?? [])].filter(({ status }) => status !== 'closed');
  }

  items(kind: ItemKind): WireItem[] {
    const all = [...(this.view?.items.values() ?? [])].filter(({ body }) => body.kind === kind);
    return all.toSorted((a, b) => a.ordinal - b.ordinal);
  }

  /** What the assistant has said so far, a line per message. */
  get said(): string {
    return this.items('assistant_message')
      .map(({ text }) => text)
      .join('\n');
  }

  until<T>(predicate: () => T | Promise<T>, what: string): Promise<NonNullable<T>> {
    return until(predicate, { timeoutMs: WAIT_MS, describe: () => `${what}; there is\n${this.summary()}` });
  }

  /** What came, a line each, for the message of a test that waits in vain. */
  summary(): string {
    return this.events
      .map(({ version, fact }) => `${version} ${JSON.stringify(fact).slice(0, 300)}`)
      .join('\n');
  }

  /** The view of the client is what the server would show now. */
  async expectSameView(): Promise<void> {
    const { threadId } = this;
    const shown = await this.client.call('orchestration.getThreadProjection', { threadId, limit: 200 });
    await this.until(() => (this.view?.version ?? 0) >= shown.version, `version ${shown.version}`);
    const view = this.view ?? new ThreadView();
    if (view.version > shown.version) return this.expectSameView();
    expect(visible(view, shown.snapshot.items[0]?.ordinal ?? 0)).toEqual(
      visible(ThreadView.of(shown.snapshot), 0),
    );
  }

  /** Every event of the journal was shown once and in order, since this client began to follow. */
  async expectEveryEventOnce(): Promise<void> {
    const first = this.events[0]?.version ?? 1;
    const journaled: FactEvent[] = [];
    for (let after: number | null = first - 1; after !== null;) {
      const params = { threadId: this.threadId, after, limit: 1000 };
      const page: { events: FactEvent[]; next: number | null } = await this.client.call(
        'orchestration.readEvents',
        params,
      );
      journaled.push(...page.events);
      after = page.next;
    }
    await this.until(() => this.events.length >= journaled.length, `${journaled.length} events`);
    expect(this.events.slice(0, journaled.length)).toEqual(journaled);
  }

  #take(event: FactEvent): void {
    // a frame carries its kind beside the event
    const { sequence, version, at, fact } = event;
    this.events.push({ sequence, version, at, fact });
    if (fact.type === 'thread.statusChanged') this.statuses.push(fact.status);
  }
}

/** As much of a view as a snapshot holds too: items of its page, requests that are not closed, the latest turn. */
function visible(view: ThreadView, firstOrdinal: number) {
  const { row, settings, queue, usage, plan } = view.state ?? {};
  const turns = [...view.turns.values()].toSorted((a, b) => a.ordinal - b.ordinal);
  const active = turns.find(({ turnId }) => turnId === row?.activeTurnId);
  return {
    row,
    settings,
    queue,
    usage,
    plan,
    machine: view.machine,
    turn: active ?? turns.at(-1),
    items: [...view.items.values()]
      .filter(({ ordinal }) => ordinal >= firstOrdinal)
      .toSorted((a, b) => a.ordinal - b.ordinal),
    requests: [...view.requests.values()].filter(({ status }) => status !== 'closed'),
  };
}
