/** Cursor through `@cursor/sdk` as the user has it installed: for each connection one process, in which the SDK runs. */
import type { ProviderDriver } from '../../machines/ports/provider.ts';
import { LifecycleAdapter } from '../shared/adapter.ts';
import { CAPABILITIES } from './capabilities.ts';
import { hostSpec } from './launch.ts';
import { lifecycleOf } from './lifecycle.ts';
import { PERFORMER } from './perform.ts';

/** Makes adapters of Cursor's SDK; the driver's name in the configuration is `cursor-sdk`. */
export const cursorSdkDriver: ProviderDriver = {
  driver: 'cursor-sdk',
  logIn: 'put a key of cursor.com into CURSOR_API_KEY',
  create: (instance, host) =>
    new LifecycleAdapter(host, {
      capabilities: CAPABILITIES,
      lifecycle: lifecycleOf(hostSpec(instance, process.env), host),
      performer: PERFORMER,
    }),
};
