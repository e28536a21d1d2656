/** All clients of the socket: accepts them, and gives each what a commit changed of what it follows. */
import type { WebSocket } from 'ws';
import type { ThreadId } from '../../machines/domain/ids.ts';
import type { CommittedTick, Runtime } from '../runtime/api.ts';
import { CLOSE_CODES } from './close-codes.ts';
import { Flush, type Wire } from './flush.ts';
import { ThreadTick } from './frames.ts';
import { InspectionTick, type InspectionSubscription } from './inspection-subscription.ts';
import { LIMITS, type Limits } from './limits.ts';
import { Pump } from './pump.ts';
import type { Principal } from './scope.ts';
import type { ShellSubscription } from './shell-subscription.ts';
import { ShellTick } from './shell-tick.ts';
import { ClientSocket, type GatewayLog, type SocketHost } from './socket.ts';
import { GatewayStats } from './stats.ts';
import type { ThreadSubscription } from './thread-subscription.ts';

export interface GatewayOptions {
  /** Default: `LIMITS`. */
  readonly limits?: Limits;
  /** Monotonic, in ms. Default: `performance.now`. */
  readonly now?: () => number;
  readonly log?: GatewayLog;
  /** Whether a token is still valid; asked from time to time for each socket. Default: it is. */
  readonly isCurrent?: (principal: Principal) => boolean;
}

const SILENT: GatewayLog = { warn: () => undefined };

/** Listens to the runtime from its construction to `close`. Its listener never throws. */
export class Gateway implements SocketHost {
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly stats = new GatewayStats();
  readonly pump: Pump;
  readonly flush = new Flush();
  readonly now: () => number;
  readonly log: GatewayLog;
  readonly #isCurrent: (principal: Principal) => boolean;
  readonly #sockets = new Set<ClientSocket>();
  readonly #threads = new Map<ThreadId, Set<ThreadSubscription>>();
  readonly #inspections = new Map<ThreadId, Set<InspectionSubscription>>();
  readonly #shells = new Set<ShellSubscription>();
  readonly #endListening: () => void;
  readonly #sweeper: NodeJS.Timeout;
  #pingedAt: number;

  constructor(runtime: Runtime, options: GatewayOptions = {}) {
    this.runtime = runtime;
    this.limits = options.limits ?? LIMITS;
    this.now = options.now ?? (() => performance.now());
    this.log = options.log ?? SILENT;
    this.#isCurrent = options.isCurrent ?? (() => true);
    this.pump = new Pump({ sliceMs: this.limits.sliceMs, now: this.now });
    this.#pingedAt = this.now();
    this.#endListening = runtime.onCommitted((tick) => this.flush.run(() => this.#onCommitted(tick)));
    this.#sweeper = setInterval(() => this.sweep(), this.limits.sweepIntervalMs).unref();
  }

  /** There is room for another socket. */
  get hasRoom(): boolean {
    return this.#sockets.size < this.limits.socketCount;
  }

  /** Bytes that wait for slow clients. */
  get outboxBytes(): number {
    return [...this.#sockets].reduce((sum, socket) => sum + socket.outbox.behindBytes, 0);
  }

  /** Takes over an authenticated socket; `wire` is the connection below it. */
  accept(ws: WebSocket, wire: Wire, principal: Principal): void {
    this.#sockets.add(new ClientSocket({ ws, wire, principal }, this));
    this.stats.socketCount = this.#sockets.size;
  }

  /** Looks after clients that nothing is sent to: how long they lag, whether they are there, and still allowed. */
  sweep(): void {
    const isPingDue = this.now() - this.#pingedAt >= this.limits.pingIntervalMs;
    if (isPingDue) this.#pingedAt = this.now();
    for (const socket of this.#sockets) {
      socket.outbox.observe();
      if (!this.#isCurrent(socket.principal)) socket.close(CLOSE_CODES.unauthorized, 'token revoked');
      else if (isPingDue) socket.ping();
    }
  }

  /** Ends every socket with 1001. */
  close(): void {
    this.#endListening();
    clearInterval(this.#sweeper);
    this.pump.close();
    for (const socket of this.#sockets) socket.close(CLOSE_CODES.shutdown, 'server ends');
  }

  threadStarted(subscription: ThreadSubscription): void {
    this.#add(this.#threads, subscription);
  }

  threadEnded(subscription: ThreadSubscription): void {
    this.#remove(this.#threads, subscription);
  }

  inspectionStarted(subscription: InspectionSubscription): void {
    this.#add(this.#inspections, subscription);
  }

  inspectionEnded(subscription: InspectionSubscription): void {
    this.#remove(this.#inspections, subscription);
  }

  shellStarted(subscription: ShellSubscription): void {
    this.#shells.add(subscription);
    this.stats.subscriptionCount += 1;
  }

  shellEnded(subscription: ShellSubscription): void {
    this.#shells.delete(subscription);
    this.stats.subscriptionCount -= 1;
  }

  closed(socket: ClientSocket): void {
    this.#sockets.delete(socket);
    this.stats.socketCount = this.#sockets.size;
  }

  #add<S extends OfThread>(all: Map<ThreadId, Set<S>>, subscription: S): void {
    const { threadId } = subscription;
    const others = all.get(threadId);
    if (others === undefined) all.set(threadId, new Set([subscription]));
    else others.add(subscription);
    this.stats.subscriptionCount += 1;
  }

  #remove<S extends OfThread>(all: Map<ThreadId, Set<S>>, subscription: S): void {
    const { threadId } = subscription;
    const others = all.get(threadId);
    others?.delete(subscription);
    if (others?.size === 0) all.delete(threadId);
    this.stats.subscriptionCount -= 1;
  }

  #showInside({ threads }: CommittedTick): void {
    for (const thread of threads) {
      const inspectionTick = new InspectionTick(thread, this.limits);
      for (const each of this.#inspections.get(thread.threadId) ?? []) deliver(each, inspectionTick);
    }
  }

  #onCommitted(tick: CommittedTick): void {
    for (const thread of tick.threads) {
      const subscriptions = this.#threads.get(thread.threadId);
      if (subscriptions === undefined) continue;
      const threadTick = new ThreadTick(thread, this.limits);
      for (const each of subscriptions) deliver(each, threadTick);
    }
    if (this.#inspections.size > 0) this.#showInside(tick);
    for (const threadId of tick.restated) {
      for (const each of this.#threads.get(threadId) ?? []) restate(each);
    }
    if (this.#shells.size === 0) return;
    const shellTick = new ShellTick(tick, this.limits);
    for (const each of this.#shells) deliver(each, shellTick);
  }
}

interface OfThread {
  readonly threadId: ThreadId;
}

interface Follower<Tick> {
  onCommitted(tick: Tick): void;
  fail(error: unknown): void;
}

function restate(subscription: ThreadSubscription): void {
  try {
    subscription.restate();
  } catch (error) {
    subscription.fail(error);
  }
}

/** A defect of ours costs one client its socket, never the runtime its commit. */
function deliver<Tick>(follower: Follower<Tick>, tick: Tick): void {
  try {
    follower.onCommitted(tick);
  } catch (error) {
    follower.fail(error);
  }
}
