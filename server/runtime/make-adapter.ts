/** From an entry of the configuration to its adapter, or to why there is none. */
import { failure, failureOf, type Failure } from '../../machines/domain/error.ts';
import type {
  InstanceConfig,
  InstanceKey,
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
} from '../../machines/ports/provider.ts';

/** The problem of an entry that says so itself. */
export const DISABLED = 'disabled';

interface MadeAdapter {
  readonly driver: string;
  readonly adapter: ProviderAdapter | null;
  readonly failure: Failure | null;
}

/** Never throws: what is wrong with an entry is the failure of its instance, and of nothing else. */
export function makeAdapter(
  config: InstanceConfig,
  drivers: readonly ProviderDriver[],
  makeHost: () => ProviderHost,
): MadeAdapter {
  const { driver } = config;
  const problem = problemOf(config, drivers);
  if (problem !== null) return { driver, adapter: null, failure: unusable(problem) };
  try {
    const adapter = drivers.find((each) => each.driver === driver)?.create(config, makeHost()) ?? null;
    return { driver, adapter, failure: null };
  } catch (error) {
    return { driver, adapter: null, failure: unusable(failureOf(error).message) };
  }
}

/** Why an entry cannot be used as it stands, as far as can be said without its program; `null`: nothing is wrong. */
export function problemOf(config: InstanceConfig, drivers: readonly ProviderDriver[]): string | null {
  const { driver, problem, enabled = true } = config;
  if (problem !== undefined) return problem;
  if (!enabled) return DISABLED;
  const found = drivers.find((each) => each.driver === driver);
  if (found === undefined) {
    return `there is no driver ${driver}; known: ${drivers.map((each) => each.driver).join(', ')}`;
  }
  const given: readonly (readonly [InstanceKey, boolean])[] = [
    ['args', (config.args ?? []).length > 0],
    ['home', (config.home ?? null) !== null],
  ];
  const untaken = given.find(([key, isGiven]) => isGiven && !(found.takes ?? []).includes(key));
  return untaken === undefined ? null : `the driver ${driver} takes no \`${untaken[0]}\``;
}

const unusable = (problem: string): Failure =>
  failure('INSTANCE_UNAVAILABLE', problem, { class: 'validation', retryable: false });
