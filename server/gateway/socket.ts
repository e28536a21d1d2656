/** One client: its requests in their order, its subscriptions, and its end. */
import type { RawData, WebSocket } from 'ws';
import { RuntimeError } from '../../machines/domain/error.ts';
import type { Runtime } from '../runtime/api.ts';
import { callMethod } from './call-method.ts';
import type { Subscription, Surroundings } from './channel.ts';
import { CLOSE_CODES } from './close-codes.ts';
import type { Flush, Wire } from './flush.ts';
import { Inbox } from './inbox.ts';
import { InspectionSubscription } from './inspection-subscription.ts';
import type { Limits } from './limits.ts';
import { errorText, malformedText, parseRequest, resultText, type Request } from './message.ts';
import { HANDLERS, type MethodContext } from './methods.ts';
import { Outbox } from './outbox.ts';
import type { ParamsOf } from './protocol.ts';
import type { Pump, Work } from './pump.ts';
import type { Principal } from './scope.ts';
import { ShellSubscription } from './shell-subscription.ts';
import type { GatewayStats } from './stats.ts';
import { ThreadSubscription } from './thread-subscription.ts';
import { TokenBucket } from './token-bucket.ts';

/** Where a socket finds the rest of the gateway. */
export interface SocketHost {
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly stats: GatewayStats;
  readonly pump: Pump;
  readonly flush: Flush;
  /** Monotonic, in ms. */
  readonly now: () => number;
  readonly log: GatewayLog;
  threadStarted(subscription: ThreadSubscription): void;
  threadEnded(subscription: ThreadSubscription): void;
  inspectionStarted(subscription: InspectionSubscription): void;
  inspectionEnded(subscription: InspectionSubscription): void;
  shellStarted(subscription: ShellSubscription): void;
  shellEnded(subscription: ShellSubscription): void;
  closed(socket: ClientSocket): void;
}

/** A client that has been let in. */
export interface Admitted {
  readonly ws: WebSocket;
  readonly wire: Wire;
  readonly principal: Principal;
}

export interface GatewayLog {
  warn(details: object, message: string): void;
}

export class ClientSocket implements MethodContext, Work {
  readonly principal: Principal;
  readonly runtime: Runtime;
  readonly limits: Limits;
  readonly outbox: Outbox;
  readonly #ws: WebSocket;
  readonly #host: SocketHost;
  readonly #bucket: TokenBucket;
  readonly #inbox = new Inbox();
  readonly #subscriptions = new Map<string, Subscription>();
  #subscriptionNumber = 0;
  #isAlive = true;
  #isOpen = true;

