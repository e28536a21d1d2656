import type { ItemId } from '../../machines/domain/ids.ts';
import type { RequestDraft } from '../../machines/domain/request.ts';
import type { ProviderReport } from '../../machines/ports/provider.ts';

/** More changes than wait for an answer at once; those that codex never completes are forgotten with the oldest. */
const KEPT_COUNT = 64;

/** Which files a change concerns: codex says it when the item starts, and not when it asks for leave. */
export class ChangedFiles {
  readonly #paths = new Map<ItemId, readonly string[]>();

  note(report: ProviderReport): void {
    if (report.type === 'provider.itemCompleted') this.#paths.delete(report.item.itemId);
    if (report.type !== 'provider.itemStarted' || report.item.body.kind !== 'file_change') return;
    const { itemId, body } = report.item;
    this.#paths.set(
      itemId,
      body.changes.map(({ path }) => path),
    );
    const [oldest] = this.#paths.keys();
    if (this.#paths.size > KEPT_COUNT && oldest !== undefined) this.#paths.delete(oldest);
  }

  /** The same request, with the files that it is about. */
  named(request: RequestDraft): RequestDraft {
    const { body, itemId } = request;
    if (body.kind !== 'file-change' || body.paths.length > 0 || itemId === undefined) return request;
    return { ...request, body: { ...body, paths: [...(this.#paths.get(itemId) ?? [])] } };
  }
}
