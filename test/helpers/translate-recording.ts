import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { askedIn } from '../../adapters/codex/approvals.ts';
import { isOtherStart } from '../../adapters/codex/reviews.ts';
import { Sessions } from '../../adapters/codex/sessions.ts';
import { agentsIn } from '../../adapters/codex/agents.ts';
import { translate } from '../../adapters/codex/translate.ts';
import { connectionIdOf, threadIdSchema } from '../../machines/domain/ids.ts';
import type { ItemDraft } from '../../machines/domain/item.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';
import { schemaOf } from './provider-harness.ts';

const FOLDER = join(import.meta.dirname, '..', 'fixtures', 'codex');
const THREAD_ID = threadIdSchema.parse('t');
const CONNECTION_ID = connectionIdOf(THREAD_ID, 1);

interface RecordedFrame {
  readonly id?: number;
  readonly method: string;
  readonly params: { readonly threadId?: string };
}
interface Recording {
  readonly threadId: string;
  readonly frames: readonly RecordedFrame[];
}

/** What the adapter makes of the frames that the real codex sent in a scenario; no sub-agent has a thread of its own. */
export function translateRecording(name: string): ProviderReport[] {
  const recording: Recording = JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
  const sessions = new Sessions();
  const session = {
    connectionId: CONNECTION_ID,
    threadId: THREAD_ID,
    nativeThreadId: recording.threadId,
    model: 'gpt-5.5',
    effort: null,
    settings: {
      model: 'm',
      cwd: '/',
      approvalPolicy: 'never',
      approvalsReviewer: 'user',
      sandbox: { type: 'readOnly' },
    },
    mode: 'default' as const,
    asked: null,
    reviewTurnId: null,
    interrupted: null,
    compacting: null,
    parent: null,
  };
  sessions.add(session);
  return recording.frames.flatMap((frame, index) => {
    const route = sessions.route(frame.params.threadId ?? '');
    if (route === null) return [];
    if (isOtherStart(route.session, frame)) return [];
    const rawRef = `log:${index}`;
    const scope = { connectionId: CONNECTION_ID, rawRef, agent: route.agent, threadOf: () => null };
    if (frame.id !== undefined) {
      const asked = askedIn(frame, { ...scope, nativeRequestId: String(frame.id) });
      return asked === null ? [] : [asked.report];
    }
    for (const { nativeThreadId, model: _, isReachable: __, ...agent } of agentsIn(frame, scope)) {
      sessions.adopt(nativeThreadId, { session, agent });
    }
    return translate(frame, scope);
  });
}

/** What came of a recorded scenario, without the counts of tokens and without cuts where nothing was being said. */
export const linesOf = (name: string): string[] =>
  summaryOf(translateRecording(name)).filter(
    (line) => !line.startsWith('usageReported') && !line.endsWith('textCut'),
  );

/** The reports as one short line each: turns as T1, T2 …, items as kind#1, kind#2 … in the order of their coming. */
export function summaryOf(reports: readonly ProviderReport[]): string[] {
  const summary = new Summary();
  return reports.map((report) => {
    schemaOf(report).parse(report);
    return summary.line(report);
  });
}

const SPOKEN: ReadonlySet<string> = new Set(['assistant_message', 'reasoning', 'plan']);

class Summary {
  readonly #turns = new Map<string, string>();
  readonly #items = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  /** What the model is saying, with the sub-agent that says it. */
  readonly #spoken = new Map<string, ItemDraft['parentItemId'] | null>();

  line(report: ProviderReport): string {
    const turn = 'nativeTurnId' in report ? this.#turn(report.nativeTurnId) : '';
    const what = report.type.replace('provider.', '');
    const detail = 'item' in report ? this.#itemDetail(report.item) : this.#detail(report);
    return [turn, what, detail].filter(Boolean).join(' ');
  }

  #itemDetail(item: ItemDraft): string {
    if (item.status !== 'open') this.#spoken.delete(item.itemId);
    else if (SPOKEN.has(item.body.kind)) this.#spoken.set(item.itemId, item.parentItemId ?? null);
    const parent = item.parentItemId === undefined ? '' : ` of ${this.#items.get(item.parentItemId)}`;
    return `${this.#item(item.itemId, item.body.kind)} ${item.status}${parent}${quoted(item.text)}`;
  }

  #detail(report: ProviderReport): string {
    if ('folds' in report) return String(report.folds);
    switch (report.type) {
      case 'provider.itemDelta':
        return `${this.#items.get(report.itemId) ?? '?'}${quoted(report.text)}`;
      case 'provider.turnEnded':
        return endOf(report);
      case 'provider.requestOpened': {
        const { body, decisions, itemId } = report.request;
        const item = itemId === undefined ? '' : ` of ${this.#items.get(itemId) ?? '?'}`;
        return `${body.kind}${item} [${decisions.join(' ')}]`;
      }
      case 'provider.usageReported':
        return String(report.usage.contextTokens);
      case 'provider.textCut':
        return this.#cut(report.parentItemId);
      case 'provider.planReported':
        return report.steps.map(({ text, status }) => `${text}:${status}`).join(' ');
      default:
        return '';
    }
  }

  /** What was being said, which nobody says any more. */
  #cut(parentItemId: ItemDraft['parentItemId'] | null): string {
    const cut = [...this.#spoken].filter(([, parent]) => parent === parentItemId);
    for (const [itemId] of cut) this.#spoken.delete(itemId);
    return cut.map(([itemId]) => this.#items.get(itemId)).join(' ');
  }

  #turn(nativeTurnId: string | null): string {
    if (nativeTurnId === null) return '-';
    const known = this.#turns.get(nativeTurnId) ?? `T${this.#turns.size + 1}`;
    this.#turns.set(nativeTurnId, known);
    return known;
  }

  #item(itemId: string, kind: string): string {
    const known = this.#items.get(itemId);
    if (known !== undefined) return known;
    const count = (this.#counts.get(kind) ?? 0) + 1;
    this.#counts.set(kind, count);
    this.#items.set(itemId, `${kind}#${count}`);
    return `${kind}#${count}`;
  }
}

const quoted = (text: string): string => (text === '' ? '' : ` ${JSON.stringify(text.slice(0, 120))}`);

const endOf = ({ outcome, failure }: Extract<ProviderReport, { type: 'provider.turnEnded' }>): string =>
  [outcome, failure?.code, failure?.providerCode].filter(Boolean).join(' ');
