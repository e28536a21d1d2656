/** Flags, environment and file → one frozen configuration. Order: default < file < environment < flag. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { RuntimeError } from '../machines/domain/error.ts';
import { DEFAULT_INSTANCES, instanceSchema, readInstances, type InstanceEntry } from './config-instances.ts';

const durationMs = z.number().int().nonnegative().max(86_400_000);

const retentionSchema = z.strictObject({
  deletedAfterDays: z
    .number()
    .min(0)
    .max(36_500)
    .nullable()
    .default(null)
    .describe('so many days after its deletion a thread is purged: its text is gone for ever'),
});

const delegationSchema = z.strictObject({
  enabled: z.boolean().default(true).describe('`false`: agents are given no tools'),
  depth: z
    .number()
    .int()
    .min(1)
    .max(16)
    .default(3)
    .describe('a thread that is so many tasks away from a person’s cannot delegate'),
  aliveCount: z
    .number()
    .int()
    .min(1)
    .max(256)
    .default(16)
    .describe('while so many threads of a family work, no other begins'),
});

/** The configuration file. Unknown keys are an error. */
export const configFileSchema = z.strictObject({
  $schema: z.string().optional().describe('where the schema of this file is, for editors'),
  host: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('listens there; beyond loopback only with `allowInsecure`'),
  port: z.number().int().min(0).max(65_535).default(4747).describe('0: any free one'),
  allowInsecure: z.boolean().default(false).describe('listens beyond loopback without TLS'),
  allowedHosts: z.array(z.string()).default([]).describe('further values of the `Host` header, without port'),
  allowedOrigins: z
    .array(z.string())
    .default([])
    .describe('further origins of web pages, such as `https://desk.example`'),
  workspaceRoots: z
    .array(z.string().min(1).max(4096))
    .default(['~'])
    .describe('folders in which the console looks for working folders; `~` is the home of the user'),
  durability: z
    .enum(['process', 'power'])
    .default('process')
    .describe('`power`: survives the loss of power too, at the price of a disk flush per commit'),
  deltaWindowMs: durationMs
    .max(1000)
    .default(25)
    .describe('streamed text after the first piece of an item is merged for so long'),
  deltaRetentionMs: durationMs
    .default(60_000)
    .describe(
      'so long after its turn text is kept as it was streamed: who comes back by then misses nothing',
    ),
  connectionIdleMs: durationMs
    .default(1_800_000)
    .describe('an idle provider connection is closed after this; one of Claude after ten minutes'),
  retention: retentionSchema
    .prefault({})
    .describe(
      'what is done with deleted threads: after `deletedAfterDays` they are purged, by default never',
    ),
  delegation: delegationSchema
    .prefault({})
    .describe(
      'the tools by which agents delegate to other agents: `depth` tasks below a person’s thread at most, and `aliveCount` threads of a family at work at a time',
    ),
  drainMs: durationMs.default(10_000).describe('how long running turns may go on after SIGTERM'),
  logLevel: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
    .describe('what is logged, as JSON lines on stderr'),
  protocolLog: z
    .boolean()
    .default(true)
    .describe('keeps what agents say on the wire in `logs/`, without secrets; flag: `--no-protocol-log`'),
  instances: z
    .array(instanceSchema)
    .default(DEFAULT_INSTANCES)
    .describe('the agents that threads can use; a change counts at once'),
});
type ConfigFile = z.infer<typeof configFileSchema>;

export interface Config extends Readonly<Omit<ConfigFile, '$schema' | 'instances'>> {
  readonly instances: readonly InstanceEntry[];
  /** The data folder, absolute. */
  readonly data: string;
}

/** What the command line may set; absent ones are not set. */
export interface ConfigFlags {
  readonly host?: string;
  readonly port?: number;
  readonly data?: string;
  readonly config?: string;
  readonly allowInsecure?: boolean;
  readonly protocolLog?: boolean;
}

/** Where a value of the configuration comes from; `name` is the file, the variable or the flag. */
export type Origin =
  | { readonly from: 'default' }
  | { readonly from: 'file' | 'environment' | 'flag'; readonly name: string };

