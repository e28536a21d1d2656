/** The drivers that the server is put together with, found in the composition root: a new one needs no change here. */
import { readFileSync } from 'node:fs';
import { capabilitiesSchema, type Capabilities } from '../../machines/domain/capability.ts';
import { instanceIdSchema } from '../../machines/domain/ids.ts';
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { ProviderHarness } from './provider-harness.ts';

const MAIN = new URL('../../server/main.ts', import.meta.url);
const IMPORT = /import \{ ([^}]+) \} from '(\.\.\/adapters\/[\w-]+\/index\.ts)'/g;
const NAME = /^\w*[dD]rivers?$/;

/** One driver, several of a kind, or what makes one of the others. */
type Exported =
  | ProviderDriver
  | readonly ProviderDriver[]
  | ((options: { readonly drivers: readonly ProviderDriver[] }) => ProviderDriver);

/** In the order in which the composition root names them. */
export async function registeredDrivers(): Promise<ProviderDriver[]> {
  const text = readFileSync(MAIN, 'utf8');
  const body = text.slice(text.indexOf('const drivers'));
  const named = [...text.matchAll(IMPORT)].flatMap(([, names = '', path = '']) =>
    names
      .split(',')
      .map((name) => name.trim())
      .filter((name) => NAME.test(name))
      .map((name) => ({ name, path })),
  );
  named.sort((one, other) => body.indexOf(one.name) - body.indexOf(other.name));
  const found: ProviderDriver[] = [];
  for (const { name, path } of named) {
    const module = (await import(new URL(path, MAIN).href)) as Readonly<Record<string, Exported>>;
    const exported = module[name];
    if (exported === undefined) throw new Error(`${path} exports no ${name}`);
    if (typeof exported === 'function') found.push(exported({ drivers: [...found] }));
    else found.push(...[exported].flat());
  }
  return found;
}

/** As an adapter declares them, before any handshake. */
export async function declaredCapabilities(driver: ProviderDriver): Promise<Capabilities> {
  const instanceId = instanceIdSchema.parse(driver.driver);
  const instance = { instanceId, driver: driver.driver, command: null, env: {} };
  const adapter = driver.create(instance, new ProviderHarness());
  await adapter.dispose();
  return capabilitiesSchema.parse(adapter.capabilities);
}
