/** The player of recordings, on what the tiny agent does behind the adapter of codex. */
import { makeReplayWorld } from '../helpers/replay-world.ts';
import { describeProviderContract } from './provider.contract.ts';

describeProviderContract(makeReplayWorld);
