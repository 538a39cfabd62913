import { Migration } from '@mikro-orm/migrations'

/** Dead letters as a work list: what was rejected, whether it was replayed or discarded, and what a replay loads. */
export class Migration0004_replays extends Migration {
  override up(): void {
    this.addSql(`
      alter table job drop constraint job_kind_check,
        add constraint job_kind_check check (kind in ('run', 'replay'))`)
    this.addSql(`
      alter table dead_letter
        add column source text,
        add column trace_id text,
        add column input jsonb,
        add column replay_job_id text references job,
        add column discarded_at timestamptz`)
    this.addSql('create index dead_letter_document on dead_letter (job_id, document_id)')
    this.addSql('create index dead_letter_replay on dead_letter (replay_job_id) where replay_job_id is not null')
    this.addSql(`
      create table replay_document (
        job_id text not null references job on delete cascade,
        source_index int not null,
        number int not null,
        document_id text not null,
        uri text not null,
        edited jsonb,
        stored jsonb,
        primary key (job_id, source_index, number)
      )`)
    this.addSql('create index replay_document_id on replay_document (document_id)')
  }

  override down(): void {
    this.addSql('drop table replay_document')
    this.addSql('drop index dead_letter_replay, dead_letter_document')
    this.addSql(`
      alter table dead_letter drop column source, drop column trace_id, drop column input, drop column replay_job_id,
        drop column discarded_at`)
    this.addSql(
      `update lane set job_id = null, leaving = false where job_id in (select id from job where kind = 'replay')`,
    )
    this.addSql(`delete from job where kind = 'replay'`)
    this.addSql(`
      alter table job drop constraint job_kind_check,
        add constraint job_kind_check check (kind in ('run'))`)
  }
}
