/** The one queue: commands, provider inputs, timer firings and findings of the runtime, in the order of their arrival. */
import type { Command, CommandResult } from '../../machines/domain/command.ts';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { CommandId, InstanceId, ThreadId } from '../../machines/domain/ids.ts';
import type { CutInput, DeltaInput, ProviderInput, RuntimeInput } from '../../machines/domain/input.ts';
import type { InstanceInput } from '../../machines/domain/instance.ts';
import type { InstanceDeclaration } from './instances.ts';

export interface CommandArrival {
  readonly kind: 'command';
  readonly commandId: CommandId;
  readonly command: Command;
  readonly fingerprint: string;
  readonly resolve: (result: CommandResult) => void;
  readonly reject: (error: RuntimeError) => void;
}

export type Arrival =
  | CommandArrival
  | {
      readonly kind: 'provider';
      readonly instanceId: InstanceId;
      readonly threadId: ThreadId;
      readonly input: ProviderInput | CutInput;
    }
  | { readonly kind: 'delta'; readonly threadId: ThreadId; readonly input: DeltaInput }
  | { readonly kind: 'runtime'; readonly threadId: ThreadId; readonly input: RuntimeInput }
  | { readonly kind: 'timer'; readonly stream: Stream; readonly timer: string; readonly armedBy: number }
  | { readonly kind: 'createInstance'; readonly declared: InstanceDeclaration }
  | { readonly kind: 'instance'; readonly instanceId: InstanceId; readonly input: InstanceInput };

export type Stream =
  | { readonly kind: 'thread'; readonly id: ThreadId }
  | { readonly kind: 'instance'; readonly id: InstanceId };

export const INGRESS_LIMITS = {
  /** Above this, or above the bytes, commands are refused and provider pipes paused. */
  arrivals: 4096,
  sizeBytes: 16 * 1024 * 1024,
} as const;

/** What waits, with an estimate of its size. Never drops anything that has been taken. */
export class Ingress {
  #arrivals: Arrival[] = [];
  /** Index of the first that waits; taken ones are cut off in bulk. */
  #head = 0;
  #sizeBytes = 0;
  #isFull = false;
  readonly #onArrival: () => void;
  readonly #onPressure: (isFull: boolean) => void;

  constructor(onArrival: () => void, onPressure: (isFull: boolean) => void) {
    this.#onArrival = onArrival;
    this.#onPressure = onPressure;
  }

  get length(): number {
    return this.#arrivals.length - this.#head;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** @throws {RuntimeError} RATE_LIMITED for a command while the queue is full. */
  push(arrival: Arrival): void {
    if (arrival.kind === 'command' && this.#isFull) {
      throw new RuntimeError('RATE_LIMITED', 'the server has more to do than it can take in');
    }
    this.#arrivals.push(arrival);
    this.#sizeBytes += sizeOf(arrival);
    this.#weigh();
    this.#onArrival();
  }

  shift(): Arrival | undefined {
    const arrival = this.#arrivals[this.#head];
    if (arrival === undefined) return undefined;
    this.#head += 1;
    this.#sizeBytes -= sizeOf(arrival);
    if (this.#head > 1024 && this.#head * 2 > this.#arrivals.length) {
      this.#arrivals = this.#arrivals.slice(this.#head);
      this.#head = 0;
    }
    this.#weigh();
    return arrival;
  }

  /** Back to the head, in their order: after a commit that failed. */
  putBack(arrivals: readonly Arrival[]): void {
    this.#arrivals = [...arrivals, ...this.#arrivals.slice(this.#head)];
    this.#head = 0;
    this.#sizeBytes = this.#arrivals.reduce((sum, arrival) => sum + sizeOf(arrival), 0);
    this.#weigh();
  }

  /** The end: what still waits is not taken in any more. */
  refuse(error: RuntimeError): void {
    for (const arrival of this.#arrivals.slice(this.#head)) {
      if (arrival.kind === 'command') arrival.reject(error);
    }
    this.#arrivals = [];
    this.#head = 0;
    this.#sizeBytes = 0;
  }

  /** Full at the limit, open again at half of it, so that pipes are not switched at every input. */
  #weigh(): void {
    const share = Math.max(this.length / INGRESS_LIMITS.arrivals, this.#sizeBytes / INGRESS_LIMITS.sizeBytes);
    const isFull = this.#isFull ? share > 0.5 : share >= 1;
    if (isFull === this.#isFull) return;
    this.#isFull = isFull;
    this.#onPressure(isFull);
  }
}

/** Only what can be large is measured. */
function sizeOf(arrival: Arrival): number {
  const base = 200;
  if (arrival.kind === 'delta') return base + arrival.input.text.length;
  if (arrival.kind === 'provider' && 'item' in arrival.input) return base + arrival.input.item.text.length;
  if (arrival.kind === 'command' && 'text' in arrival.command) return base + arrival.command.text.length;
  return base;
}
