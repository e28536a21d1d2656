/** What the contract of providers needs to drive any of them: an agent that is real, and a model that does as it is told. */
import type { Gate } from '../model-endpoint/gate.ts';
import type { RuntimeMode } from '../../machines/domain/settings.ts';
import type { InstanceConfig, ProviderDriver } from '../../machines/ports/provider.ts';

/** What went wrong at the model's end. */
export type ModelFailure = 'server-error' | 'unauthorized' | 'rate-limited' | 'no-quota' | 'dropped';

/** One thing that the agent's model does. */
export type Act =
  | { readonly do: 'say'; readonly text: string; readonly chunkLength?: number }
  | { readonly do: 'think'; readonly text: string }
  /** A shell command; `asks`: of a kind that needs consent under the policy of the contract's threads. */
  | { readonly do: 'run'; readonly command: string; readonly asks?: boolean }
  /** A new file; `asks`: outside of what the policy allows. */
  | { readonly do: 'write'; readonly path: string; readonly content: string }
  | { readonly do: 'ask'; readonly question: string; readonly options: readonly string[] }
  | { readonly do: 'wait'; readonly gate: string }
  | { readonly do: 'fail'; readonly how: ModelFailure }
  /** Never goes on. */
  | { readonly do: 'hang' };

/** What a model does in its first, second, … reply to a prompt; the last is repeated. */
export type Replies = readonly (readonly Act[])[];

/** A prompt, and what the model does for it. */
export interface Scripted {
  readonly prompt: string;
  readonly replies: Replies;
  /** `steer`: it comes while the prompt scripted before is at its gate. */
  readonly as: 'prompt' | 'steer';
}

/**
 * What a provider may be without: processes that do what is shown, a model that answers what it is asked, memory of a
 * conversation after its connection, a person whom it asks.
 */
export type Part = 'processes' | 'model' | 'memory' | 'person';

/** How the output of an agent can be spoilt on its way. */
export type Fault = 'slow' | 'pieces' | 'noise' | 'chatter' | 'flood' | 'silent' | 'crash';

export interface ProviderWorld {
  readonly driver: ProviderDriver;
  /** What has a process of its own: the instance, or each of its connections. */
  readonly processPer: 'instance' | 'connection';
  readonly instance: InstanceConfig;
  /** An empty folder, with its symbolic links resolved. */
  readonly workspace: string;
  /** What is done for a prompt of exactly this text. */
  script(prompt: string, replies: Replies, as?: Scripted['as']): void;
  gate(name: string): Gate;
  /** What the model was shown for the last prompt of that text, as one string. */
  shown(prompt: string): string;
  /** In what the model is shown while it is to plan, and only then. */
  readonly planMark: RegExp;
  /** Parts that there are none of; tests that need one are skipped with it as the reason, and the lack itself is tested. */
  readonly lacks?: readonly Part[];
  /** Left out: what became of a prompt can be asked after a restart. */
  readonly looksUp?: false;
  /** What threads are set to: `run` is not asked about, `runAsking` is. Default: `auto-accept-edits`. */
  readonly runtimeMode?: RuntimeMode;
  /** One that is not the default; absent: the agent takes any name. */
  readonly otherModel?: string;
  /** Ends the model and deletes the files; the adapter is disposed of before. */
  close(): Promise<void>;
}

export const say = (text: string, chunkLength?: number): Act => ({
  do: 'say',
  text,
  ...(chunkLength === undefined ? {} : { chunkLength }),
});
export const run = (command: string): Act => ({ do: 'run', command });
/** A command that a person is asked about. */
export const runAsking = (command: string): Act => ({ do: 'run', command, asks: true });
export const wait = (gate: string): Act => ({ do: 'wait', gate });
export const fail = (how: ModelFailure): Act => ({ do: 'fail', how });
