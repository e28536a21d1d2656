import { itemIdOf, type ConnectionId, type ItemId } from '../../machines/domain/ids.ts';
import type { ItemDraft } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import type { TurnRef } from '../shared/own-items.ts';
import type { StreamEvent } from './wire.ts';

/** What a frame is read for. */
export interface Place {
  /** The turn that runs. */
  readonly turn: TurnRef;
  /** Where the frame stands in the protocol log. */
  readonly rawRef: string;
}

/** Text that is being streamed. */
interface OpenText {
  readonly kind: 'assistant_message' | 'reasoning';
  readonly itemId: ItemId;
  readonly turn: TurnRef;
}

/** The words of an item, and whether there are more to come. */
type Said = Pick<ItemDraft, 'text' | 'status'>;

export type ItemReportType = 'provider.itemStarted' | 'provider.itemUpdated' | 'provider.itemCompleted';

export const itemReport = (
  type: ItemReportType,
  { connectionId, turn }: { readonly connectionId: ConnectionId; readonly turn: TurnRef },
  item: ItemDraft,
): ProviderReport => ({ type, connectionId, ...turn, item });

/** What the main thread says and thinks, as it is streamed and as it then stands in a message. */
export class Speech {
  readonly #connectionId: ConnectionId;
  #open: OpenText | null = null;
  #blockCount = 0;

  constructor(connectionId: ConnectionId) {
    this.#connectionId = connectionId;
  }

  stream(event: StreamEvent, place: Place): readonly ProviderReport[] {
    if (event.type === 'message_start') return this.drop(place);
    const { delta } = event;
    if (event.type !== 'content_block_delta' || delta === undefined) return [];
    if (delta.type === 'text_delta') return this.#more('assistant_message', delta.text ?? '', place);
    return delta.type === 'thinking_delta' ? this.#more('reasoning', delta.thinking ?? '', place) : [];
  }

  /** The reply is begun anew: what was streamed of it counts no more. */
  drop(place: Place): readonly ProviderReport[] {
    const open = this.#open;
    if (open === null) return [];
    return [
      this.#report(
        'provider.itemUpdated',
        open.turn,
        this.#textDraft(open, { text: '', status: 'open' }, place),
      ),
    ];
  }

  endTurn(): void {
    this.#open = null;
  }

  /** A block that is complete, or was cut off. */
  block(kind: OpenText['kind'], said: Said, place: Place): readonly ProviderReport[] {
    if (NO_TEXT.has(said.text) && this.#open?.kind !== kind) return [];
    const open = this.#open?.kind === kind ? this.#open : this.#nextText(kind, place);
    if (this.#open === open) this.#open = null;
    return [this.#report('provider.itemCompleted', open.turn, this.#textDraft(open, said, place))];
  }

  #more(kind: OpenText['kind'], text: string, place: Place): readonly ProviderReport[] {
    if (text === '') return [];
    const { itemId, reports } = this.#opened(kind, place);
    return [...reports, { type: 'provider.itemDelta', connectionId: this.#connectionId, itemId, text }];
  }

  /** The open text of that kind, begun where there is none. */
  #opened(kind: OpenText['kind'], place: Place): { itemId: ItemId; reports: readonly ProviderReport[] } {
    if (this.#open?.kind === kind) return { itemId: this.#open.itemId, reports: [] };
    const left = this.#open;
    const open = this.#nextText(kind, place);
    this.#open = open;
    const begun = this.#report(
      'provider.itemStarted',
      place.turn,
      this.#textDraft(open, { text: '', status: 'open' }, place),
    );
    if (left === null) return { itemId: open.itemId, reports: [begun] };
    const dropped = this.#textDraft(left, { text: '', status: 'interrupted' }, place);
    return {
      itemId: open.itemId,
      reports: [this.#report('provider.itemCompleted', left.turn, dropped), begun],
    };
  }

  #nextText(kind: OpenText['kind'], { turn }: Place): OpenText {
    this.#blockCount += 1;
    return {
      kind,
      turn,
      itemId: itemIdOf(turn.nativeTurnId ?? this.#connectionId, `text:${this.#blockCount}`),
    };
  }

  #textDraft({ itemId, kind }: OpenText, said: Said, { rawRef }: Place): ItemDraft {
    return { itemId, body: { kind }, ...said, rawRef };
  }

  #report(type: ItemReportType, turn: TurnRef, item: ItemDraft): ProviderReport {
    return itemReport(type, { connectionId: this.#connectionId, turn }, item);
  }
}

/** Of a command of claude's own that has nothing to say. */
const NO_TEXT: ReadonlySet<string> = new Set(['', '(no content)']);
