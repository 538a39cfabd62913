import { Migration } from '@mikro-orm/migrations'

/** Branches of the line, and the tables that TABULATING writes. */
export class Migration0007_tables extends Migration {
  override up(): void {
    this.addSql(`
      update job set state = jsonb_set('{"branches": []}' || state, '{phases, TABULATING}',
        '{"lanes": {}, "held": null, "pace": null, "items": 0, "outputs": 0, "rejects": 0, "bytes": 0, "total": null,
          "shown": 0, "startedAt": null, "completedAt": null}')
      where state ? 'phases'`)
    this.addSql(`
      create table table_load (
        id bigint generated always as identity primary key,
        kb_id text collate "C" not null references knowledge_base (id),
        name text collate "C" not null,
        run bigint not null,
        job_id text collate "C" not null,
        source text collate "C" not null,
        columns jsonb not null,
        files jsonb,
        expected bigint,
        rejected bigint,
        created_at timestamptz not null default now(),
        unique (kb_id, name, run)
      )`)
    this.addSql(`
      create table table_load_lane (
        load_id bigint not null references table_load (id) on delete cascade,
        lane int not null,
        rows bigint not null,
        refused bigint not null,
        primary key (load_id, lane)
      )`)
    this.addSql(`
      create table loaded_table (
        kb_id text collate "C" not null references knowledge_base (id),
        name text collate "C" not null,
        load_id bigint not null references table_load (id),
        rows bigint not null,
        refused bigint not null,
        loaded_at timestamptz not null default now(),
        primary key (kb_id, name)
      )`)
  }

  override down(): void {
    this.addSql('drop table loaded_table, table_load_lane, table_load')
    this.addSql(`
      do $$ declare found name; begin
        for found in select nspname from pg_namespace where nspname ~ '^kb_[0-9]+$' loop
          execute format('drop schema %I cascade', found);
        end loop;
      end $$`)
    this.addSql(`update job set state = state - 'branches' #- '{phases, TABULATING}'`)
  }
}
