/** How a thread reads on a terminal. */
import type { FactEvent, FactOf } from '../../machines/domain/fact.ts';
import type { ItemId } from '../../machines/domain/ids.ts';
import type { Item, ItemKind } from '../../machines/domain/item.ts';
import type { Request } from '../../machines/domain/request.ts';
import { askedBy } from '../../machines/domain/why.ts';
import { HOLD_REASONS } from '../../machines/domain/why-phrases.ts';
import type { ResyncReason } from '../gateway/frame.ts';
import { commandLine } from './command-line.ts';
import type { ClientFlags } from './connection.ts';
import type { Style, Terminal } from './terminal.ts';

/** Prints events as they come: text as it streams, everything else as one line. With `--json`, each event. */
export class Transcript {
  readonly #terminal: Terminal;
  readonly #threadId: string;
  readonly #flags: ClientFlags;
  /** The items that are open, with what was streamed of assistant messages. */
  readonly #open = new Map<ItemId, { readonly kind: ItemKind; text: string }>();
  #isInText = false;
  /** What the last turn has failed with. */
  #failure: string | null = null;

  constructor(terminal: Terminal, threadId: string, flags: ClientFlags) {
    this.#terminal = terminal;
    this.#threadId = threadId;
    this.#flags = flags;
  }

  show(event: FactEvent): void {
    if (this.#terminal.isJson) return this.#terminal.print('', { threadId: this.#threadId, ...event });
    const { fact } = event;
    if (fact.type === 'item.started') return this.#start(fact.item);
    if (fact.type === 'item.completed') return this.#complete(fact.item);
    if (fact.type === 'item.delta') return this.#continue(fact);
    if (fact.type === 'item.closed') return this.#streamRest(fact.itemId, fact.text);
    if (fact.type === 'request.opened') return this.#ask(fact.request);
    if (fact.type === 'queue.held')
      return this.#note(`[the queue is held: ${HOLD_REASONS[fact.reason]}]`, 'yellow');
    if (fact.type === 'turn.ended') this.#end(fact);
  }

  /** The journal is another one than was followed: all of it is told again. */
  startOver(reason: ResyncReason): void {
    this.#open.clear();
    if (this.#terminal.isJson) this.#terminal.print('', { threadId: this.#threadId, resync: reason });
    else this.#note(`[resync: ${reason}]`, 'yellow');
  }

  #start({ itemId, body, text }: Item): void {
    this.#open.set(itemId, { kind: body.kind, text: '' });
    this.#continue({ itemId, text });
    const others = workOfOthers(body);
    if (others !== null) this.#note(`· ${others} [begun]`);
  }

  #continue({ itemId, text }: Pick<FactOf<'item.delta'>, 'itemId' | 'text'>): void {
    const item = this.#open.get(itemId);
    if (item?.kind !== 'assistant_message' || text === '') return;
    item.text += text;
    this.#write(text);
  }

  #end({ outcome, failure, reason }: FactOf<'turn.ended'>): void {
    this.#failure = failure?.message ?? null;
    this.#endLine();
    if (outcome !== 'completed') this.#note(`[${outcome}] ${failure?.message ?? reason ?? ''}`, 'red');
  }

  #complete(item: Item): void {
    const { itemId, body, text } = item;
    if (!this.#open.has(itemId)) this.#open.set(itemId, { kind: body.kind, text: '' });
    this.#streamRest(itemId, text);
    this.#open.delete(itemId);
    if (body.kind === 'assistant_message') return this.#endLine();
    // the end of the turn has said it
    const isTold = (body.kind === 'error' || body.kind === 'notice') && text === this.#failure;
    const line = isTold ? null : lineOf(item);
    if (line !== null) this.#note(line);
  }

  /** Pieces that came while nobody was here are part of the whole. */
  #streamRest(itemId: ItemId, whole: string): void {
    const told = this.#open.get(itemId)?.text ?? '';
    if (whole.startsWith(told)) this.#continue({ itemId, text: whole.slice(told.length) });
  }

  #ask(request: Request): void {
    const { requestId, body, decisions } = request;
    this.#note(`? ${askedBy(request)}`, ['yellow', 'bold']);
    if (body.kind === 'question') this.#note(optionsOf(body));
    const answers =
      body.kind === 'question'
        ? body.questions.map(({ secret }) => (secret === true ? '-' : 'TEXT'))
        : decisions.slice(0, 1);
    const others = decisions.slice(1).join(', ');
    const line = commandLine(['answer', this.#threadId, requestId, ...answers], this.#flags);
    this.#note(`  ${line}${others === '' ? '' : `  (or ${others})`}`);
  }

  #write(text: string): void {
    this.#isInText = !text.endsWith('\n');
    this.#terminal.write(text);
  }

  #endLine(): void {
    if (this.#isInText) this.#terminal.write('\n');
    this.#isInText = false;
  }

  #note(text: string, style: Style = 'dim'): void {
    this.#endLine();
    this.#terminal.note(this.#terminal.styleNote(style, text));
  }
}

type Questions = Extract<Request['body'], { kind: 'question' }>;

function optionsOf({ questions }: Questions): string {
  const lines = questions.flatMap(({ question, options }) => [
    `  ${question}`,
    ...options.map(({ label }, index) => `    ${index + 1}  ${label}`),
  ]);
  return lines.join('\n');
}

function lineOf({ body, status, text }: Item): string | null {
  switch (body.kind) {
    case 'command':
      return `$ ${body.command} [${[status, body.exitCode ?? []].flat().join(' ')}]`;
    case 'file_change':
      return body.changes.map((change) => `± ${change.path} [${change.kind}, ${status}]`).join('\n');
    case 'tool_call':
      return `· ${body.tool} [${status}]`;
    case 'web_search':
      return `· searched ${body.query}`;
    case 'error':
      return `! ${text}`;
    case 'notice':
      return body.tone === 'error' ? `! ${text}` : `· ${text}`;
    case 'plan':
      return text;
    case 'transfer':
      return carriedLine(body, status);
    default:
      return othersLine(body, status);
  }
}

const othersLine = (body: Item['body'], status: Item['status']): string | null => {
  const others = workOfOthers(body);
  return others === null ? null : `· ${others} [${status}]`;
};

/** It may take long: who reads along is told where it can be seen. */
function workOfOthers(body: Item['body']): string | null {
  switch (body.kind) {
    case 'task':
      return `task: ${body.title}`;
    case 'subagent':
      return `sub-agent: ${body.title}${body.threadId === undefined ? '' : ` (thread ${body.threadId})`}`;
    case 'delegation':
      return `task for ${body.instanceId}: ${body.title} (thread ${body.threadId})`;
    default:
      return null;
  }
}

type Carried = Extract<Item['body'], { kind: 'transfer' }>;

/** The text itself may be long, and tells what stands above. */
function carriedLine({ report }: Carried, status: Item['status']): string {
  const count = report?.entryCount ?? 0;
  return `· what was said before goes with the next prompt, in ${count} entries [${status}]`;
}
