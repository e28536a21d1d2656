/** What `/metrics` tells. Counters start at zero with the server. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Gateway } from '../gateway/gateway.ts';
import type { CommittedThread, CommittedTick, Runtime } from '../runtime/api.ts';
import type { Metric, Sample } from './prometheus.ts';
import { ThreadCensus } from './thread-census.ts';

const NANOSECONDS = 1e9;
const MICROSECONDS = 1e6;
const LAG_RESOLUTION_MS = 20;
const LAG_QUANTILES = [50, 99, 100] as const;

const one = (value: number): Sample[] => [{ value }];
const by = (label: string, counts: Iterable<[string, number]>): Sample[] =>
  [...counts].map(([value, count]) => ({ labels: { [label]: value }, value: count }));

const counter = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `threadchart_${name}_total`,
  type: 'counter',
  help,
  samples,
});
const gauge = (name: string, help: string, samples: readonly Sample[]): Metric => ({
  name: `threadchart_${name}`,
  type: 'gauge',
  help,
  samples,
});

export class Metrics {
  readonly #runtime: Runtime;
  readonly #gateway: Gateway;
  readonly #census: ThreadCensus;
  readonly #lag: ReturnType<typeof monitorEventLoopDelay>;
  readonly #endListening: () => void;
  readonly #turns = new Map<string, number>();
  readonly #entries = new Map<string, number>();
  #commitCount = 0;

  constructor(runtime: Runtime, gateway: Gateway) {
    this.#runtime = runtime;
    this.#gateway = gateway;
    this.#census = new ThreadCensus(runtime.reads);
    this.#lag = monitorEventLoopDelay({ resolution: LAG_RESOLUTION_MS });
    this.#lag.enable();
    this.#endListening = runtime.onCommitted((tick) => this.#onCommitted(tick));
  }

  close(): void {
    this.#endListening();
    this.#lag.disable();
  }

  async collect(): Promise<Metric[]> {
    return [...(await this.#runtimeMetrics()), ...this.#gatewayMetrics(), ...this.#processMetrics()];
  }

  #onCommitted(tick: CommittedTick): void {
    this.#commitCount += 1;
    this.#census.onCommitted(tick);
    for (const thread of tick.threads) this.#countThread(thread);
  }

  #countThread({ entries }: CommittedThread): void {
    for (const { kind, facts } of entries) {
      increase(this.#entries, kind);
      for (const fact of facts) if (fact.type === 'turn.ended') increase(this.#turns, fact.outcome);
    }
  }

  async #runtimeMetrics(): Promise<Metric[]> {
    const { byStatus, openRequestCount } = await this.#census.take();
    const { reads } = this.#runtime;
    return [
      gauge('ready', 'Recovery is finished and the store is open.', one(this.#runtime.isReady() ? 1 : 0)),
      gauge('threads', 'Threads by status, deleted ones left out.', by('status', byStatus)),
      counter('turns', 'Turns that ended, by outcome.', by('outcome', this.#turns)),
      gauge('open_requests', 'Approvals and questions that wait.', one(openRequestCount)),
      gauge('journal_sequence', 'The last sequence of the journal.', one(reads.sequence())),
      counter('commits', 'Ticks that were committed.', one(this.#commitCount)),
      counter('entries', 'Entries of threads that were committed, by kind.', by('kind', this.#entries)),
    ];
  }

  #gatewayMetrics(): Metric[] {
    const { stats, outboxBytes } = this.#gateway;
    return [
      gauge('ws_clients', 'Open sockets.', one(stats.socketCount)),
      gauge('ws_subscriptions', 'Subscriptions of all sockets.', one(stats.subscriptionCount)),
      gauge('outbox_bytes', 'Bytes that wait for slow clients.', one(outboxBytes)),
      counter('ws_requests', 'Messages from clients.', one(stats.requestCount)),
      counter('ws_refusals', 'Requests that were answered with an error.', one(stats.refusalCount)),
      counter('dropped_deltas', 'Deltas that lagging clients were not sent.', one(stats.droppedDeltaCount)),
      counter(
        'resyncs',
        'Clients that were told to start again.',
        by('reason', Object.entries(stats.resyncs)),
      ),
      counter('ws_closes', 'Sockets that the server closed.', by('code', Object.entries(stats.closes))),
    ];
  }

  #processMetrics(): Metric[] {
    const lag = LAG_QUANTILES.map((percent) => ({
      labels: { quantile: String(percent / 100) },
      value: this.#lag.percentile(percent) / NANOSECONDS,
    }));
    const { user, system } = process.cpuUsage();
    return [
      counter('process_cpu_seconds', 'CPU time of the server process.', one((user + system) / MICROSECONDS)),
      gauge('event_loop_lag_seconds', 'Delay of the event loop since the start.', lag),
      gauge('resident_memory_bytes', 'Resident set size.', one(process.memoryUsage.rss())),
    ];
  }
}

function increase(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
