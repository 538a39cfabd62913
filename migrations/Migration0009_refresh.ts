import { Migration } from '@mikro-orm/migrations'

/** How far runs have listed their sources, for the sweep, and the sources that are read again by themselves. */
export class Migration0009_refresh extends Migration {
  override up(): void {
    this.addSql(`
      create table source_listing (
        kb_id text collate "C" not null references knowledge_base on delete cascade,
        run bigint not null,
        source_index int not null,
        source text not null,
        ended boolean not null default false,
        unlisted jsonb not null default '{}',
        known bigint not null,
        kept text,
        primary key (kb_id, run, source_index)
      )`)
    this.addSql(`
      create table schedule (
        kb_id text collate "C" not null references knowledge_base on delete cascade,
        id text collate "C" not null,
        source text not null,
        spec jsonb not null,
        refresh jsonb not null,
        parallelism int not null,
        priority int not null,
        next_at timestamptz not null,
        last_at timestamptz,
        last_job_id text,
        note text,
        created_at timestamptz not null default now(),
        primary key (kb_id, id)
      )`)
    this.addSql('create index schedule_due on schedule (next_at)')
  }

  override down(): void {
    this.addSql('drop table schedule')
    this.addSql('drop table source_listing')
  }
}
