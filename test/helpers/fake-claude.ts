import { join } from 'node:path';
import { claudeDriver } from '../../adapters/claude/index.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { ProviderAdapter } from '../../machines/ports/provider.ts';
import { ProviderHarness } from './provider-harness.ts';
import { ProviderThread } from './provider-thread.ts';

const COMMAND = join(import.meta.dirname, '..', 'fixtures', 'fake-claude.mjs');

/** What the fake does for a request or a prompt. */
export interface FakeStep {
  readonly result?: object;
  readonly error?: string;
  readonly raw?: readonly string[];
  readonly floodBytes?: number;
  readonly stderr?: string;
  readonly exit?: number;
}

/** The claude adapter on a claude that does what the script says. */
export class FakeClaude {
  readonly harness = new ProviderHarness();
  readonly adapter: ProviderAdapter;
  readonly instanceId = instanceIdSchema.parse('claude');

  constructor(script: object = {}) {
    const env = { FAKE_CLAUDE: JSON.stringify(script), IS_SANDBOX: '1' };
    const instance = { instanceId: this.instanceId, driver: 'claude', command: COMMAND, env };
    this.adapter = claudeDriver.create(instance, this.harness);
  }

  start(): void {
    this.adapter.perform({ type: 'process.start', instanceId: this.instanceId });
  }

  thread(settings: Partial<Settings> = {}): ProviderThread {
    return new ProviderThread(this.adapter, this.harness, settings);
  }

  /** A started instance with an open thread. */
  async open(settings: Partial<Settings> = {}): Promise<ProviderThread> {
    this.start();
    await this.harness.awaitInstance('process.started');
    const thread = this.thread(settings);
    await thread.open();
    return thread;
  }

  /** The frames of a type that claude was sent, in order. */
  sent(type: string): Record<string, unknown>[] {
    return this.harness.frames
      .filter(({ direction }) => direction === 'out')
      .map(({ frame }): Record<string, unknown> => JSON.parse(frame))
      .filter((frame) => frame['type'] === type);
  }

  /** The requests of a subtype that claude was sent. */
  asked(subtype: string): unknown[] {
    return this.sent('control_request')
      .map(({ request }) => request)
      .filter((request) => Reflect.get(Object(request), 'subtype') === subtype);
  }
}

/** A line of claude, as text for `raw`. */
export const line = (frame: object): string => `${JSON.stringify(frame)}\n`;
