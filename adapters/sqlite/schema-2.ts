/** The thread of an instance's input; a damaged one has none, and does not make the index fail. */
export const THREAD_OF_WORK = `case when json_valid(input) then json_extract(input, '$.work.threadId') end`;

/**
 * Housekeeping and checksums. A `crc` is a CRC-32 of its row as it was written; `null`: written by an older release,
 * and taken as it is.
 */
export const SCHEMA_2 = `
-- of a purged thread, whose entries are gone
alter table streams add column last_version integer;
alter table streams add column last_sequence integer;
-- up to here an older release has written deltas whose text no later entry tells: they stay
alter table streams add column whole_until integer not null default 0;
-- one more than the version of the last delta that was removed
alter table streams add column pruned_before integer;
create index streams_purged on streams (last_sequence) where last_sequence is not null;
update streams set whole_until =
  coalesce((select max(version) from entries where entries.stream_id = streams.stream_id), 0);

-- threads with a base that has not been looked at; deltas above seen_until and below the base can go. While a row is
-- here newer bases wait, so that a busy thread comes to its turn, too
create table prunable (
  stream_id integer primary key,
  base_version integer not null,
  based_at real not null,
  seen_until integer not null default 0
) strict;

create table purges (
  thread_id text primary key
) strict;
-- what instances were told of a thread, its settings among it
create index entries_of_work on entries (${THREAD_OF_WORK})
  where kind = 'instance' and ${THREAD_OF_WORK} is not null;
create index threads_deleted on threads (updated_at) where removal = 'deleted';

create table attachment_uses (
  attachment_id text not null,
  thread_id text not null,
  primary key (attachment_id, thread_id)
) strict, without rowid;
create index attachment_uses_by_thread on attachment_uses (thread_id);
insert or ignore into attachment_uses (attachment_id, thread_id)
  select used.value, streams.name
  from entries join streams using (stream_id), json_each(entries.input, '$.prompt.attachments') as used
  where streams.kind = 'thread' and entries.input like '%"attachments":["%';

alter table entries add column crc integer;
alter table receipts add column crc integer;
alter table threads add column row_crc integer;
alter table threads add column state_crc integer;
alter table turns add column crc integer;
alter table items add column crc integer;
alter table requests add column crc integer;
alter table instances add column crc integer;
alter table caches add column crc integer;
alter table epochs add column crc integer;
`;
