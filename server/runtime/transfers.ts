/** Puts together what is carried from one conversation to another, a few ms at a time, beside the ticks. */
import { failure, failureOf } from '../../machines/domain/error.ts';
import type { BuildTransfer, ProviderEffect } from '../../machines/domain/effect.ts';
import type { ItemId, ThreadId, TurnId } from '../../machines/domain/ids.ts';
import type { RuntimeInput } from '../../machines/domain/input.ts';
import type { ItemRow } from '../../machines/domain/item.ts';
import type { Transfer } from '../../machines/domain/transfer.ts';
import type { TurnRow } from '../../machines/domain/turn.ts';
import type { MadeWorktree } from '../../machines/domain/worktree.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { Clock } from './clock.ts';
import type { Threads } from './threads.ts';
import { itemsOf } from './transcript.ts';
import { budgetOf, TransferText } from './transfer-text.ts';

/** One slice of work, roughly: ticks wait for it. A page that took longer makes the next one smaller. */
const SLICE_MS = 2;
const PAGE = { first: 8, largest: 48 } as const;
/** Of one prompt. */
const ATTACHMENT_LIMIT = 8;

export interface TransfersParts {
  readonly journal: Pick<Journal, 'items' | 'item' | 'turn' | 'threadState'>;
  readonly threads: Pick<Threads, 'peek'>;
  readonly clock: Clock;
  /** Calls after what is under way. */
  readonly schedule: (run: () => void) => void;
  readonly push: (threadId: ThreadId, input: RuntimeInput) => void;
}

export class Transfers {
  readonly #parts: TransfersParts;
  readonly #building = new Map<ItemId, Building>();
  #isStopped = false;

  constructor(parts: TransfersParts) {
    this.#parts = parts;
  }

  /** Asked again while it is built: nothing. */
  build({ threadId, transfer }: BuildTransfer): void {
    const { transferId } = transfer;
    if (this.#building.has(transferId) || this.#isStopped) return;
    const context = this.#parts.threads.peek(threadId);
    const limits = {
      characterCount: budgetOf(context?.projection.state?.usage?.contextWindow ?? null),
      images: context?.context.capabilities.images ?? false,
    };
    const worktree = this.#worktreeOf(transfer, context?.context.settings.cwd);
    const building = new Building(this.#parts, { transfer, worktree }, new TransferText(limits));
    this.#building.set(transferId, building);
    this.#parts.schedule(() => this.#goOn(threadId, building));
  }

  /** Of a fork that works elsewhere than who is told of it. */
  #worktreeOf({ kind, source }: Transfer, cwd: string | undefined): MadeWorktree | null {
    if (kind !== 'merge-back') return null;
    const made = this.#parts.journal.threadState(source)?.worktree?.made ?? null;
    return made?.cwd === cwd ? null : made;
  }

  stop(): void {
    this.#isStopped = true;
    this.#building.clear();
  }

  #goOn(threadId: ThreadId, building: Building): void {
    const { transferId } = building.transfer;
    if (this.#building.get(transferId) !== building) return;
    try {
      if (!building.goOn()) return this.#parts.schedule(() => this.#goOn(threadId, building));
      this.#building.delete(transferId);
      this.#parts.push(threadId, { type: 'transfer.built', transferId, ...building.written() });
    } catch (error) {
      this.#building.delete(transferId);
      const { message } = failureOf(error);
      const cause = failure('TRANSFER_FAILED', `what was said before could not be put together: ${message}`);
      this.#parts.push(threadId, { type: 'transfer.failed', transferId, failure: cause });
    }
  }

  /** The prompt with what goes with it: only here, so that the transcript has the message as it was written. */
  carry(threadId: ThreadId, effect: ProviderEffect): ProviderEffect {
    if (effect.type !== 'turn.start' || effect.transfers === undefined) return effect;
    const { transfers, prompt, ...rest } = effect;
    const items = this.#parts.threads.peek(threadId)?.projection.items;
    const carried = transfers.flatMap((itemId) => items?.get(itemId) ?? []).filter(({ text }) => text !== '');
    const images = carried.flatMap(({ body }) =>
      body.kind === 'transfer' ? (body.report?.attachments ?? []) : [],
    );
    const attachments = [...prompt.attachments, ...images].slice(0, ATTACHMENT_LIMIT);
    const missing = prompt.attachments.length + images.length - attachments.length;
    const gap = missing === 0 ? [] : [`[${missing} of the carried images left out: there was no room]`];
    const text = [...carried.map((item) => item.text), ...gap, prompt.text].join('\n\n');
    return { ...rest, prompt: { ...prompt, text, attachments } };
  }
}

/** One transfer on its way: how far back the rows have been read. */
class Building {
  readonly transfer: Transfer;
  readonly #worktree: MadeWorktree | null;
  readonly #parts: TransfersParts;
  readonly #text: TransferText;
  readonly #turns = new Map<TurnId, TurnRow | null>();
  #before: number | null = null;
  #pageSize: number = PAGE.first;

