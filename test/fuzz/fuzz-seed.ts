/** Of all that is random in these runs: `FUZZ_SEED`, or one for all, so that a merge is not refused by chance. */
export function fuzzSeed(): number {
  const given = Number(process.env['FUZZ_SEED'] ?? 20_261_121);
  if (!Number.isSafeInteger(given))
    throw new Error(`FUZZ_SEED is not a whole number: ${process.env['FUZZ_SEED']}`);
  return given;
}
