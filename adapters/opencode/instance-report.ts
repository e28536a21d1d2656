import type { InstanceReport, Model } from '../../machines/domain/instance.ts';
import type { OpencodeServer } from './opencode-server.ts';
import { COMMANDS, CONFIG, PROVIDERS } from './requests.ts';
import * as wire from './wire.ts';
import type { Providers } from './wire.ts';

const TIMEOUT_MS = 10_000;

/** What sessions need to know of the models. */
export interface Catalogue {
  readonly defaultModel: string | null;
  /** Tokens, by model. */
  readonly contextWindows: ReadonlyMap<string, number>;
}

/** What a fresh server says of itself. What it does not tell in time is left out. */
export async function readCatalogue(
  server: OpencodeServer,
): Promise<{ readonly report: InstanceReport; readonly catalogue: Catalogue }> {
  const timeoutMs = TIMEOUT_MS;
  const [providers, config, commands] = await Promise.all([
    server.ask({ ...PROVIDERS, answer: wire.providersSchema, timeoutMs }).catch(() => null),
    server.ask({ ...CONFIG, answer: wire.configSchema, timeoutMs }).catch(() => null),
    server.ask({ ...COMMANDS, answer: wire.commandsSchema, timeoutMs }).catch(() => null),
  ]);
  const defaultModel = config?.model ?? null;
  const models = providers === null ? [] : modelsOf(providers, defaultModel);
  return {
    report: {
      ...(providers === null ? {} : accountOf(providers)),
      ...(models.length > 0 && { models: models.map(({ model }) => model) }),
      ...(commands !== null && {
        commands: commands.map(({ name, description = '' }) => ({ name, description })),
      }),
    },
    catalogue: {
      defaultModel,
      contextWindows: new Map(models.map(({ model, contextWindow }) => [model.id, contextWindow])),
    },
  };
}

/** opencode has no account: it uses the providers that it has keys for. */
function accountOf({ providers }: Providers): Pick<InstanceReport, 'account' | 'loginRequired'> {
  const label = providers.map(({ name }) => name).join(', ');
  return { account: label === '' ? null : { label, plan: null }, loginRequired: label === '' };
}

interface Known {
  readonly model: Model;
  readonly contextWindow: number;
}

function modelsOf({ providers, default: defaults }: Providers, defaultModel: string | null): Known[] {
  const [first] = providers;
  const chosen = defaultModel ?? (first === undefined ? null : `${first.id}/${defaults[first.id] ?? ''}`);
  return providers.flatMap((provider) =>
    Object.values(provider.models).map(({ id, name, limit, variants = {} }) => {
      const variant = Object.keys(variants);
      const fullId = `${provider.id}/${id}`;
      const options = variant.length > 0 ? { variant } : {};
      const model = { id: fullId, name: `${provider.name}: ${name}`, isDefault: fullId === chosen, options };
      return { model, contextWindow: limit.context };
    }),
  );
}
