import type { InstanceReport } from '../../machines/domain/instance.ts';
import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { judgeVersion, StartRefused, tooOldFailure } from '../shared/launch.ts';
import { ProcessLifecycle } from '../shared/process-lifecycle.ts';
import { readCatalogue } from './instance-report.ts';
import { PROGRAM, versionIn, VERSIONS } from './launch.ts';
import { INITIALIZE } from './requests.ts';
import { Run } from './run.ts';
import { initializedSchema } from './wire.ts';

/** Shorter than the chart's own bound, so that the failure has a reason. */
const HANDSHAKE_TIMEOUT_MS = 20_000;

/** The process of an instance. */
export const lifecycleOf = (spec: ProcessSpec, host: ProviderHost): ProcessLifecycle<Run> =>
  new ProcessLifecycle(host, {
    spec,
    program: PROGRAM,
    makeRun: (ends) => new Run(spec, host, ends),
    shakeHands,
  });

async function shakeHands(run: Run): Promise<InstanceReport> {
  const { server, host } = run;
  const { userAgent } = await server.ask({
    method: 'initialize',
    params: INITIALIZE,
    answer: initializedSchema,
    timeoutMs: HANDSHAKE_TIMEOUT_MS,
  });
  const version = versionIn(userAgent);
  const verdict = judgeVersion(VERSIONS, version);
  if (version !== null && verdict === 'tooOld')
    throw new StartRefused(tooOldFailure('codex', version, VERSIONS));
  if (verdict === 'untested') host.warn('this version of codex has not been tested', { version, userAgent });
  server.notify('initialized');
  const { report, models } = await readCatalogue(server);
  run.models = models;
  run.rateLimits = report.rateLimits ?? [];
  return { ...report, ...(version === null ? {} : { version }) };
}
