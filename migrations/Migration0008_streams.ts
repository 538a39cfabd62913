import { Migration } from '@mikro-orm/migrations'

/** Jobs of kind stream, and the upstream records that wait for theirs. */
export class Migration0008_streams extends Migration {
  override up(): void {
    this.addSql(`
      alter table job drop constraint job_kind_check,
        add constraint job_kind_check check (kind in ('run', 'replay', 'stream'))`)
    this.addSql(`
      create table parked_event (
        partition int not null,
        position bigint not null,
        kb_id text not null,
        key text not null,
        value bytea not null,
        headers jsonb not null,
        at bigint not null,
        bytes int not null,
        primary key (partition, position)
      )`)
    this.addSql('create index parked_event_kb on parked_event (kb_id, partition, position)')
    this.addSql(`
      create table intake_partition (
        partition int primary key,
        fence bigint not null,
        held_kb text,
        held_since timestamptz,
        message text
      )`)
  }

  override down(): void {
    this.addSql('drop table intake_partition')
    this.addSql('drop table parked_event')
    this.addSql(
      `update lane set job_id = null, leaving = false where job_id in (select id from job where kind = 'stream')`,
    )
    this.addSql(`delete from job where kind = 'stream'`)
    this.addSql(`
      alter table job drop constraint job_kind_check,
        add constraint job_kind_check check (kind in ('run', 'replay'))`)
  }
}
