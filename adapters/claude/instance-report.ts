import type { InstanceReport, Model } from '../../machines/domain/instance.ts';
import * as wire from './wire.ts';
import type { Initialized } from './wire.ts';

/** What a fresh process says of itself. */
export function reportOf({ models, commands, account }: Initialized, version: string | null): InstanceReport {
  const label = accountLabel(account);
  const plan = account?.subscriptionType ?? null;
  return {
    ...(version === null ? {} : { version }),
    account: label === null ? null : { label, plan },
    loginRequired: label === null,
    models: models.map(modelOf),
    commands: commands.map(({ name, description }) => ({ name, description })),
  };
}

function modelOf({
  value,
  displayName,
  supportedEffortLevels: effort,
}: Initialized['models'][number]): Model {
  return {
    id: value,
    name: displayName,
    isDefault: value === 'default',
    options: { ...(effort !== null && effort !== undefined && effort.length > 0 && { effort }) },
  };
}

const PROVIDERS: ReadonlyMap<string, string> = new Map([
  ['bedrock', 'Amazon Bedrock'],
  ['vertex', 'Google Cloud'],
  ['foundry', 'Azure'],
]);

/** `null`: not logged in. */
function accountLabel(account: Initialized['account']): string | null {
  if (account === null || account === undefined) return null;
  const { email, organization, apiKeySource, tokenSource, apiProvider } = account;
  const isSet = (source: string | null | undefined): boolean =>
    source !== null && source !== undefined && source !== 'none';
  return (
    email ??
    organization ??
    PROVIDERS.get(apiProvider ?? '') ??
    (isSet(apiKeySource) ? 'API key' : null) ??
    (isSet(tokenSource) ? 'Claude' : null)
  );
}

type Limits = NonNullable<InstanceReport['rateLimits']>;

/** One window of the account's limits; `resetsAt` is in seconds at claude, in ms here. */
export function rateLimitIn(frame: unknown): Limits[number] | null {
  const { data } = wire.rateLimitSchema.safeParse(frame);
  const { rateLimitType: name, utilization, resetsAt } = data?.rate_limit_info ?? {};
  if (name === null || name === undefined || utilization === null || utilization === undefined) return null;
  return {
    name,
    usedPercent: Math.round(utilization * 100),
    resetsAt: resetsAt === null || resetsAt === undefined ? null : resetsAt * 1000,
  };
}

/** `null`: nothing has changed. */
export function mergeRateLimit(known: Limits, window: Limits[number]): Limits | null {
  const before = known.find(({ name }) => name === window.name);
  if (before?.usedPercent === window.usedPercent && before.resetsAt === window.resetsAt) return null;
  return [...known.filter(({ name }) => name !== window.name), window];
}
