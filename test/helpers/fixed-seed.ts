/** Properties are tried on the same values each time, so that a merge is not refused by chance: `PROPERTY_SEED` tries others. */
import fc from 'fast-check';

fc.configureGlobal({ seed: Number(process.env['PROPERTY_SEED'] ?? 20_261_121) });
