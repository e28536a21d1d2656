/** The user's own `@cursor/sdk`: where it is, and as much of its surface as is used here. */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const PACKAGE = '@cursor/sdk';

export interface SdkRun {
  readonly id: string;
  /** The same as the updates, in other words, and what those leave out. */
  stream(): AsyncIterable<unknown>;
  /** Resolves at its end, with what became of it. */
  wait(): Promise<unknown>;
  cancel(): Promise<void>;
  /** Resolves when the running turn has taken the text in, or will not. Some versions have none. */
  steer?(text: string): Promise<string>;
}

export interface SdkMessage {
  readonly text: string;
  readonly images?: readonly { readonly data: string; readonly mimeType: string }[];
}

export interface SdkModel {
  readonly id: string;
  readonly params?: readonly { readonly id: string; readonly value: string }[];
}

export interface SendOptions {
  readonly model: SdkModel;
  readonly mode: 'agent' | 'plan';
  readonly onDelta: (told: { readonly update: unknown }) => Promise<void>;
  readonly local: { readonly force: boolean };
}

export interface SdkAgent {
  send(message: SdkMessage, options: SendOptions): Promise<SdkRun>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface AgentOptions {
  readonly agentId?: string;
  readonly model: SdkModel;
  readonly tools?: readonly string[];
  readonly disallowedTools: readonly string[];
  readonly local: {
    readonly cwd: string;
    readonly store: SdkStore;
    readonly sandboxOptions: { readonly enabled: boolean };
    readonly autoReview: boolean;
  };
}

export interface RunRow {
  readonly runId: string;
  readonly status: string;
  readonly error?: string | null;
}

interface Page<T> {
  readonly items: readonly T[];
  readonly nextCursor?: string;
}

/** Where the SDK keeps agents; each part is called as it stands. */
export interface SdkStore {
  readonly agents: { get(input: { readonly agentId: string }): Promise<unknown> };
  readonly checkpoints: unknown;
  readonly runs: {
    get(input: { readonly agentId: string; readonly runId: string }): Promise<RunRow | null>;
    create(input: { readonly run: RunRow }): Promise<RunRow>;
    update(input: { readonly run: RunRow }): Promise<RunRow>;
    delete(input: { readonly filter: object }): Promise<void>;
    list(input: {
      readonly filter: { readonly agentIds: readonly string[]; readonly cursor?: string | undefined };
    }): Promise<Page<RunRow>>;
  };
  readonly runEvents: {
    append(input: {
      readonly runId: string;
      readonly eventType: string;
      readonly payload: unknown;
      readonly idempotencyKey: string;
    }): Promise<unknown>;
    list(input: { readonly runId: string; readonly limit: number }): Promise<{
      readonly items: readonly { readonly eventType: string; readonly idempotencyKey: string | null }[];
    }>;
  };
}

interface Surface {
  readonly Agent: {
    create(options: AgentOptions): Promise<SdkAgent>;
    resume(agentId: string, options: AgentOptions): Promise<SdkAgent>;
  };
  readonly Cursor: {
    me(): Promise<unknown>;
    readonly models: { list(): Promise<unknown> };
  };
}

interface Storage {
  readonly SqliteLocalAgentStore: {
    open(options: { readonly workspaceRef: string; readonly stateRoot: string }): Promise<SdkStore>;
  };
}

export interface Sdk extends Surface, Storage {
  readonly version: string | null;
}

/** Nothing is there that could be loaded. */
export class SdkMissing extends Error {
  override readonly name = 'SdkMissing';
}

const isFunction = (value: unknown): boolean => typeof value === 'function';
const has = (value: unknown, ...path: readonly string[]): boolean =>
  isFunction(path.reduce<unknown>((part, name) => Object(part)[name], value));

const surfaceSchema = z.custom<Surface>(
  (value) =>
    has(value, 'Agent', 'create') &&
    has(value, 'Agent', 'resume') &&
    has(value, 'Cursor', 'me') &&
    has(value, 'Cursor', 'models', 'list'),
);
const storageSchema = z.custom<Storage>((value) => has(value, 'SqliteLocalAgentStore', 'open'));

/**
 * Loads it. `folder`: where it is installed, or its own folder; `null`: wherever it is found from here.
 * @throws {SdkMissing} when it is not there, or is something else
 */
export function loadSdk(folder: string | null): Sdk {
  const from = createRequire(folder === null ? import.meta.url : join(folder, 'package.json'));
  const path = resolved(from, folder);
  // 1.0.32 looks for its sandbox and its ripgrep from the program that node was started with
  process.argv[1] = path;
  const surface = surfaceSchema.safeParse(from(PACKAGE));
  const storage = storageSchema.safeParse(from(`${PACKAGE}/sqlite`));
  if (!surface.success || !storage.success) {
    throw new SdkMissing(`${path} is no ${PACKAGE} that can be used: it lacks Agent, Cursor or its store`);
  }
  const { Agent, Cursor } = surface.data;
  const { SqliteLocalAgentStore } = storage.data;
  return { Agent, Cursor, SqliteLocalAgentStore, version: versionOf(dirname(path)) };
}

function resolved(from: NodeJS.Require, folder: string | null): string {
  try {
    return from.resolve(PACKAGE);
  } catch {
    const where = folder === null ? '' : ` in ${folder}`;
    const advice = 'or name the folder where it is installed as `command` of the instance';
    throw new SdkMissing(`${PACKAGE} is not installed${where}: run \`npm install ${PACKAGE}\`, ${advice}`);
  }
}

const manifestSchema = z.looseObject({ name: z.string(), version: z.string() });

/** Its manifest is not among what the package exports. */
function versionOf(folder: string): string | null {
  const path = join(folder, 'package.json');
  const manifest = existsSync(path)
    ? manifestSchema.safeParse(JSON.parse(readFileSync(path, 'utf8'))).data
    : null;
  if (manifest?.name === PACKAGE) return manifest.version;
  return dirname(folder) === folder ? null : versionOf(dirname(folder));
}
