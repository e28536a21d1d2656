/** `WALK_SEED` tries other walks. */
import { test } from 'vitest';
import { walkSeed } from './explore-walks.ts';
import { manyWalks } from './many-walks.ts';

const seed = walkSeed();

test(`300 walks of two clients over a server that dies, seed ${seed}`, { timeout: 900_000 }, () =>
  manyWalks(300, seed),
);
