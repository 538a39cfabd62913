import { Migration } from '@mikro-orm/migrations'

const tenant = `current_setting('penstock.tenant', true)`
const mine = `dead_letter.kb_id in (select o.kb_id from knowledge_base_owner o where o.tenant = ${tenant})`
const nobodys = (and = '') =>
  `(${tenant} = 'default' and not exists (
     select from knowledge_base_owner o where o.kb_id = dead_letter.kb_id ${and}))`
/** What INTAKE rejected before a name was somebody's stays the operator's: it was sent to whoever had the name before. */
const since = `(dead_letter.job_id <> 'INTAKE' or o.since <= dead_letter.created_at)`
const mineSince = `exists (select from knowledge_base_owner o
  where o.tenant = ${tenant} and o.kb_id = dead_letter.kb_id and ${since})`

/** Knowledge bases that are being deleted, since when names are whose, and the run number above which those of their names begin anew. */
export class Migration0012_deletions extends Migration {
  override up(): void {
    this.addSql(`
      create table knowledge_base_deletion (
        id bigint generated always as identity primary key,
        kb_id text collate "C" not null unique,
        asked_at timestamptz not null default now(),
        uploads_removed boolean not null default false,
        waiting_for text
      )`)
    this.addSql('grant select on knowledge_base_deletion to penstock_api')
    this.addSql('alter table knowledge_base_deletion enable row level security')
    this.addSql('create policy line on knowledge_base_deletion using (true)')
    this.addSql(`
      create policy tenant on knowledge_base_deletion as restrictive to penstock_api using (kb_id in (
        select o.kb_id from knowledge_base_owner o where o.tenant = current_setting('penstock.tenant', true)))`)
    // Those that are there keep what they see.
    this.addSql(`alter table knowledge_base_owner add column since timestamptz not null default '-infinity'`)
    this.addSql('alter table knowledge_base_owner alter column since set default now()')
    this.addSql(`alter policy tenant on dead_letter using (${mineSince} or ${nobodys(`and ${since}`)})`)
    this.addSql('alter table admission add column run_floor bigint not null default 0')
  }

  override down(): void {
    this.addSql(`
      do $$ begin
        if exists (select from knowledge_base_deletion) then
          raise exception 'knowledge bases are being deleted: let the coordinator finish, then go back';
        end if;
      end $$`)
    this.addSql('alter table admission drop column run_floor')
    this.addSql(`alter policy tenant on dead_letter using (${mine} or ${nobodys()})`)
    this.addSql('alter table knowledge_base_owner drop column since')
    this.addSql('drop table knowledge_base_deletion')
  }
}
