import type { ProviderEffect } from '../../machines/domain/effect.ts';
import type { CutInput, ThreadInput } from '../../machines/domain/input.ts';

/** A request that no chart takes is refused, or the provider would wait for ever. Nothing for any other input. */
export function refusalOf(input: ThreadInput | CutInput): ProviderEffect[] {
  if (input.type !== 'provider.requestOpened') return [];
  const { requestId, nativeRequestId } = input.request;
  return [{ type: 'request.refuse', connectionId: input.connectionId, requestId, nativeRequestId }];
}
