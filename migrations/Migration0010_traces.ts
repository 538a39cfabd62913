import { Migration } from '@mikro-orm/migrations'

/** How the active version of a document came about: its trace, the record it began with, and what made it. */
export class Migration0010_traces extends Migration {
  override up(): void {
    this.addSql(`
      create table maker (
        id text collate "C" primary key,
        made_by jsonb not null,
        created_at timestamptz not null default now()
      )`)
    this.addSql(`
      alter table document
        add column job_id text, add column traceparent text, add column origin text, add column maker_id text collate "C"`)
  }

  override down(): void {
    this.addSql(
      'alter table document drop column job_id, drop column traceparent, drop column origin, drop column maker_id',
    )
    this.addSql('drop table maker')
  }
}
