/** The real runtime and gateway, whose provider says what the test makes it say, and whose timers fire when it says so. */
import { onTestFinished } from 'vitest';
import { readFileSync } from 'node:fs';
import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type { ThreadId } from '../../machines/domain/ids.ts';
import { instanceIdSchema, threadIdSchema } from '../../machines/domain/ids.ts';
import {
  COMMAND_INPUT_TYPES,
  PROVIDER_INPUT_TYPES,
  TIMER_INPUT_TYPES,
  type ProviderInput,
  type RuntimeInput,
  type ThreadInput,
} from '../../machines/domain/input.ts';
import type { InstanceInput } from '../../machines/domain/instance.ts';
import type { Journal } from '../../machines/ports/journal.ts';
import type { InstanceReportInput, ProviderDriver, ProviderHost } from '../../machines/ports/provider.ts';
import { connect } from '../../server/client/node.ts';
import type { Client, GivenCommand } from '../../server/client/client.ts';
import { LIMITS } from '../../server/gateway/limits.ts';
import { startHttpServer } from '../../server/http/server.ts';
import { Ingress } from '../../server/runtime/ingress.ts';
import { ThreadRuntime } from '../../server/runtime/runtime.ts';
import { CAPABILITIES } from '../helpers/inputs.ts';
import { MemoryStore, openMemoryJournal } from '../helpers/memory-journal.ts';
import { sabotage } from '../helpers/sabotage.ts';
import { until } from '../helpers/until.ts';
import { makeTempFolder } from '../helpers/temp-folder.ts';
import { TestClock } from '../helpers/test-clock.ts';

const SILENT = { info: () => {}, warn: () => {}, error: () => {} };
const UNLIMITED = { ...LIMITS, requestsPerSecond: 1_000_000, requestBurstCount: 1_000_000 };

/** By the adapter; all else is told by threads, the clock or the runtime. */
const REPORTED: ReadonlySet<string> = new Set([
  'process.started',
  'process.failed',
  'process.exited',
  'process.stopped',
  'instance.reported',
]);

export class PuppetServer {
  readonly runtime: ThreadRuntime;
  readonly journal: Journal;
  /** What the adapters were asked to do. */
  readonly performed: { readonly instanceId: string; readonly effect: ProviderEffect }[] = [];
  readonly #clock = new TestClock();
  /** Ids that the runtime makes next. */
  readonly #nextIds: string[] = [];
  #idCount = 0;
  #ingress: Ingress | null = null;
  readonly #hosts = new Map<string, ProviderHost>();
  #client: Client | null = null;

  /** Threads are those of the first instance. */
  constructor(nativeSteer: boolean, instanceIds: readonly string[] = ['i']) {
    this.journal = openMemoryJournal(new MemoryStore(), {
      now: () => this.#clock.now(),
      makeEpoch: () => 'e1',
    });
    const driver: ProviderDriver = {
      driver: 'puppet',
      create: ({ instanceId }, host) => {
        this.#hosts.set(instanceId, host);
        return {
          capabilities: { ...CAPABILITIES, nativeSteer },
          perform: (effect) => void this.performed.push({ instanceId, effect }),
          setPaused: () => {},
          dispose: () => Promise.resolve(),
        };
      },
    };
    sabotage(Ingress, 'push', (ingress, args, original) => {
      this.#ingress = ingress;
      return original(...args);
    });
    this.runtime = new ThreadRuntime({
      journal: this.journal,
      drivers: [driver],
      instances: instanceIds.map((id) => ({
        instanceId: instanceIdSchema.parse(id),
        driver: 'puppet',
        command: null,
        env: {},
      })),
      processes: {
        spawn: () => {
          throw new Error('a puppet has no process');
        },
      },
      endSurvivor: () => Promise.resolve(),
      clock: this.#clock,
      newId: () => this.#nextIds.shift() ?? `id${(this.#idCount += 1)}`,
      log: SILENT,
      release: 'test',
      deltaWindowMs: 0,
      deltaRetentionMs: 60_000,
      removeAttachment: () => {},
      deletedAfterMs: null,
      connectionIdleMs: 1_800_000,
      redact: (text) => text,
      attachmentPath: () => null,
      isFolder: () => true,
      logFrame: () => '',
      giveUp: () => {},
    });
  }

