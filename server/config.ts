/** Flags, environment and file → one frozen configuration. Order: default < file < environment < flag. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { z } from 'zod';
import { RuntimeError } from '../machines/domain/error.ts';
import { instanceIdSchema } from '../machines/domain/ids.ts';

const durationMs = z.number().int().nonnegative().max(86_400_000);

const instanceSchema = z.strictObject({
  /** Known to clients by this id; several may use one driver. */
  instanceId: instanceIdSchema,
  driver: z.string().min(1),
  /** The program to run; default: found on PATH. Of the driver `replay`: a recording, or a folder of them. */
  command: z.string().min(1).nullable().default(null),
  /** Added to the environment of the server. */
  env: z.record(z.string(), z.string()).default({}),
});

/** The configuration file. Unknown keys are an error. */
export const configFileSchema = z.strictObject({
  $schema: z.string().optional(),
  host: z.string().min(1).default('127.0.0.1'),
  /** 0: any free port. */
  port: z.number().int().min(0).max(65_535).default(4747),
  /** Listen beyond loopback without TLS. */
  allowInsecure: z.boolean().default(false),
  /** Further values of the `Host` header, without port. */
  allowedHosts: z.array(z.string()).default([]),
  /** Further origins of web pages, such as `https://desk.example`. */
  allowedOrigins: z.array(z.string()).default([]),
  /** `power`: also survives the loss of power, at the price of a disk flush per commit. */
  durability: z.enum(['process', 'power']).default('process'),
  /** Streamed text after the first piece of an item is merged for so long. */
  deltaWindowMs: durationMs.max(1000).default(25),
  /** So long after its turn text is kept as it was streamed: clients that come back by then miss nothing. */
  deltaRetentionMs: durationMs.default(60_000),
  /** An idle provider connection is closed after this. */
  connectionIdleMs: durationMs.default(1_800_000),
  /** What is done with deleted threads; by default they are kept. */
  retention: z
    .strictObject({
      /** So many days after its deletion a thread is purged: its text is gone for ever. */
      deletedAfterDays: z.number().min(0).max(36_500).nullable().default(null),
    })
    .prefault({}),
  /** How long running turns may go on after SIGTERM. */
  drainMs: durationMs.default(10_000),
  logLevel: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  instances: z.array(instanceSchema).default([
    { instanceId: instanceIdSchema.parse('codex'), driver: 'codex', command: null, env: {} },
    { instanceId: instanceIdSchema.parse('claude'), driver: 'claude', command: null, env: {} },
    // recordings that come with the package: they need no agent
    { instanceId: instanceIdSchema.parse('demo'), driver: 'replay', command: null, env: {} },
  ]),
});
type ConfigFile = z.infer<typeof configFileSchema>;

export interface Config extends Readonly<Omit<ConfigFile, '$schema'>> {
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
}

const ENVIRONMENT = {
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

/**
 * @throws {RuntimeError} INVALID_PARAMS naming the key and where it came from, also for a host that is not loopback
 * without `allowInsecure`.
 */
export function loadConfig(flags: ConfigFlags, env: Environment): Config {
  const data = dataFolder(flags, env);
  const path = flags.config ?? env['THREADCHART_CONFIG'] ?? join(data, 'config.json');
  const isAskedFor = (flags.config ?? env['THREADCHART_CONFIG']) !== undefined;
  const file = parse(readConfigFile(path, isAskedFor), path);
  const merged = parse({ ...file, ...fromEnvironment(env), ...fromFlags(flags) }, 'environment and flags');
  const { $schema: _, ...config } = merged;
  checkHost(config);
  checkInstances(config);
  return Object.freeze({ ...config, data });
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

function fromFlags({ host, port, allowInsecure }: ConfigFlags): Record<string, unknown> {
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(allowInsecure === undefined ? {} : { allowInsecure }),
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

function checkInstances({ instances }: Pick<Config, 'instances'>): void {
  const ids = instances.map((each) => each.instanceId);
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) throw new RuntimeError('INVALID_PARAMS', `two instances are called ${twice}`);
}
