import type { InstanceReport, Model } from '../../machines/domain/instance.ts';
import type { AppServer } from './app-server.ts';
import { pagesOf } from './pages.ts';
import * as wire from './wire.ts';
import type { CodexModel, RateLimits } from './wire.ts';

const CATALOGUE_TIMEOUT_MS = 10_000;
const MOST_PAGES = 10;

/** What a fresh process says of itself. What it does not tell in time is left out. */
export async function readCatalogue(
  server: AppServer,
): Promise<{ readonly report: InstanceReport; readonly models: readonly CodexModel[] }> {
  const [account, models, commands] = await Promise.all([
    readAccount(server).catch(() => ({})),
    readModels(server).catch(() => []),
    readCommands(server).catch(() => ({})),
  ]);
  const shown = models.filter(({ hidden }) => !hidden).map(modelOf);
  return { report: { ...account, ...commands, ...(shown.length > 0 && { models: shown }) }, models };
}

/** The account, and with one its limits. */
export async function readAccount(server: AppServer): Promise<InstanceReport> {
  const answer = await server.ask({
    method: 'account/read',
    params: {},
    answer: wire.accountAnswerSchema,
    timeoutMs: CATALOGUE_TIMEOUT_MS,
  });
  const account = accountOf(answer.account);
  const loginRequired = answer.account === null && answer.requiresOpenaiAuth;
  return { account, loginRequired, ...(account === null ? {} : await readRateLimits(server)) };
}

async function readRateLimits(server: AppServer): Promise<InstanceReport> {
  const answer = await server
    .ask({
      method: 'account/rateLimits/read',
      params: undefined,
      answer: wire.rateLimitsSchema,
      timeoutMs: CATALOGUE_TIMEOUT_MS,
    })
    .catch(() => null);
  return answer === null ? {} : { rateLimits: rateLimitsOf(answer.rateLimits) };
}

export async function readCommands(server: AppServer): Promise<InstanceReport> {
  const { data } = await server.ask({
    method: 'skills/list',
    params: {},
    answer: wire.skillsAnswerSchema,
    timeoutMs: CATALOGUE_TIMEOUT_MS,
  });
  const skills = data.flatMap((entry) => entry.skills).filter(({ enabled }) => enabled);
  return { commands: skills.map(({ name, description }) => ({ name, description })) };
}

async function readModels(server: AppServer): Promise<readonly CodexModel[]> {
  const pages = pagesOf(
    (cursor) =>
      server.ask({
        method: 'model/list',
        params: { cursor },
        answer: wire.modelsPageSchema,
        timeoutMs: CATALOGUE_TIMEOUT_MS,
      }),
    MOST_PAGES,
  );
  const models: CodexModel[] = [];
  for await (const page of pages) models.push(...page);
  return models;
}

export function modelOf(model: CodexModel): Model {
  const effort = model.supportedReasoningEfforts.map(({ reasoningEffort }) => reasoningEffort);
  const serviceTier = model.serviceTiers.map(({ id }) => id);
  return {
    id: model.model,
    name: model.displayName,
    isDefault: model.isDefault,
    options: { ...(effort.length > 0 && { effort }), ...(serviceTier.length > 0 && { serviceTier }) },
  };
}

type CodexAccount = ReturnType<typeof wire.accountAnswerSchema.parse>['account'];

const ACCOUNT_LABELS: Readonly<Record<string, string>> = {
  apiKey: 'API key',
  chatgpt: 'ChatGPT',
  amazonBedrock: 'Amazon Bedrock',
  gcp: 'Google Cloud',
};

export function accountOf(account: CodexAccount): InstanceReport['account'] & (object | null) {
  if (account === null) return null;
  const { type, email, planType } = account;
  return { label: email ?? ACCOUNT_LABELS[type] ?? type, plan: planType ?? null };
}

type Limits = NonNullable<InstanceReport['rateLimits']>;

/** The windows of a limit; `resetsAt` is in seconds at codex, in ms here. */
export function rateLimitsOf({ limitName, limitId, primary, secondary }: RateLimits): Limits {
  const name = limitName ?? limitId ?? 'codex';
  return [
    ...(primary ? [{ name: `${name} (primary)`, ...windowOf(primary) }] : []),
    ...(secondary ? [{ name: `${name} (secondary)`, ...windowOf(secondary) }] : []),
  ];
}

const windowOf = ({ usedPercent, resetsAt }: NonNullable<RateLimits['primary']>) => ({
  usedPercent,
  resetsAt: resetsAt === null || resetsAt === undefined ? null : resetsAt * 1000,
});

/** Updates are sparse: a window that is not named stays as it was. `null`: nothing has changed. */
export function mergeRateLimits(known: Limits, update: Limits): Limits | null {
  const merged = new Map(known.map((window) => [window.name, window]));
  let hasChanged = false;
  for (const window of update) {
    const before = merged.get(window.name);
    hasChanged ||= before?.usedPercent !== window.usedPercent || before.resetsAt !== window.resetsAt;
    merged.set(window.name, window);
  }
  return hasChanged ? [...merged.values()] : null;
}
