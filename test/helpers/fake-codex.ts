import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { codexDriver } from '../../adapters/codex/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { ProviderAdapter } from '../../machines/ports/provider.ts';
import { ProviderHarness } from './provider-harness.ts';
import { ProviderThread } from './provider-thread.ts';

const COMMAND = join(import.meta.dirname, '..', 'fixtures', 'fake-codex.mjs');

/** What the fake does for a request. */
export interface FakeStep {
  readonly result?: object;
  readonly error?: { readonly code: number; readonly message: string };
  readonly raw?: readonly string[];
  readonly floodBytes?: number;
  readonly stderr?: string;
  readonly exit?: number;
}
export type FakeScript = Readonly<Record<string, readonly FakeStep[]>>;

/** The codex adapter on a codex that does what the script says, by method. */
export class FakeCodex {
  readonly harness = new ProviderHarness();
  readonly adapter: ProviderAdapter;
  readonly instanceId = instanceIdSchema.parse('codex');

  constructor(script: FakeScript = {}, { driver = codexDriver, command = COMMAND } = {}) {
    const env = { FAKE_CODEX: JSON.stringify(script) };
    const instance = { instanceId: this.instanceId, driver: 'codex', command, env };
    this.adapter = driver.create(instance, this.harness);
  }

  start(): void {
    this.adapter.perform({ type: 'process.start', instanceId: this.instanceId });
  }

  thread(settings: Partial<Settings> = {}): ProviderThread {
    return new ProviderThread(this.adapter, this.harness, settings);
  }

  /** A started process with an open thread. */
  async open(settings: Partial<Settings> = {}): Promise<ProviderThread> {
    this.start();
    await this.harness.awaitInstance('process.started');
    const thread = this.thread(settings);
    await thread.open();
    return thread;
  }

  /** The parameters that codex was sent with a method, in order. */
  sent(method: string): unknown[] {
    return this.harness.frames
      .filter(({ direction }) => direction === 'out')
      .map(({ frame }): { method?: string; params?: unknown } => JSON.parse(frame))
      .filter((message) => message.method === method)
      .map(({ params }) => params);
  }

  /** What codex was answered, by the id of its request. */
  answers(): Record<string, unknown>[] {
    return this.harness.frames
      .filter(({ direction }) => direction === 'out')
      .map(({ frame }): Record<string, unknown> => JSON.parse(frame))
      .filter((message) => !('method' in message));
  }
}

/** A line of codex, as text for `raw`. */
export const line = (message: object): string => `${JSON.stringify(message)}\n`;

/** A notification of codex about its only thread. */
export const onThread = (method: string, params: object = {}): string =>
  line({ method, params: { threadId: 'n', ...params } });

/** What codex answers when its only thread is opened. */
export const threadAnswer = (more: object): object => ({
  thread: { id: 'n', status: { type: 'idle' } },
  model: 'm',
  cwd: '/',
  approvalPolicy: 'on-request',
  approvalsReviewer: 'user',
  sandbox: { type: 'workspaceWrite' },
  ...more,
});

/** Ended with its test, which fails when a process is left or something was told that fits no schema. */
export function fakeCodex(script: FakeScript = {}): FakeCodex {
  const fake = new FakeCodex(script);
  onTestFinished(async () => {
    await fake.adapter.dispose();
    expect(fake.harness.defects).toEqual([]);
    expect(fake.harness.rows.size).toBe(0);
  });
  return fake;
}
