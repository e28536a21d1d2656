/** Every arrow of the instance's chart against the running server: the shell's frame is the row of the model. */
import { describe, expect, it } from 'vitest';
import type { Charts, Drawn } from '../../machines/charts.ts';
import { instanceIdSchema, type InstanceId } from '../../machines/domain/ids.ts';
import {
  evolveInstance,
  instanceInputSchema,
  instanceStateSchema,
  type InstanceFact,
  type InstanceInput,
  type InstanceReport,
  type InstanceRow,
} from '../../machines/domain/instance.ts';
import { evolveTimers, type ArmedTimers } from '../../machines/domain/timer.ts';
import { Stepper } from '../../machines/step.ts';
import type { ShellView } from '../../server/client/client.ts';
import { CAPABILITIES } from '../helpers/inputs.ts';
import { until } from '../helpers/until.ts';
import { InstanceExplorer, waysOverArrows } from './instance-world.ts';
import { PuppetServer } from './puppet-server.ts';

const stepper = new Stepper('instance');

/** An instance as its chart alone has it. */
class ModelInstance {
  #charts: Charts;
  timers: ArmedTimers = {};
  row: InstanceRow | null = null;

  constructor(instanceId: InstanceId, sequence: number) {
    const start = { instanceId, driver: 'puppet', capabilities: { ...CAPABILITIES, nativeSteer: false } };
    const { charts, drawn } = stepper.start(start);
    this.#charts = charts;
    this.#fold(drawn, sequence);
  }

  step(input: InstanceInput, sequence: number): Drawn {
    const { charts, drawn } = stepper.step(this.#charts, input);
    this.#charts = charts;
    if ('timer' in input) {
      const { [input.timer]: _, ...rest } = this.timers;
      this.timers = rest;
    }
    this.#fold(drawn, sequence);
    return drawn;
  }

  get value(): unknown {
    return this.#charts.root.value;
  }

  #fold(drawn: Drawn, sequence: number): void {
    this.timers = evolveTimers(this.timers, drawn.timers, { sequence, at: 0 });
    for (const fact of drawn.facts) this.row = evolveInstance(this.row, fact as InstanceFact);
  }
}

/** What a process says is another thing each time, so that a row of the step before is not taken for this one's. */
function told(input: InstanceInput, step: number): InstanceInput {
  const report: InstanceReport = {
    version: `1.${step}`,
    account: step % 3 === 0 ? null : { label: `person ${step}`, plan: step % 2 === 0 ? 'max' : null },
    loginRequired: step % 3 === 0,
    models: [{ id: `m${step}`, name: `Model ${step}`, isDefault: true, options: { effort: ['low'] } }],
    commands: [{ name: `c${step}`, description: 'does it' }],
    rateLimits: [{ name: '5h', usedPercent: step, resetsAt: null }],
  };
  if (input.type === 'process.started' || input.type === 'instance.reported') return { ...input, report };
  if (input.type !== 'process.failed' && input.type !== 'process.exited') return input;
  return { ...input, failure: { ...input.failure, message: `at step ${step}` } };
}

class Walker {
  readonly #server: PuppetServer;
  readonly #instanceId: InstanceId;
  readonly #rows: () => ShellView | null;
  readonly types = new Set<string>();
  readonly values = new Set<unknown>();
  stepCount = 0;

  constructor(server: PuppetServer, name: string, rows: () => ShellView | null) {
    this.#server = server;
    this.#instanceId = instanceIdSchema.parse(name);
    this.#rows = rows;
  }

  async walk(way: readonly InstanceInput[]): Promise<void> {
    const model = new ModelInstance(this.#instanceId, this.#lastEntry().sequence);
    await this.#compare(model, 'instance.create');
    for (const [index, planned] of way.entries()) {
      const input = told(planned, index);
      const armedBy = 'timer' in input ? (model.timers[input.timer]?.armedBy ?? -1) : -1;
      const performedBefore = this.#performed().length;
      await this.#server.playInstance(this.#instanceId, input, armedBy);
      const { input: journaled, sequence, outcome, facts } = this.#lastEntry();
      expect({ outcome, input: journaled }).toEqual({
        outcome: 'applied',
        input: 'timer' in input ? { ...input, armedBy } : input,
      });
      const drawn = model.step(journaled, sequence);
      expect(facts).toEqual(drawn.facts);
      // a thread that is not there wants nothing opened
      const ofProcess = drawn.effects.filter(({ type }) => type.startsWith('process.'));
      expect(this.#performed().slice(performedBefore)).toEqual(ofProcess);
      this.stepCount += 1;
      this.types.add(input.type);
      this.values.add(model.value);
      const types = way.slice(0, index + 1).map(({ type }) => type);
      await this.#compare(model, types.join(' > '));
    }
  }

  #lastEntry() {
    const { journal } = this.#server;
    const version = journal.instanceVersion(this.#instanceId);
    const entry = journal.readInstance(this.#instanceId, version - 1, { limit: 1, deltas: false })[0];
    if (entry === undefined) throw new Error('the instance has no entry');
    return entry;
  }

  #performed() {
    return this.#server.performed.flatMap(({ instanceId, effect }) =>
      instanceId === this.#instanceId ? [effect] : [],
    );
  }

  /** What is not configured any more is not shown any more. */
  async #compare(model: ModelInstance, way: string): Promise<void> {
    const row = model.row?.removed === true ? undefined : model.row;
    const isShown = (): boolean => JSON.stringify(this.#shown) === JSON.stringify(row);
    await until(isShown).catch(() => expect({ way, row: this.#shown }).toEqual({ way, row }));
  }

  get #shown(): InstanceRow | undefined {
    return this.#rows()?.instances.get(this.#instanceId);
  }
}

describe('every arrow of the instance’s chart leads to the row that the shell shows', () => {
  const types = new Set<string>(['instance.create']);

  it('in each of its states', { timeout: 300_000 }, async () => {
    const ways = waysOverArrows(new InstanceExplorer().states);
    const names = ways.map((_, index) => `i${index}`);
    const server = new PuppetServer(false, names);
    const client = await server.start();
    let view: ShellView | null = null;
    const following = client.subscribeShell({ onView: (shown) => (view = shown) });
    await until(() => view);
    const values = new Set<unknown>();
    let stepCount = 0;
    for (const [index, way] of ways.entries()) {
      const walker = new Walker(server, `i${index}`, () => view);
      await walker.walk(way);
      stepCount += walker.stepCount;
      for (const type of walker.types) types.add(type);
      for (const value of walker.values) values.add(value);
    }
    following.end();
    console.log(`instance: ${ways.length} ways, ${stepCount} steps`);
    expect(values).toEqual(new Set(instanceStateSchema.options));
    expect(ways.length).toBeGreaterThanOrEqual(205);
    expect(stepCount).toBeGreaterThanOrEqual(572);
  });

  it('by every catalogued input', () => {
    const all = instanceInputSchema.options.map(({ shape }) => shape.type.value);
    expect(all.filter((type) => !types.has(type))).toEqual([]);
  });
});
