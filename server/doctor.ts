/** Starts each configured provider once and says what it found and what to do. Needs no running server. */
import { failure, type Failure } from '../machines/domain/error.ts';
import type { InstanceReport } from '../machines/domain/instance.ts';
import type { ProcessHost } from '../machines/ports/process-host.ts';
import type {
  InstanceConfig,
  InstanceReportInput,
  ProviderAdapter,
  ProviderDriver,
  ProviderHost,
} from '../machines/ports/provider.ts';
import { DISABLED, makeAdapter } from './runtime/make-adapter.ts';

export interface Diagnosis {
  readonly instanceId: string;
  readonly driver: string;
  /** Usable now. */
  readonly isReady: boolean;
  readonly version: string | null;
  /** `null`: not logged in, or not known. */
  readonly account: string | null;
  /** What a person has to do; `null`: nothing. */
  readonly advice: string | null;
  /** The configuration says not to use it: nothing is wrong. */
  readonly isDisabled: boolean;
}

/** Real agents answer their handshake in well under a second; a first start on a slow disk took 4 s. */
const ANSWER_MS = 20_000;

export function diagnose(
  instances: readonly InstanceConfig[],
  drivers: readonly ProviderDriver[],
  processes: ProcessHost,
): Promise<Diagnosis[]> {
  return Promise.all(instances.map((config) => diagnoseConfigured(config, drivers, processes)));
}

async function diagnoseConfigured(
  config: InstanceConfig,
  drivers: readonly ProviderDriver[],
  processes: ProcessHost,
): Promise<Diagnosis> {
  const { promise, resolve } = Promise.withResolvers<InstanceReport | Failure>();
  const { adapter, failure: refused } = makeAdapter(config, drivers, () => probeHost(processes, resolve));
  const { driver } = config;
  const logIn = drivers.find((each) => each.driver === driver)?.logIn ?? `run \`${driver} login\``;
  if (adapter !== null) return diagnoseOne({ ...config, logIn }, adapter, promise);
  const isDisabled = refused?.message === DISABLED;
  return { ...unusable(config, refused?.message ?? ''), isDisabled };
}

interface Probed extends InstanceConfig {
  /** What is to be done by somebody who is not logged in. */
  readonly logIn: string;
}

async function diagnoseOne(
  config: Probed,
  adapter: ProviderAdapter,
  found: Promise<InstanceReport | Failure>,
): Promise<Diagnosis> {
  const late = Promise.withResolvers<Failure>();
  const why = failure('OPEN_FAILED', `it did not answer within ${ANSWER_MS / 1000} s`);
  const timer = setTimeout(() => late.resolve(why), ANSWER_MS);
  adapter.perform({ type: 'process.start', instanceId: config.instanceId });
  const answer = await Promise.race([found, late.promise]);
  clearTimeout(timer);
  await adapter.dispose();
  return 'code' in answer ? unusable(config, answer.message) : usable(config, answer);
}

function probeHost(processes: ProcessHost, answer: (found: InstanceReport | Failure) => void): ProviderHost {
  return {
    processes,
    report: () => {},
    settled: () => {},
    attachmentPath: () => null,
    openItems: () => [],
    logFrame: () => '',
    warn: () => {},
    reportInstance: (input: InstanceReportInput) => {
      if (input.type === 'process.started') answer(input.report);
      else if (input.type === 'process.failed' || input.type === 'process.exited') answer(input.failure);
    },
  };
}

function usable({ instanceId, driver, logIn }: Probed, report: InstanceReport): Diagnosis {
  const isLoggedOut = report.loginRequired === true && (report.account ?? null) === null;
  return {
    instanceId,
    driver,
    isReady: !isLoggedOut,
    version: report.version ?? null,
    account: report.account?.label ?? null,
    isDisabled: false,
    advice: isLoggedOut ? `log in: ${logIn}` : null,
  };
}

const unusable = ({ instanceId, driver }: InstanceConfig, advice: string): Diagnosis => ({
  instanceId,
  driver,
  isReady: false,
  version: null,
  account: null,
  advice,
  isDisabled: false,
});
