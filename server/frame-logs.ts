/** The protocol logs of the configured instances, which come and go. */
import { instanceIdSchema, type InstanceId } from '../machines/domain/ids.ts';
import type { Log } from './runtime/runtime-options.ts';

/** A frame as it was kept: redacted, and cut if it was long. */
export interface LoggedFrame {
  /** Epoch ms. */
  readonly at: number;
  readonly direction: 'in' | 'out';
  readonly frame: string;
}

/** Raw provider frames of one instance on disk. */
export interface FrameLog {
  append(direction: 'in' | 'out', frame: string): string;
  /** `null`: it is not of this log, or is gone. */
  read(ref: string): Promise<LoggedFrame | null>;
  close(): Promise<void>;
}

export interface FrameLogsParts {
  readonly open: (instanceId: InstanceId, onError: (error: unknown) => void) => Promise<FrameLog>;
  /** `false`: nothing is kept, and what was kept can be read. */
  readonly isOn: boolean;
  readonly log: Log;
}

export class FrameLogs {
  readonly #parts: FrameLogsParts;
  readonly #logs = new Map<InstanceId, FrameLog>();

  constructor(parts: FrameLogsParts) {
    this.#parts = parts;
  }

  /** An instance whose log cannot be opened works without. */
  async open(instanceIds: readonly InstanceId[]): Promise<void> {
    if (!this.#parts.isOn) return;
    const missing = instanceIds.filter((instanceId) => !this.#logs.has(instanceId));
    await Promise.all(
      missing.map(async (instanceId) => {
        const log = await this.#open(instanceId);
        if (log !== null) this.#logs.set(instanceId, log);
      }),
    );
  }

  /** `''`: it is not kept. */
  append(instanceId: InstanceId, direction: 'in' | 'out', frame: string): string {
    return this.#logs.get(instanceId)?.append(direction, frame) ?? '';
  }

  /** Of an instance that is not configured any more, too. A reference begins with the name of its log. */
  async read(ref: string): Promise<LoggedFrame | null> {
    const { data: instanceId } = instanceIdSchema.safeParse(ref.slice(0, ref.lastIndexOf('.')));
    if (instanceId === undefined) return null;
    const known = this.#logs.get(instanceId);
    const log = known ?? (await this.#open(instanceId));
    const found = await log?.read(ref);
    if (known === undefined) await log?.close();
    if (found === undefined || found === null) return null;
    const { at, direction, frame } = found;
    return { at, direction, frame };
  }

  async closeOne(instanceId: InstanceId): Promise<void> {
    const log = this.#logs.get(instanceId);
    this.#logs.delete(instanceId);
    await log?.close();
  }

  /** After everything that was appended is written. */
  async close(): Promise<void> {
    await Promise.all([...this.#logs.keys()].map((instanceId) => this.closeOne(instanceId)));
  }

  async #open(instanceId: InstanceId): Promise<FrameLog | null> {
    const { open, log } = this.#parts;
    const onError = (error: unknown): void => log.error({ instanceId, error }, 'the protocol log failed');
    return open(instanceId, onError).catch((error: unknown) => {
      log.error({ instanceId, error }, 'the protocol log cannot be opened; the instance works without');
      return null;
    });
  }
}
