import type { ProcessSpec } from '../../machines/ports/process-host.ts';
import type { ProviderHost } from '../../machines/ports/provider.ts';
import { judgeVersion, StartRefused, tooOldFailure } from '../shared/launch.ts';
import { ProbingLifecycle } from '../shared/probing-lifecycle.ts';
import { missingFailure } from './failures.ts';
import { modelsIn, reportOf } from './instance-report.ts';
import { PROGRAM, VERSIONS } from './launch.ts';
import { Run } from './run.ts';
import { SdkProcess } from './sdk-process.ts';
import { initializedSchema, type Initialized } from './wire.ts';

/** Shorter than the chart's own bound, so that the failure has a reason. */
const HANDSHAKE_TIMEOUT_MS = 25_000;

/** The first thing that is said to a process. */
const INITIALIZE = {
  method: 'initialize',
  params: {},
  answer: initializedSchema,
  timeoutMs: HANDSHAKE_TIMEOUT_MS,
} as const;

/** A process for each connection. */
export const lifecycleOf = (
  spec: ProcessSpec,
  host: ProviderHost,
): ProbingLifecycle<SdkProcess, Initialized, Run> =>
  new ProbingLifecycle(host, {
    spec,
    program: PROGRAM,
    // it is asked for one thing, and answers that
    startProbe: (onExit) => new SdkProcess(spec, host, { onNotification: () => {}, onExit }),
    ask: (probe) => probe.ask(INITIALIZE).catch(refuse),
    accept: (answer) => {
      judge(answer, host);
      return { run: new Run(spec, host, modelsIn(answer)), report: reportOf(answer) };
    },
  });

function refuse(error: unknown): never {
  const missing = missingFailure(error);
  throw missing === null ? error : new StartRefused(missing);
}

function judge({ version }: Initialized, host: ProviderHost): void {
  const verdict = judgeVersion(VERSIONS, version);
  if (version !== null && verdict === 'tooOld')
    throw new StartRefused(tooOldFailure(PROGRAM, version, VERSIONS));
  if (verdict === 'untested') host.warn(`this version of ${PROGRAM} has not been tested`, { version });
}
