/** The `instances` of the configuration. What is wrong with an entry is its own problem, and not that of the others. */
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';
import { instanceIdSchema, type InstanceId } from '../machines/domain/ids.ts';

const HOME_PREFIX = '~/';
const inHome = (path: string): string =>
  path.startsWith(HOME_PREFIX) ? join(homedir(), path.slice(HOME_PREFIX.length)) : path;

export const instanceSchema = z.strictObject({
  instanceId: instanceIdSchema.describe('known to clients by this id; several may use one driver'),
  driver: z.string().min(1).describe('the kind of agent, such as `codex`'),
  enabled: z.boolean().default(true).describe('`false`: listed, and not to be used'),
  command: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'the program to run; default: found on PATH. Of the driver `replay`: a recording, or a folder of them; of `cursor-sdk`: the folder where the SDK is installed',
    ),
  args: z
    .array(z.string())
    .default([])
    .describe(
      'given to the program after those that the server starts it with; over ACP `{model}` stands for the thread’s model',
    ),
  env: z.record(z.string(), z.string()).default({}).describe('added to the environment of the server'),
  home: z
    .string()
    .refine((path) => isAbsolute(inHome(path)), 'expected an absolute path, or one that begins with ~/')
    .transform(inHome)
    .nullable()
    .default(null)
    .describe('the agent’s own folder with its login, settings and sessions; default: the agent’s'),
  model: z
    .string()
    .min(1)
    .max(128)
    .nullable()
    .default(null)
    .describe('of threads that name none; default: the agent’s'),
});

/** An entry as it is used. */
export type InstanceEntry = z.output<typeof instanceSchema> & {
  /** Why it cannot be used; absent: nothing is wrong with it by itself. */
  readonly problem?: string;
};

export const DEFAULT_INSTANCES = [
  { instanceId: 'codex', driver: 'codex' },
  { instanceId: 'claude', driver: 'claude' },
  { instanceId: 'opencode', driver: 'opencode' },
  // recordings that come with the package: they need no agent
  { instanceId: 'demo', driver: 'replay' },
].map((entry) => instanceSchema.parse(entry));

/** Every entry of the list, in its order: good ones as they are, others under a name of their own with their problem. */
export function readInstances(given: readonly unknown[]): InstanceEntry[] {
  const parsed = given.map((entry) => instanceSchema.safeParse(entry));
  const taken = new Set<string>();
  const isFirst = parsed.map(({ data }) => {
    if (data === undefined || taken.has(data.instanceId)) return false;
    taken.add(data.instanceId);
    return true;
  });
  return parsed.map(({ data, error }, index) => {
    if (data !== undefined && isFirst[index] === true) return data;
    const entry = given[index];
    const place = `entry ${index + 1} of \`instances\``;
    const problem =
      error === undefined
        ? `${place}: another one is called ${data.instanceId}`
        : `${place}: ${z.prettifyError(error)}`;
    return { ...broken(entry), instanceId: freeName(entry, { index, taken }), problem };
  });
}

const nameSchema = z.looseObject({ instanceId: instanceIdSchema }).transform(({ instanceId }) => instanceId);
const driverSchema = z.looseObject({ driver: z.string().min(1).max(64) }).transform(({ driver }) => driver);

const broken = (entry: unknown): InstanceEntry => ({
  ...instanceSchema.parse({ instanceId: 'broken', driver: 'unknown' }),
  driver: driverSchema.safeParse(entry).data ?? 'unknown',
});

/** Its own name where nobody else has it. */
function freeName(
  entry: unknown,
  { index, taken }: { readonly index: number; readonly taken: Set<string> },
): InstanceId {
  const own = nameSchema.safeParse(entry).data;
  const base = own?.slice(0, 48) ?? 'entry';
  const names = [own ?? `${base}-${index + 1}`, `${base}-${index + 1}`];
  let name = names.find((each) => !taken.has(each));
  for (let count = 2; name === undefined; count += 1) {
    const next = `${base}-${index + 1}-${count}`;
    if (!taken.has(next)) name = next;
  }
  taken.add(name);
  return instanceIdSchema.parse(name);
}
