import type { InstanceReport, Model } from '../../machines/domain/instance.ts';
import { defaultModel } from './requests.ts';
import { modelsSchema, userSchema, type Initialized, type Models } from './wire.ts';

/** The models that the account has; none where Cursor did not answer. */
export const modelsIn = ({ models }: Initialized): Models => modelsSchema.safeParse(models.value).data ?? [];

/** What a fresh process says of itself and of the account. */
export function reportOf(answer: Initialized): InstanceReport {
  const models = modelsIn(answer);
  const standard = defaultModel(models);
  return {
    ...(answer.version === null ? {} : { version: answer.version }),
    ...accountOf(answer),
    models: models.map((model): Model => modelOf(model, standard)),
  };
}

/** Nothing is said of it where Cursor could not be reached. */
function accountOf({ user }: Initialized): Pick<InstanceReport, 'account' | 'loginRequired'> {
  const { data } = userSchema.safeParse(user.value);
  if (data !== undefined) {
    return { account: { label: data.userEmail ?? data.apiKeyName, plan: null }, loginRequired: false };
  }
  return user.problem === 'AuthenticationError' ? { account: null, loginRequired: true } : {};
}

const modelOf = ({ id, displayName, parameters }: Models[number], standard: string | null): Model => ({
  id,
  name: displayName,
  isDefault: id === standard,
  options: Object.fromEntries(
    (parameters ?? []).map((parameter) => [parameter.id, parameter.values.map(({ value }) => value)]),
  ),
});
