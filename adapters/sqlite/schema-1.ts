/**
 * The first schema. Times are epoch ms. Streams and machine hashes are numbered, because each entry names one of both;
 * the view `journal` shows entries with their words, for people with `sqlite3`.
 */
export const SCHEMA_1 = `
create table streams (
  stream_id integer primary key,
  kind text not null,
  name text not null,
  unique (kind, name)
) strict;

create table machine_hashes (
  hash_id integer primary key,
  hash text not null unique
) strict;

create table entries (
  sequence integer primary key,
  stream_id integer not null references streams,
  version integer not null,
  kind text not null,
  outcome text not null,
  at real not null,
  hash_id integer not null references machine_hashes,
  format integer not null,
  command_id text,
  input text not null,
  -- null: a delta's one fact, which has the input's own item and text
  facts text,
  unique (stream_id, version)
) strict;
create index entries_but_deltas on entries (stream_id, version) where kind <> 'delta';
create index entries_of_bases on entries (stream_id, version) where kind = 'base';

create view journal as
  select sequence, streams.kind as stream_kind, name as stream, version, entries.kind, outcome,
         datetime(at / 1000, 'unixepoch', 'subsec') as time, hash as machine_hash, command_id, input, facts
  from entries join streams using (stream_id) join machine_hashes using (hash_id);

create table receipts (
  command_id text primary key,
  thread_id text not null,
  fingerprint text not null,
  result text not null
) strict;

create table threads (
  thread_id text primary key,
  removal text not null,
  archived integer not null,
  status text not null,
  is_unsettled integer not null,
  updated_at real not null,
  -- title, folder and preview in lower case
  search text not null,
  row text not null,
  -- all but the row
  state text not null
) strict;
create index threads_listed on threads (updated_at, thread_id) where removal = 'none';
create index threads_by_archived on threads (archived, updated_at, thread_id) where removal = 'none';
create index threads_by_status on threads (status, updated_at, thread_id) where removal = 'none';
create index threads_unsettled on threads (is_unsettled) where is_unsettled = 1;

create table turns (
  thread_id text not null,
  turn_id text not null,
  ordinal integer not null,
  native_turn_id text,
  row text not null,
  primary key (thread_id, turn_id)
) strict;
create index turns_by_ordinal on turns (thread_id, ordinal);
create index turns_by_native on turns (thread_id, native_turn_id, ordinal) where native_turn_id is not null;

create table items (
  thread_id text not null,
  item_id text not null,
  ordinal integer not null,
  is_open integer not null,
  row text not null,
  primary key (thread_id, item_id)
) strict;
create index items_by_ordinal on items (thread_id, ordinal);
create index items_open on items (thread_id, ordinal) where is_open = 1;

create table requests (
  request_row_id integer primary key,
  thread_id text not null,
  request_id text not null,
  is_open integer not null,
  row text not null,
  unique (thread_id, request_id)
) strict;
create index requests_open on requests (thread_id, request_row_id) where is_open = 1;

create table instances (
  instance_id text primary key,
  row text not null
) strict;

create table caches (
  thread_id text primary key,
  machine_hash text not null,
  version integer not null,
  charts text not null
) strict;

create table processes (
  marker text primary key,
  instance_id text not null,
  pid integer,
  start_time text,
  started_at real not null
) strict;

-- an epoch ends where the next one begins: a killed server has nothing to write
create table epochs (
  epoch_id integer primary key,
  epoch text not null unique,
  started_at real not null,
  after_sequence integer not null,
  entry_format integer not null
) strict;
`;
