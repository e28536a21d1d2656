/** The codex adapter on the tiny agent. */
import { codexDriver } from '../../adapters/codex/index.ts';
import { makeTinyWorld } from '../helpers/tiny-world.ts';
import { describeProviderContract } from './provider.contract.ts';

describeProviderContract(() =>
  makeTinyWorld({ driver: codexDriver, protocol: 'codex', processPer: 'instance' }),
);
