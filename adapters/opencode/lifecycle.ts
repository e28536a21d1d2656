import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { judgeVersion, StartRefused, tooOldFailure } from '../shared/launch.ts';
import { ProcessLifecycle } from '../shared/process-lifecycle.ts';
import { isRefusal } from './failures.ts';
import { readCatalogue } from './instance-report.ts';
import { PROGRAM, VERSIONS } from './launch.ts';
import { HEALTH } from './requests.ts';
import { Run } from './run.ts';
import { healthSchema } from './wire.ts';

/** Shorter than the chart's own bound, so that the failure has a reason. */
const HANDSHAKE_TIMEOUT_MS = 20_000;

/** The server of an instance. */
export const lifecycleOf = (spec: ProcessSpec, host: ProviderHost): ProcessLifecycle<Run> =>
  new ProcessLifecycle(host, {
    spec,
    program: PROGRAM,
    makeRun: (ends) => new Run(spec, host, ends),
    shakeHands,
  });

async function shakeHands(run: Run): Promise<InstanceReport> {
  const { server, host } = run;
  const version = await versionOf(run);
  const verdict = judgeVersion(VERSIONS, version);
  if (verdict === 'tooOld') throw new StartRefused(tooOldFailure('opencode', version, VERSIONS));
  if (verdict === 'untested') host.warn('this version of opencode has not been tested', { version });
  const { report, catalogue } = await readCatalogue(server);
  run.catalogue = catalogue;
  return { ...report, version };
}

/** @throws {StartRefused} when the server does not know what it is asked */
async function versionOf({ server }: Run): Promise<string> {
  try {
    const asked = { ...HEALTH, answer: healthSchema, timeoutMs: HANDSHAKE_TIMEOUT_MS };
    return (await server.ask(asked)).version;
  } catch (error) {
    if (!isRefusal(error)) throw error;
    throw new StartRefused(tooOldFailure('opencode', 'before 1.1', VERSIONS));
  }
}