/** Keys that the environment can set, and by which variable. */
export const ENVIRONMENT = {
  host: 'THREADCHART_HOST',
  port: 'THREADCHART_PORT',
  logLevel: 'THREADCHART_LOG_LEVEL',
  durability: 'THREADCHART_DURABILITY',
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** The data folder: `--data`, else `THREADCHART_HOME`, else `~/.threadchart`. */
export function dataFolder(flags: ConfigFlags, env: Environment): string {
  return resolve(flags.data ?? env['THREADCHART_HOME'] ?? join(homedir(), '.threadchart'));
}

/** The configuration file: `--config`, else `THREADCHART_CONFIG`, else `config.json` in the data folder. */
export function configPath(flags: ConfigFlags, env: Environment): string {
  return resolve(flags.config ?? env['THREADCHART_CONFIG'] ?? join(dataFolder(flags, env), 'config.json'));
}

/**
 * An entry of `instances` that cannot be used is in the list, with its problem.
 * @throws {RuntimeError} INVALID_PARAMS naming the key and where it came from, also for a host that is not loopback
 * without `allowInsecure`.
 */
export function loadConfig(flags: ConfigFlags, env: Environment): Config {
  return explainConfig(flags, env).config;
}

/** The configuration, and for each key where its value comes from. @throws as `loadConfig` does */
export function explainConfig(
  flags: ConfigFlags,
  env: Environment,
): { readonly config: Config; readonly origins: Readonly<Record<string, Origin>> } {
  const data = dataFolder(flags, env);
  const path = configPath(flags, env);
  const isAskedFor = (flags.config ?? env['THREADCHART_CONFIG']) !== undefined;
  const given = readConfigFile(path, isAskedFor);
  const { rest, instances } = apartInstances(given);
  const file = parse(rest, path);
  const variables = fromEnvironment(env);
  const chosen = fromFlags(flags);
  const merged = parse({ ...file, ...variables, ...chosen }, 'environment and flags');
  const { $schema: _, ...settings } = merged;
  checkHost(settings);
  const config = instances === null ? settings : { ...settings, instances };
  const sources = { file: { path, given }, variables, chosen };
  const origins = Object.keys(config).map((key) => [key, originOf(key, sources)] as const);
  const dataOrigin = dataOriginOf(flags, env);
  return {
    config: Object.freeze({ ...config, data }),
    origins: { ...Object.fromEntries(origins), data: dataOrigin },
  };
}

interface Sources {
  readonly file: { readonly path: string; readonly given: unknown };
  readonly variables: Readonly<Record<string, unknown>>;
  readonly chosen: Readonly<Record<string, unknown>>;
}

function originOf(key: string, { file, variables, chosen }: Sources): Origin {
  if (key in chosen) return { from: 'flag', name: flagOf(key) };
  const variable = Object.entries(ENVIRONMENT).find(([name]) => name === key && name in variables);
  if (variable !== undefined) return { from: 'environment', name: variable[1] };
  const isInFile = typeof file.given === 'object' && file.given !== null && key in file.given;
  return isInFile ? { from: 'file', name: file.path } : { from: 'default' };
}

const flagOf = (key: string): string =>
  `--${key === 'protocolLog' ? 'no-' : ''}${key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

function dataOriginOf({ data }: ConfigFlags, env: Environment): Origin {
  if (data !== undefined) return { from: 'flag', name: '--data' };
  return env['THREADCHART_HOME'] === undefined
    ? { from: 'default' }
    : { from: 'environment', name: 'THREADCHART_HOME' };
}

/** JSON schema of the configuration file, for editors. */
export function configSchemaJson(): Readonly<Record<string, unknown>> {
  const schema = z.toJSONSchema(configFileSchema, { io: 'input', target: 'draft-7' });
  return { ...schema, title: 'threadchart configuration' };
}

function readConfigFile(path: string, isAskedFor: boolean): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    if (isMissing && !isAskedFor) return {};
    throw new RuntimeError('INVALID_PARAMS', `the configuration ${path} cannot be read: ${String(cause)}`, {
      cause,
    });
  }
}

/** A bad entry of `instances` must not make the whole file unusable. `null`: there is no list. */
function apartInstances(given: unknown): {
  readonly rest: unknown;
  readonly instances: InstanceEntry[] | null;
} {
  if (typeof given !== 'object' || given === null || !('instances' in given))
    return { rest: given, instances: null };
  const { instances, ...rest } = given;
  return Array.isArray(instances)
    ? { rest, instances: readInstances(instances) }
    : { rest: given, instances: null };
}

function parse(given: unknown, source: string): ConfigFile {
  const parsed = configFileSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw new RuntimeError('INVALID_PARAMS', `${source}: ${z.prettifyError(parsed.error)}`);
}

function fromEnvironment(env: Environment): Record<string, unknown> {
  const given: Record<string, unknown> = {};
  for (const [key, name] of Object.entries(ENVIRONMENT)) {
    const value = env[name];
    if (value !== undefined) given[key] = key === 'port' ? Number(value) : value;
  }
  return given;
}

function fromFlags({ host, port, allowInsecure, protocolLog }: ConfigFlags): Record<string, unknown> {
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(allowInsecure === undefined ? {} : { allowInsecure }),
    // it can only be turned off: nobody has asked for what is the default
    ...(protocolLog === false ? { protocolLog } : {}),
  };
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|::1)$/;

function checkHost({ host, allowInsecure }: Pick<Config, 'host' | 'allowInsecure'>): void {
  if (LOOPBACK.test(host) || allowInsecure) return;
  throw new RuntimeError(
    'INVALID_PARAMS',
    `${host} is not loopback: put a TLS proxy before the server, or give --allow-insecure`,
  );
}