  constructor({ ws, wire, principal }: Admitted, host: SocketHost) {
    const { runtime, limits, now, flush } = host;
    this.principal = principal;
    this.runtime = runtime;
    this.limits = limits;
    this.#ws = ws;
    this.#host = host;
    this.#bucket = new TokenBucket({
      ratePerSecond: limits.requestsPerSecond,
      burstCount: limits.requestBurstCount,
      now,
    });
    const onOverrun = (): void => this.close(CLOSE_CODES.lagging, 'reads too slowly');
    this.outbox = new Outbox(ws, { limits, now, onOverrun, wire, flush });
    ws.on('message', (data, isBinary) => this.#onMessage(data, isBinary));
    ws.on('ping', () => this.#onPing());
    ws.on('pong', () => (this.#isAlive = true));
    // the close that follows says what there is to say
    ws.on('error', () => this.#end());
    ws.on('close', () => this.#end());
  }

  /** Says no more, and ends the connection if the client does not answer the close within 2 s. */
  close(code: number, reason: string): void {
    if (!this.#isOpen) return;
    this.#end();
    this.#host.stats.addClose(code);
    this.#ws.close(code, reason);
  }

  terminate(): void {
    this.#ws.terminate();
  }

  /** Ends a client that did not answer the last ping, and pings again. */
  ping(): void {
    if (!this.#isAlive) return this.terminate();
    this.#isAlive = false;
    if (this.#isOpen) this.#ws.ping();
  }

  /** A defect of ours: the client has to come again, and resumes from its cursor. */
  fail(error: unknown): void {
    this.#host.log.warn({ err: error }, 'socket failed');
    this.close(CLOSE_CODES.internal, 'internal error');
  }

  /** One request from the inbox. While the client is behind it is not heard. */
  step(): boolean {
    if (!this.#isOpen) return false;
    if (!this.outbox.isWritten) {
      this.outbox.whenWritten(this.#resume);
      return false;
    }
    const text = this.#inbox.shift();
    if (text !== undefined) this.#answer(text);
    if (!this.#inbox.isFull(this.limits) && this.#ws.isPaused) this.#ws.resume();
    return this.#inbox.length > 0;
  }

  subscribeThread(params: ParamsOf<'orchestration.subscribeThread'>): string {
    const subscription = new ThreadSubscription(this.#nextId(), params, this.#surroundings());
    this.#subscriptions.set(subscription.id, subscription);
    this.#host.threadStarted(subscription);
    return subscription.id;
  }

  subscribeShell(params: ParamsOf<'orchestration.subscribeShell'>): string {
    const subscription = new ShellSubscription(this.#nextId(), params, this.#surroundings());
    this.#subscriptions.set(subscription.id, subscription);
    this.#host.shellStarted(subscription);
    return subscription.id;
  }

  inspectThread(params: ParamsOf<'inspection.subscribeThread'>): string {
    const subscription = new InspectionSubscription(this.#nextId(), params, this.#surroundings());
    this.#subscriptions.set(subscription.id, subscription);
    this.#host.inspectionStarted(subscription);
    return subscription.id;
  }

  /** @throws {RuntimeError} SUBSCRIPTION_NOT_FOUND */
  unsubscribe(subscriptionId: string): void {
    this.#endSubscription(this.#find(subscriptionId));
  }

  /** @throws {RuntimeError} SUBSCRIPTION_NOT_FOUND */
  acknowledge(subscriptionId: string, sequence: number): void {
    this.#find(subscriptionId).acknowledge(sequence);
  }

  readonly #resume = (): void => this.#host.pump.add(this);

  #find(subscriptionId: string): Subscription {
    const subscription = this.#subscriptions.get(subscriptionId);
    if (subscription !== undefined) return subscription;
    throw new RuntimeError('SUBSCRIPTION_NOT_FOUND', `no subscription ${subscriptionId} on this socket`, {
      details: { subscriptionId },
    });
  }

  #nextId(): string {
    const { subscriptionCount } = this.limits;
    if (this.#subscriptions.size >= subscriptionCount) {
      throw new RuntimeError('RATE_LIMITED', `a socket has at most ${subscriptionCount} subscriptions`, {
        details: { subscriptionCount },
      });
    }
    this.#subscriptionNumber += 1;
    return `s${this.#subscriptionNumber}`;
  }

  #surroundings(): Surroundings {
    const { stats, pump } = this.#host;
    const fail = (error: unknown): void => this.fail(error);
    return { runtime: this.runtime, limits: this.limits, outbox: this.outbox, stats, pump, fail };
  }

  #onMessage(data: RawData, isBinary: boolean): void {
    if (!this.#isOpen) return;
    if (isBinary) return this.close(CLOSE_CODES.notText, 'one message is one text frame');
    this.#inbox.push(textOf(data));
    if (this.#inbox.isFull(this.limits)) this.#ws.pause();
    this.#host.pump.add(this);
  }

  #onPing(): void {
    if (this.#bucket.take() === 'abused') this.close(CLOSE_CODES.tooFast, 'too many pings');
  }

  #answer(text: string): void {
    this.#host.stats.requestCount += 1;
    const taken = this.#bucket.take();
    if (taken === 'abused') return this.close(CLOSE_CODES.tooFast, 'too many requests');
    const request = parseRequest(text, this.limits.inboundDepth);
    if ('problem' in request) return this.outbox.send(malformedText(request));
    if (taken === 'taken') return this.#call(request);
    this.#refuse(
      request,
      new RuntimeError('RATE_LIMITED', `more than ${this.limits.requestsPerSecond} requests/s`),
    );
  }

  #call(request: Request): void {
    try {
      const result = callMethod<MethodContext>(HANDLERS, this, request);
      if (result instanceof Promise) {
        result.then(
          (value) => this.#reply(request, value),
          (error: unknown) => this.#refuse(request, error),
        );
      } else this.#reply(request, result);
    } catch (error) {
      this.#refuse(request, error);
    }
  }

  #reply({ id }: Request, result: unknown): void {
    if (id !== undefined && this.#isOpen) this.outbox.send(resultText(id, result));
  }

  #refuse({ id, method }: Request, error: unknown): void {
    this.#host.stats.refusalCount += 1;
    if (!(error instanceof RuntimeError)) this.#host.log.warn({ err: error, method }, 'method failed');
    if (id !== undefined && this.#isOpen) this.outbox.send(errorText(id, error));
  }

  #endSubscription(subscription: Subscription): void {
    this.#subscriptions.delete(subscription.id);
    subscription.end();
    if (subscription instanceof ThreadSubscription) this.#host.threadEnded(subscription);
    if (subscription instanceof InspectionSubscription) this.#host.inspectionEnded(subscription);
    if (subscription instanceof ShellSubscription) this.#host.shellEnded(subscription);
  }

  #end(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.outbox.close();
    this.#inbox.clear();
    this.#host.pump.remove(this);
    for (const subscription of this.#subscriptions.values()) this.#endSubscription(subscription);
    this.#host.closed(this);
  }
}

function textOf(data: RawData): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString();
  return Buffer.isBuffer(data) ? data.toString() : Buffer.from(data).toString();
}
