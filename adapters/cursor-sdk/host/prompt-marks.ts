/**
 * Which run is whose prompt. The SDK numbers runs by itself and takes no id of ours for a local one (1.0.32 leaves
 * `idempotencyKey` out there), so our id is written beside the run, in the SDK's own store, before the model is called.
 */
import type { RunRow, SdkStore } from './sdk.ts';

const MARK = 'threadchart.prompt';
/** It is written before the SDK writes its first. */
const FIRST_EVENTS = 4;

/** The SDK's store, with a mark for each prompt. */
export class PromptMarks {
  readonly #store: SdkStore;
  readonly #agentId: string;
  #key: string | null = null;

  constructor(store: SdkStore, agentId: string) {
    this.#store = store;
    this.#agentId = agentId;
  }

  /** The next run that begins is this prompt's. */
  expect(key: string | null): void {
    this.#key = key;
  }

  /** What the SDK is given. */
  get store(): SdkStore {
    const { agents, checkpoints, runs, runEvents } = this.#store;
    return {
      agents,
      checkpoints,
      runEvents,
      runs: {
        get: (input) => runs.get(input),
        create: (input) => runs.create(input),
        delete: (input) => runs.delete(input),
        list: (input) => runs.list(input),
        update: async (input) => {
          await this.#mark(input.run);
          return runs.update(input);
        },
      },
    };
  }

  /** The run of that prompt; `null`: it never began. */
  async find(key: string): Promise<RunRow | null> {
    for (const run of (await this.#runs()).toReversed()) if (await this.#isMarked(run, key)) return run;
    return null;
  }

  async #mark({ runId, status }: RunRow): Promise<void> {
    const key = this.#key;
    if (key === null || status !== 'running') return;
    this.#key = null;
    await this.#store.runEvents.append({
      runId,
      eventType: MARK,
      payload: { type: MARK },
      idempotencyKey: key,
    });
  }

  async #isMarked({ runId }: RunRow, key: string): Promise<boolean> {
    const { items } = await this.#store.runEvents.list({ runId, limit: FIRST_EVENTS });
    return items.some(({ eventType, idempotencyKey }) => eventType === MARK && idempotencyKey === key);
  }

  /** In the order of their turns. */
  async #runs(): Promise<readonly RunRow[]> {
    const rows: RunRow[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.#store.runs.list({ filter: { agentIds: [this.#agentId], cursor } });
      rows.push(...page.items);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return rows;
  }
}
