import type { WireSnapshot } from '../../server/gateway/frame.ts';
import { canonicalJson } from '../../server/runtime/fingerprint.ts';
import type { Seen } from './walkers.ts';

type Shown = Pick<WireSnapshot, 'thread' | 'queue' | 'requests'>;

/** @throws {Error} when the client holds something else than the server shows */
export function compareView(
  { view, client }: Seen,
  { snapshot, version }: { readonly snapshot: Shown; readonly version: number },
): void {
  const open = [...(view?.requests.values() ?? [])].filter(({ status }) => status !== 'closed');
  const pairs = {
    version: [view?.version, version],
    thread: [{ ...view?.state?.settings, ...view?.state?.row }, snapshot.thread],
    queue: [view?.state?.queue, snapshot.queue],
    requests: [idsOf(open), idsOf(snapshot.requests)],
  };
  for (const [what, [held, shown]] of Object.entries(pairs)) {
    const [left, right] = [json(held), json(shown)];
    if (left !== right)
      throw new Error(`client ${client} holds another ${what}\n  client ${left}\n  server ${right}`);
  }
}

const json = (value: unknown): string => canonicalJson(JSON.parse(JSON.stringify({ value })));

const idsOf = (requests: readonly { readonly requestId: string }[]): string[] =>
  requests.map(({ requestId }) => requestId).toSorted();