  constructor(
    parts: TransfersParts,
    { transfer, worktree }: { readonly transfer: Transfer; readonly worktree: MadeWorktree | null },
    text: TransferText,
  ) {
    this.#parts = parts;
    this.transfer = transfer;
    this.#worktree = worktree;
    this.#text = text;
  }

  written(): ReturnType<TransferText['written']> {
    return this.#text.written(this.transfer, this.#worktree);
  }

  /** `true`: all is read. */
  goOn(): boolean {
    const { clock, journal } = this.#parts;
    const startedAt = clock.monotonic();
    for (;;) {
      const pageAt = clock.monotonic();
      const place = { before: this.#before, limit: this.#pageSize };
      const page = itemsOf(journal, this.transfer.source, place);
      const isDone = page.toReversed().some((item) => !this.#take(item)) || page.length < this.#pageSize;
      if (isDone) return true;
      this.#before = page[0]?.ordinal ?? 0;
      const now = clock.monotonic();
      const wanted = (this.#pageSize * SLICE_MS) / 2 / Math.max(0.1, now - pageAt);
      this.#pageSize = Math.max(1, Math.min(PAGE.largest, this.#pageSize * 2, Math.floor(wanted)));
      if (now - startedAt >= SLICE_MS / 2) return false;
    }
  }

  /** `false`: everything before it is older than what is carried. */
  #take(item: ItemRow): boolean {
    const { after, until } = this.transfer;
    const turn = this.#turnOf(item);
    if (turn === null) return true;
    if (turn.ordinal <= after) return item.body.kind !== 'user_message' || item.body.intent !== 'start';
    if (turn.ordinal <= until && isCarried(item, turn)) this.#text.add(item, turn);
    return true;
  }

  /** A transfer is of the turn that it went with. */
  #turnOf({ turnId, body, inherited }: ItemRow): TurnRow | null {
    const id = body.kind === 'transfer' ? (body.consumedBy ?? null) : turnId;
    if (id === null) return null;
    let turn = this.#turns.get(id);
    if (turn === undefined) {
      turn = this.#parts.journal.turn(inherited?.threadId ?? this.transfer.source, id);
      this.#turns.set(id, turn);
    }
    return turn;
  }
}

/** It is over and part of the conversation; a prompt that is back in the queue will be said again. */
function isCarried(
  { inherited, rolledBack }: ItemRow,
  { status, endedAt, failure: cause }: TurnRow,
): boolean {
  // what its own thread took out after it was inherited stays, which only the item tells
  const isOut = rolledBack === true || (inherited === undefined && TAKEN_OUT.has(status));
  return endedAt !== null && !isOut && cause?.code !== 'NOT_DELIVERED';
}
const TAKEN_OUT: ReadonlySet<string> = new Set(['rolledBack']);
