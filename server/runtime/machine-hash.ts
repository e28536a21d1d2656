/** Names the charts that recorded an entry. */
import { createHash } from 'node:crypto';
import { CHILDREN, ROOTS } from '../../machines/charts.ts';

/** Over the definitions of all four machines and the release, because a definition does not show the bodies of guards. */
export function machineHash(release: string): string {
  const machines = [ROOTS.thread, ROOTS.instance, CHILDREN.connection, CHILDREN.turn];
  const hash = createHash('sha256').update(release);
  for (const machine of machines) hash.update(JSON.stringify(machine.definition));
  return hash.digest('hex').slice(0, 16);
}
