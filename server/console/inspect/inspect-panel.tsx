/** The inside of a thread: its charts, its journal, its past. Fetched when it is first looked at. */
import type { Client } from '../../client/client.ts';

export interface InspectPanelProps {
  readonly threadId: string;
  readonly client: Client;
  /** What stands behind `?` in `#/thread/<id>/inspect?at=12`. */
  readonly query: URLSearchParams;
}

export function InspectPanel({ threadId }: InspectPanelProps) {
  return <p class="muted pad">Nothing is shown of {threadId} yet.</p>;
}
