/** The tiny agent behind one of the protocols that adapters speak, with a scripted model. */
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import type { FaultyWorld } from '../contract/provider-faults.contract.ts';
import type { ModelFailure, ProviderWorld } from '../contract/provider-world.ts';
import { drop, functionCall, httpError, type Step } from '../model-endpoint/step.ts';
import { startScriptedModel, type ToolAct } from './scripted-model.ts';

const AGENT = join(import.meta.dirname, '..', 'fixtures', 'tiny-agent');

export interface TinyWorldOptions {
  readonly driver: ProviderDriver;
  /** The executable of the tiny agent that speaks the driver's protocol, such as `codex`. */
  readonly protocol: string;
  readonly processPer: ProviderWorld['processPer'];
}

export async function makeTinyWorld({
  driver,
  protocol,
  processPer,
}: TinyWorldOptions): Promise<ProviderWorld> {
  const { endpoint, ...model } = await startScriptedModel({ useTool, failures: FAILURES });
  const root = await realpath(await mkdtemp(join(tmpdir(), 'threadchart-tiny-')));
  const workspace = join(root, 'workspace');
  await mkdir(workspace);
  return {
    ...model,
    driver,
    processPer,
    instance: {
      instanceId: instanceIdSchema.parse(protocol),
      driver: driver.driver,
      command: join(AGENT, `${protocol}.mjs`),
      env: {
        TINY_AGENT_MODEL: endpoint.origin,
        TINY_AGENT_HOME: join(root, 'home'),
        CLAUDE_CONFIG_DIR: join(root, 'claude'),
      },
    },
    workspace,
    planMark: /<system-reminder>plan<\/system-reminder>/,
    close: async () => {
      await endpoint.close();
      await rm(root, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

/** The same for an agent that spoils what it says by itself. */
export function selfSpoiling(world: ProviderWorld, chatter: object): FaultyWorld {
  const { instance } = spoilable(world, chatter);
  const spoil = spoilerOf(world, chatter);
  return { ...world, instance: { ...instance, command: world.instance.command }, spoil };
}

/** The same for an agent that runs in a node of its adapter's. */
export function spoiledBy(world: ProviderWorld, chatter: object): FaultyWorld {
  const spoilt = selfSpoiling(world, chatter);
  const env = { ...spoilt.instance.env, NODE_OPTIONS: `--import=${join(AGENT, 'spoil-output.mjs')}` };
  return { ...spoilt, instance: { ...spoilt.instance, env } };
}

/** The same world with an agent that can be spoilt. `chatter`: a message that nobody knows, in the form of its protocol. */
export function spoilable(world: ProviderWorld, chatter: object): FaultyWorld {
  const { instance } = world;
  const spoil = spoilerOf(world, chatter);
  spoil(null);
  const env = { ...instance.env, FAULTY_COMMAND: instance.command ?? '', FAULTY_FILE: faultFileOf(world) };
  return { ...world, instance: { ...instance, command: join(AGENT, 'faulty.mjs'), env }, spoil };
}

const faultFileOf = ({ workspace }: ProviderWorld): string => `${workspace}.fault`;

const spoilerOf =
  (world: ProviderWorld, chatter: object): FaultyWorld['spoil'] =>
  (fault) =>
    writeFileSync(faultFileOf(world), `${fault ?? 'none'}\n${JSON.stringify(chatter)}`);

function useTool(act: ToolAct): Step {
  switch (act.do) {
    case 'run':
      return functionCall('run', { command: act.command, asks: act.asks });
    case 'write':
      return functionCall('write', { path: act.path, content: act.content });
    case 'ask':
      return functionCall('ask', { question: act.question, options: act.options });
  }
}

const FAILURES: Readonly<Record<ModelFailure, Step>> = {
  'server-error': httpError(500),
  unauthorized: httpError(401),
  'rate-limited': httpError(429),
  'no-quota': httpError(402),
  dropped: drop(),
};
