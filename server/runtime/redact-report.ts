/** What a provider says of a failure can hold the key that it was refused with. */
import type { Failure } from '../../machines/domain/error.ts';
import type { InstanceReportInput, ProviderReport } from '../../machines/ports/provider.ts';

type Redact = (text: string) => string;

/** Failures and notices without secrets. What a person and the agent say to each other is left as it is. */
export function redactReport<R extends ProviderReport | InstanceReportInput>(report: R, redact: Redact): R {
  if ('failure' in report && report.failure !== null)
    return { ...report, failure: redactFailure(report.failure, redact) };
  if (!('item' in report)) return report;
  const { item } = report;
  const isSaidByProvider = item.body.kind === 'error' || item.body.kind === 'notice';
  return isSaidByProvider ? { ...report, item: { ...item, text: redact(item.text) } } : report;
}

const redactFailure = (failure: Failure, redact: Redact): Failure => ({
  ...failure,
  message: redact(failure.message).slice(0, 4096),
});