  /** Gives the client of its gateway; both are gone when the test is. */
  async start(): Promise<Client> {
    await this.runtime.start();
    const folder = makeTempFolder();
    const server = await startHttpServer({
      runtime: this.runtime,
      dataFolder: folder.path,
      port: 0,
      limits: UNLIMITED,
    });
    const token = readFileSync(server.tokenFile, 'utf8').trim();
    const client = await connect({ url: server.url, token });
    this.#client = client;
    onTestFinished(async () => {
      client.close();
      await server.close();
      folder.remove();
    });
    return client;
  }

  /** Does or says it where it comes from: a client, the provider, the clock or the runtime. */
  async play(threadId: string, input: ThreadInput): Promise<void> {
    const id = threadIdSchema.parse(threadId);
    if (COMMAND_INPUT_TYPES.has(input.type)) return this.#command(id, input);
    await this.#committed(id, () => this.#happen(id, input));
  }

  /**
   * Says it where it comes from: the adapter, the clock, or a thread, of which there is none here. `armedBy`: the entry
   * that armed the timer.
   */
  async playInstance(name: string, input: InstanceInput, armedBy: number): Promise<void> {
    const instanceId = instanceIdSchema.parse(name);
    const before = this.journal.instanceVersion(instanceId);
    if (REPORTED.has(input.type)) {
      this.#hosts.get(name)?.reportInstance(input as InstanceReportInput);
    } else if ('timer' in input) {
      const stream = { kind: 'instance', id: instanceId } as const;
      this.#ingress?.push({ kind: 'timer', stream, timer: input.timer, armedBy });
    } else {
      this.#ingress?.push({ kind: 'instance', instanceId, input });
    }
    await until(() => this.journal.instanceVersion(instanceId) > before, {
      describe: `${input.type} is journaled`,
    });
  }

  #happen(id: ThreadId, input: ThreadInput): void {
    if (PROVIDER_INPUT_TYPES.has(input.type)) {
      this.#hosts.get('i')?.report(id, this.#said(input as ProviderInput));
    } else if (TIMER_INPUT_TYPES.has(input.type) && 'timer' in input) {
      // longer than any deadline
      this.#clock.skip(3_600_000);
      const armedBy = this.runtime.threads.peek(id)?.timers[input.timer]?.armedBy ?? -1;
      this.#ingress?.push({ kind: 'timer', stream: { kind: 'thread', id }, timer: input.timer, armedBy });
    } else {
      this.#ingress?.push({ kind: 'runtime', threadId: id, input: input as RuntimeInput });
    }
  }

  /** A provider knows a turn of its own by its own name; the runtime makes the id. */
  #said(input: ProviderInput): ProviderInput {
    if (input.type !== 'provider.turnStarted' || !input.isNew) return input;
    this.#nextIds.push(String(input.turnId));
    return { ...input, turnId: null, attempt: 0, isNew: false };
  }

  async #command(threadId: ThreadId, input: ThreadInput): Promise<void> {
    if (input.type === 'turn.submit') this.#nextIds.push(input.prompt.turnId);
    if (input.type === 'turn.retry' || input.type === 'thread.compact') this.#nextIds.push(input.turnId);
    await this.#client?.dispatch(commandOf(threadId, input));
    this.#nextIds.length = 0;
  }

  /** @throws {Error} when it is not committed: stale timers are dropped without an entry */
  async #committed(threadId: ThreadId, act: () => void): Promise<void> {
    let isCommitted = false;
    const end = this.runtime.onCommitted(({ threads }) => {
      isCommitted ||= threads.some((thread) => thread.threadId === threadId);
    });
    act();
    await until(() => isCommitted);
    end();
  }
}

/** The command that becomes this input. */
function commandOf(threadId: ThreadId, input: ThreadInput): GivenCommand {
  switch (input.type) {
    case 'turn.submit': {
      const { mode, expected, prompt } = input;
      return {
        type: 'turn.submit',
        threadId,
        mode,
        text: prompt.text,
        ...(expected && { turnId: expected }),
      };
    }
    case 'turn.interrupt':
      return { type: 'turn.interrupt', threadId, ...(input.turnId && { turnId: input.turnId }) };
    case 'turn.retry':
    case 'thread.compact':
      return { type: input.type, threadId };
    case 'request.respond':
      return {
        type: 'request.respond',
        threadId,
        requestId: input.requestId,
        ...input.answer,
      } as GivenCommand;
    default:
      return { ...input, threadId } as unknown as GivenCommand;
  }
}
