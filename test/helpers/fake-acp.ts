import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { acpDrivers } from '../../adapters/acp/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { ProviderAdapter } from '../../machines/ports/provider.ts';
import { ProviderHarness } from './provider-harness.ts';
import { ProviderThread } from './provider-thread.ts';

const COMMAND = join(import.meta.dirname, '..', 'fixtures', 'fake-acp.mjs');

/** One thing that the fake does; `fake-acp.mjs` says what each is. */
export interface FakeStep {
  readonly update?: object;
  /** Of the update. */
  readonly session?: string;
  readonly notify?: object;
  readonly ask?: { readonly method: string; readonly params: object; readonly requestId?: number | string };
  readonly wait?: false;
  readonly until?: 'cancel';
  readonly child?: string;
  readonly stderr?: string;
  readonly exit?: number;
  readonly result?: object;
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown };
}

/** Steps by method, for its first, second, … request. */
export type FakeScript = Readonly<Record<string, readonly (readonly FakeStep[])[]>>;

interface FakeOptions {
  /** Of the adapter; default `acp`. */
  readonly driver?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly args?: readonly string[];
  /** It does not end with its stdin. */
  readonly staysOn?: boolean;
}

/** The adapter on an agent that does what the script says. */
export class FakeAcp {
  readonly harness = new ProviderHarness();
  readonly adapter: ProviderAdapter;
  readonly workspace: string;
  readonly instanceId = instanceIdSchema.parse('fake');

  private constructor(script: FakeScript, workspace: string, options: FakeOptions) {
    const { driver: name = 'acp', env = {}, args = [], staysOn = false } = options;
    const driver = acpDrivers.find((each) => each.driver === name);
    if (driver === undefined) throw new Error(`there is no driver ${name}`);
    this.workspace = workspace;
    this.adapter = driver.create(
      {
        instanceId: this.instanceId,
        driver: name,
        command: COMMAND,
        args,
        env: { FAKE_ACP: JSON.stringify({ staysOn, ...script }), ...env },
      },
      this.harness,
    );
  }

  static async make(script: FakeScript, options: FakeOptions = {}): Promise<FakeAcp> {
    const workspace = await realpath(await mkdtemp(join(tmpdir(), 'threadchart-acp-')));
    return new FakeAcp(script, workspace, options);
  }

  async start(): Promise<void> {
    this.adapter.perform({ type: 'process.start', instanceId: this.instanceId });
    await this.harness.awaitInstance('process.started');
  }

  thread(settings: Partial<Settings> = {}): ProviderThread {
    return new ProviderThread(this.adapter, this.harness, { cwd: this.workspace, ...settings });
  }

  /** A started instance with an open thread, on which a person is asked for everything unless the settings say otherwise. */
  async open(settings: Partial<Settings> = {}): Promise<ProviderThread> {
    await this.start();
    const thread = this.thread({ runtimeMode: 'approval-required', ...settings });
    await thread.open();
    return thread;
  }

  /** What the agent was sent, in order: parameters of a method, or answers to its requests. */
  sent(method: string): unknown[] {
    return this.#out.filter((message) => message.method === method).map(({ params }) => params);
  }

  /** The results and errors that the agent got, in order. */
  get answers(): unknown[] {
    return this.#out.filter(({ method }) => method === undefined).map(({ result, error }) => result ?? error);
  }

  async dispose(): Promise<void> {
    await this.adapter.dispose();
    await rm(this.workspace, { recursive: true, force: true });
  }

  get #out(): { method?: string; params?: unknown; result?: unknown; error?: unknown }[] {
    const out = this.harness.frames.filter(({ direction }) => direction === 'out');
    return out.map(({ frame }) => JSON.parse(frame));
  }
}

/** Ended with its test, which fails when a process is left or something was told that fits no schema. */
export async function fakeAcp(...given: Parameters<typeof FakeAcp.make>): Promise<FakeAcp> {
  const fake = await FakeAcp.make(...given);
  onTestFinished(async () => {
    await fake.dispose();
    expect(fake.harness.defects).toEqual([]);
    expect(fake.harness.rows.size).toBe(0);
  });
  return fake;
}

/** The handshake of an agent that can do this; `more` is beside it. */
export const hello = (agentCapabilities: object, more: object = {}): FakeScript => ({
  initialize: [
    [
      {
        result: {
          protocolVersion: 1,
          agentInfo: { name: 'fake', version: '1.0.0' },
          agentCapabilities,
          authMethods: [{ id: 'browser', name: 'Log in', description: 'in a browser' }],
          ...more,
        },
      },
    ],
  ],
});

/** A piece of a message. */
export const chunk = (kind: string, text: string): FakeStep => ({
  update: { sessionUpdate: kind, content: { type: 'text', text } },
});

/** The turn is over. */
export const DONE: FakeStep = { result: { stopReason: 'end_turn' } };
