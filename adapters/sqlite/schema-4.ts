/** The workspace's files around turns. */
export const SCHEMA_4 = `
create table checkpoints (
  thread_id text not null,
  turn_id text not null,
  ordinal integer not null,
  -- of the repository; null: nothing is captured
  root text,
  row text not null,
  crc integer,
  primary key (thread_id, turn_id)
) strict;
create index checkpoints_by_ordinal on checkpoints (thread_id, ordinal);
`;
