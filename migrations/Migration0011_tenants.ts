import { Migration } from '@mikro-orm/migrations'

const mine = `(select o.kb_id from knowledge_base_owner o where o.tenant = current_setting('penstock.tenant', true))`
const nobodys = (kb: string) =>
  `(current_setting('penstock.tenant', true) = 'default' and not exists (
     select from knowledge_base_owner o where o.kb_id = ${kb}))`

/** Table to what of it the tenant sees that the transaction is for. */
const seen: Readonly<Record<string, string>> = {
  knowledge_base: `id in ${mine}`,
  ...Object.fromEntries(
    [
      ...['document', 'document_version', 'seen', 'source_listing', 'schedule', 'page_validator'],
      ...['table_load', 'loaded_table', 'job'],
    ].map(table => [table, `kb_id in ${mine}`]),
  ),
  ...Object.fromEntries(
    ['command', 'applied', 'crawl_url', 'replay_document'].map(table => [
      table,
      `exists (select from job where job.id = ${table}.job_id)`,
    ]),
  ),
  dead_letter: `kb_id in ${mine} or ${nobodys('dead_letter.kb_id')}`,
  parked_event: `kb_id in ${mine} or ${nobodys('parked_event.kb_id')}`,
  submission_key: `tenant = current_setting('penstock.tenant', true)`,
}

const role = 'penstock_api'

/** Keys, whose a knowledge base is, and the role by which the API sees what is a tenant's and nothing else. */
export class Migration0011_tenants extends Migration {
  override up(): void {
    this.addSql(`
      create table api_key (
        id text collate "C" primary key,
        tenant text collate "C" not null,
        name text not null,
        digest text collate "C" not null unique,
        scopes jsonb not null,
        created_at timestamptz not null default now(),
        expires_at timestamptz,
        last_used_at timestamptz,
        revoked_at timestamptz
      )`)
    this.addSql('create index api_key_tenant on api_key (tenant)')

    this.addSql(`
      create table knowledge_base_owner (
        kb_id text collate "C" primary key,
        tenant text collate "C" not null
      )`)
    this.addSql('create index knowledge_base_owner_tenant on knowledge_base_owner (tenant)')
    this.addSql(`
      insert into knowledge_base_owner (kb_id, tenant)
      select id, 'default' from knowledge_base union select kb_id, 'default' from job`)

    this.addSql(`
      create table submission_key (
        tenant text collate "C" not null,
        key text collate "C" not null,
        digest text collate "C" not null,
        job_id text not null references job on delete cascade,
        created_at timestamptz not null default now(),
        primary key (tenant, key)
      )`)
    this.addSql('create index submission_key_age on submission_key (created_at)')

    this.addSql(`
      do $$ begin
        if not exists (select from pg_roles where rolname = '${role}') then create role ${role} nologin; end if;
      exception
        when duplicate_object or unique_violation then null;
        when insufficient_privilege then
          raise exception 'the role ${role} is missing, and % may not make it: let an administrator run: create role ${role} nologin; grant ${role} to %;', current_user, current_user;
      end $$`)
    this.addSql(`grant usage on schema public to ${role}`)
    this.addSql(`grant select on all tables in schema public to ${role}`)
    this.addSql(`revoke all on api_key from ${role}`)
    this.addSql(`alter default privileges grant select on tables to ${role}`)
    this.addSql(`alter default privileges grant usage on schemas to ${role}`)
    this.addSql(`
      do $$ declare found name; begin
        for found in select nspname from pg_namespace where nspname ~ '^kb_[0-9]+$' loop
          execute format('grant usage on schema %I to ${role}', found);
          execute format('grant select on all tables in schema %I to ${role}', found);
        end loop;
      end $$`)
    this.addSql(`grant insert on command to ${role}`)
    this.addSql(`grant update on job, dead_letter to ${role}`)
    this.addSql(`grant delete on schedule to ${role}`)
    for (const [table, condition] of Object.entries(seen)) {
      this.addSql(`alter table ${table} enable row level security`)
      // The line is no tenant's, whether it owns the tables or not.
      this.addSql(`create policy line on ${table} using (true)`)
      this.addSql(`create policy tenant on ${table} as restrictive to ${role} using (${condition})`)
    }
  }

  override down(): void {
    this.addSql(`
      do $$ begin
        if exists (select from knowledge_base_owner where tenant <> 'default') then
          raise exception 'knowledge bases of tenants other than default would become those of default, and all keys would go. To have that, run: delete from knowledge_base_owner where tenant <> ''default''';
        end if;
      end $$`)
    for (const table of Object.keys(seen)) {
      this.addSql(`drop policy tenant on ${table}`)
      this.addSql(`drop policy line on ${table}`)
      this.addSql(`alter table ${table} disable row level security`)
    }
    this.addSql(`drop owned by ${role}`)
    this.addSql('drop table submission_key, knowledge_base_owner, api_key')
  }
}
