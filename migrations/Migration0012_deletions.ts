import { Migration } from '@mikro-orm/migrations'

/** Knowledge bases that are being deleted, and the run number above which those of their names begin anew. */
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
    this.addSql('drop table knowledge_base_deletion')
  }
}
