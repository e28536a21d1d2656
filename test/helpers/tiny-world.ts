/** The tiny agent behind one of the protocols that adapters speak, with a scripted model. */
import { writeFileSync } from 'node:fs';
import { mkdir, mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import type { FaultyWorld } from '../contract/provider-faults.contract.ts';
import type { Act, ModelFailure, ProviderWorld, Replies } from '../contract/provider-world.ts';
import type { ParsedRequest } from '../model-endpoint/parse-request.ts';
import { startModelEndpoint } from '../model-endpoint/start-model-endpoint.ts';
import {
  drop,
  functionCall,
  gate,
  hang,
  httpError,
  reasoning,
  text,
  type Step,
} from '../model-endpoint/step.ts';

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
  const script = new TinyScript();
  const endpoint = await startModelEndpoint((request) => script.reply(request));
  const root = await realpath(await mkdtemp(join(tmpdir(), 'threadchart-tiny-')));
  const workspace = join(root, 'workspace');
  await mkdir(workspace);
  return {
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
    script: (prompt, replies) => script.set(prompt, replies),
    gate: (name) => endpoint.gate(name),
    shown: (prompt) =>
      JSON.stringify(endpoint.requests.findLast(({ userText }) => userText === prompt)?.input ?? null),
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

/** Replies by prompt, counted per conversation and prompt. */
class TinyScript {
  readonly #replies = new Map<string, Replies>();
  readonly #counts = new Map<string, number>();

  set(prompt: string, replies: Replies): void {
    this.#replies.set(prompt, replies);
  }

  reply({ userText, threadId }: ParsedRequest): readonly Step[] {
    const replies = this.#replies.get(userText);
    if (replies === undefined) throw new Error(`no script for ${JSON.stringify(userText)}`);
    const key = `${threadId}\n${userText}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    return (replies[count] ?? replies.at(-1) ?? []).map(stepOf);
  }
}

function stepOf(act: Act): Step {
  switch (act.do) {
    case 'say':
      return text(act.text, act.chunkLength === undefined ? {} : { chunkLength: act.chunkLength });
    case 'think':
      return reasoning(act.text);
    case 'run':
      return functionCall('run', { command: act.command, asks: act.asks });
    case 'write':
      return functionCall('write', { path: act.path, content: act.content });
    case 'ask':
      return functionCall('ask', { question: act.question, options: act.options });
    case 'wait':
      return gate(act.gate);
    case 'fail':
      return FAILURES[act.how];
    case 'hang':
      return hang();
  }
}

const FAILURES: Readonly<Record<ModelFailure, Step>> = {
  'server-error': httpError(500),
  unauthorized: httpError(401),
  'rate-limited': httpError(429),
  'no-quota': httpError(402),
  dropped: drop(),
};
