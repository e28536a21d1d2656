import { nanoid } from 'nanoid';
import { LocalProcessHost, type ProcessRows } from '../../adapters/shared/process-host.ts';
import type { AttachmentId, ItemId, ThreadId, TurnId } from '../../machines/domain/ids.ts';
import { instanceInputSchema } from '../../machines/domain/instance.ts';
import { cutInputSchema, deltaInputSchema, threadInputSchema } from '../../machines/domain/input.ts';
import type { ProcessRow } from '../../machines/ports/process-host.ts';
import type { InstanceReportInput, ProviderHost, ProviderReport } from '../../machines/ports/provider.ts';
import { until } from './until.ts';

/** A report of an adapter in the order in which it came. */
export interface Reported {
  readonly threadId: ThreadId;
  readonly input: ProviderReport;
}

type ReportOf<T extends ProviderReport['type']> = Extract<ProviderReport, { type: T }>;
type InstanceReportOf<T extends InstanceReportInput['type']> = Extract<InstanceReportInput, { type: T }>;

const WAIT_MS = 60_000;

export function schemaOf({ type }: ProviderReport) {
  if (type === 'provider.itemDelta') return deltaInputSchema;
  return type === 'provider.textCut' ? cutInputSchema : threadInputSchema;
}

/**
 * The host of an adapter under test: real processes, and everything that the adapter says is kept. What does not fit the
 * schema of its input is kept as a defect.
 */
export class ProviderHarness implements ProviderHost {
  readonly reports: Reported[] = [];
  readonly instanceReports: InstanceReportInput[] = [];
  readonly settledTurns: { threadId: ThreadId; turnId: TurnId; attempt: number }[] = [];
  readonly warnings: { message: string; details: unknown }[] = [];
  readonly frames: { direction: 'in' | 'out'; frame: string }[] = [];
  readonly defects: unknown[] = [];
  readonly attachments = new Map<AttachmentId, string>();
  /** The processes that are not proven gone. */
  readonly rows = new Map<string, ProcessRow>();
  readonly processes = new LocalProcessHost({ table: this.#table(), makeMarker: nanoid });

  report(threadId: ThreadId, input: ProviderReport): void {
    const parsed = schemaOf(input).safeParse(input);
    if (!parsed.success) this.defects.push({ input, issues: parsed.error.issues });
    this.reports.push({ threadId, input });
  }

  reportInstance(input: InstanceReportInput): void {
    const parsed = instanceInputSchema.safeParse(input);
    if (!parsed.success) this.defects.push({ input, issues: parsed.error.issues });
    this.instanceReports.push(input);
  }

  settled(threadId: ThreadId, turnId: TurnId, attempt: number): void {
    this.settledTurns.push({ threadId, turnId, attempt });
  }

  attachmentPath(attachmentId: AttachmentId): string | null {
    return this.attachments.get(attachmentId) ?? null;
  }

  openItems(threadId: ThreadId, turnId: TurnId): readonly ItemId[] {
    const native = this.all(threadId, 'provider.turnAccepted').find((each) => each.turnId === turnId);
    const isOfTurn = (each: { nativeTurnId: string | null }): boolean =>
      each.nativeTurnId === native?.nativeTurnId;
    const done = this.all(threadId, 'provider.itemCompleted').map(({ item }) => item.itemId);
    return this.all(threadId, 'provider.itemStarted')
      .filter(isOfTurn)
      .map(({ item }) => item.itemId)
      .filter((itemId) => !done.includes(itemId));
  }

  logFrame(direction: 'in' | 'out', frame: string): string {
    this.frames.push({ direction, frame });
    return `log:${this.frames.length}`;
  }

  warn(message: string, details?: Readonly<Record<string, unknown>>): void {
    this.warnings.push({ message, details });
  }

  /** All reports of a type about a thread, in order. */
  all<T extends ProviderReport['type']>(threadId: ThreadId, type: T): ReportOf<T>[] {
    return this.reports
      .filter((reported) => reported.threadId === threadId)
      .map(({ input }) => input)
      .filter((input): input is ReportOf<T> => input.type === type);
  }

  /** The first report of that type and kind about a thread, past or to come. */
  async awaitReport<T extends ProviderReport['type']>(
    threadId: ThreadId,
    type: T,
    predicate: (report: ReportOf<T>) => boolean = () => true,
  ): Promise<ReportOf<T>> {
    return until(() => this.all(threadId, type).find(predicate), {
      timeoutMs: WAIT_MS,
      describe: () => `${type} of ${threadId}; there is\n${this.summary()}`,
    });
  }

  async awaitInstance<T extends InstanceReportInput['type']>(
    type: T,
    count = 1,
  ): Promise<InstanceReportOf<T>> {
    const isIt = (input: InstanceReportInput): input is InstanceReportOf<T> => input.type === type;
    return until(() => this.instanceReports.filter(isIt)[count - 1], {
      timeoutMs: WAIT_MS,
      describe: () => `${type} of the instance; there is ${JSON.stringify(this.instanceReports)}`,
    });
  }

  /** What was reported, one line each, for the message of a test that waits in vain. */
  summary(): string {
    return this.reports.map(({ input }) => JSON.stringify(input).slice(0, 300)).join('\n');
  }

  #table(): ProcessRows {
    return {
      put: (row) => void this.rows.set(row.marker, row),
      remove: (marker) => void this.rows.delete(marker),
    };
  }
}
