/** The notifications of one subscription: numbers them, so that the client can tell a gap, and counts their bytes. */
import type { Runtime } from '../runtime/api.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { NotificationName } from './frame.ts';
import type { Group } from './frames.ts';
import type { Limits } from './limits.ts';
import type { Outbox } from './outbox.ts';
import type { Pump } from './pump.ts';
import type { GatewayStats } from './stats.ts';

/** What a subscription needs of its socket and of the gateway. */
export interface Surroundings {
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly stats: GatewayStats;
  readonly pump: Pump;
  readonly outbox: Outbox;
  /** Closes the socket: a client that has missed something has to come again. */
  readonly fail: (error: unknown) => void;
}

/** What a socket keeps of each subscription. */
export interface Subscription {
  readonly id: string;
  acknowledge(sequence: number): void;
  end(): void;
  fail(error: unknown): void;
}

export class Channel {
  readonly id: string;
  readonly outbox: Outbox;
  readonly acknowledgements: Acknowledgements;
  /** Version (shell: sequence) of the last frame that was sent. */
  after = 0;
  readonly #head: string;

  constructor(outbox: Outbox, method: NotificationName, id: string) {
    this.id = id;
    this.outbox = outbox;
    this.acknowledgements = new Acknowledgements(outbox);
    const params = `{"subscriptionId":${JSON.stringify(id)},"after":`;
    this.#head = `{"jsonrpc":"2.0","method":"${method}","params":${params}`;
  }

  /** Sends a message whose last frame stands at `position`. */
  send(group: Group, position: number): void {
    const text = `${this.#head}${this.after},"frames":[${group.json}]}}`;
    this.after = position;
    this.acknowledgements.sent(group.sequence, group.sizeBytes);
    this.outbox.send(text);
  }
}
