import { execFile as execFileCallback } from 'node:child_process';
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { AgentTools } from '../../machines/domain/effect.ts';
import type { InstanceId } from '../../machines/domain/ids.ts';
import type { Settings } from '../../machines/domain/settings.ts';
import type { ProviderAdapter } from '../../machines/ports/provider.ts';
import { ProviderHarness } from '../helpers/provider-harness.ts';
import { ProviderThread } from '../helpers/provider-thread.ts';
import { expect } from 'vitest';
import type { Part, ProviderWorld } from './provider-world.ts';

const execFile = promisify(execFileCallback);

/** What each test of the contract finds: a world, a host that listens, and an adapter that nothing was asked of. */
export class ContractStage {
  harness = new ProviderHarness();
  #world: ProviderWorld | null = null;
  #adapter: ProviderAdapter | null = null;
  #isStarted = false;

  get world(): ProviderWorld {
    if (this.#world === null) throw new Error('the stage is not set');
    return this.#world;
  }

  get adapter(): ProviderAdapter {
    if (this.#adapter === null) throw new Error('the stage is not set');
    return this.#adapter;
  }

  get instanceId(): InstanceId {
    return this.world.instance.instanceId;
  }

  set(world: ProviderWorld): void {
    this.#world = world;
    this.harness = new ProviderHarness();
    this.#isStarted = false;
    this.#adapter = world.driver.create(world.instance, this.harness);
  }

  async clear(): Promise<void> {
    await this.adapter.dispose();
    await this.world.close();
  }

  has(part: Part): boolean {
    return this.world.lacks?.includes(part) !== true;
  }

  /** Ends a test that would see nothing without the part; `skip` is the test's own. */
  needs(part: Part, skip: (why: string) => void): void {
    if (!this.has(part)) skip(`the provider is declared to lack: ${part}`);
  }

  /** What the model saw for the prompt, where there is one. */
  expectShown(prompt: string, part: string): void {
    if (this.has('model')) expect(this.world.shown(prompt)).toContain(part);
  }

  async startProcess(): Promise<void> {
    const count = this.harness.instanceReports.filter(({ type }) => type === 'process.started').length;
    this.adapter.perform({ type: 'process.start', instanceId: this.instanceId });
    await this.harness.awaitInstance('process.started', count + 1);
    this.#isStarted = true;
  }

  newThread(settings: Partial<Settings> = {}): ProviderThread {
    const { instanceId, world } = this;
    const { workspace: cwd, runtimeMode = 'auto-accept-edits' } = world;
    return new ProviderThread(this.adapter, this.harness, { cwd, instanceId, runtimeMode, ...settings });
  }

  /** A thread on an open connection, with a process if there is none yet. */
  async openThread(
    settings: Partial<Settings> = {},
    tools: AgentTools | null = null,
  ): Promise<ProviderThread> {
    if (!this.#isStarted) await this.startProcess();
    const thread = this.newThread(settings);
    thread.tools = tools;
    await thread.open();
    return thread;
  }

  /** What a recording has is known before it is played: one with what was scripted since is played by a new adapter. */
  async takeScripts(): Promise<void> {
    if (this.has('model')) return;
    await this.adapter.dispose();
    this.#isStarted = false;
    this.#adapter = this.world.driver.create(this.world.instance, this.harness);
  }

  /** A new adapter on the same files, as after a restart of the server. */
  async restart(): Promise<void> {
    await this.adapter.dispose();
    this.#adapter = this.world.driver.create(this.world.instance, this.harness);
    await this.startProcess();
  }

  /** The processes that belong there when no thread is open. */
  get idleProcessCount(): number {
    return this.world.processPer === 'instance' ? 1 : 0;
  }

  inWorkspace(file: string): string {
    return join(this.world.workspace, file);
  }

  exists(path: string): Promise<boolean> {
    return access(path).then(
      () => true,
      () => false,
    );
  }

  /** Whether a process lives that has this text in its command line. */
  async isRunning(commandText: string): Promise<boolean> {
    const { stdout } = await execFile('ps', ['-A', '-ww', '-o', 'args=']);
    return stdout.includes(commandText);
  }
}
