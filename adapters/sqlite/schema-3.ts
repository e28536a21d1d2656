/**
 * One index less: each lifecycle entry was in two of the same columns. Entries but deltas are found by `(stream_id,
 * version)` now; the deltas that are passed over are those of the last minute and of a turn that goes on.
 */
export const SCHEMA_3 = `
drop index entries_but_deltas;
`;
