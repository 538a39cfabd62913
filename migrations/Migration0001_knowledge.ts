import { Migration } from '@mikro-orm/migrations'

/**
 * Knowledge bases, their documents and versions, and the applied rows. The chunks of a knowledge base are in a table
 * of its own, `chunks_<number>`, which the store makes with it.
 */
export class Migration0001_knowledge extends Migration {
  override up(): void {
    this.addSql('create extension if not exists vector')

    this.addSql(`
      create table knowledge_base (
        id text primary key,
        number int generated always as identity unique,
        embedding jsonb not null,
        chunking jsonb not null,
        created_at timestamptz not null default now()
      )`)

    this.addSql(`
      create table document (
        kb_id text collate "C" not null references knowledge_base on delete cascade,
        document_id text collate "C" not null,
        source text not null,
        uri text collate "C" not null,
        title text not null,
        media_type text not null,
        metadata jsonb not null default '{}',
        active_version bigint not null,
        content_hash text not null,
        settings_hash text not null,
        chunks int not null,
        stubs int not null default 0,
        deleted boolean not null default false,
        updated_at timestamptz not null default now(),
        primary key (kb_id, document_id)
      )`)
    this.addSql('create index document_page on document (kb_id, (left(uri, 500)), document_id) where not deleted')

    this.addSql(`
      create table document_version (
        kb_id text collate "C" not null references knowledge_base on delete cascade,
        document_id text collate "C" not null,
        version bigint not null,
        ends jsonb not null default '{}',
        primary key (kb_id, document_id, version)
      )`)

    this.addSql(`
      create table seen (
        kb_id text collate "C" not null references knowledge_base on delete cascade,
        run bigint not null,
        document_id text collate "C" not null,
        source text not null,
        primary key (kb_id, run, document_id)
      )`)

    this.addSql(`
      create table applied (
        job_id text not null,
        stage text not null,
        lane int not null,
        next_offset bigint not null default 0,
        fence bigint not null default 1,
        rejects jsonb not null default '[]',
        updated_at timestamptz not null default now(),
        primary key (job_id, stage, lane)
      )`)
  }

  override down(): void {
    this.addSql(`
      do $$
      declare kb record;
      begin
        for kb in select number from knowledge_base loop
          execute format('drop table if exists chunks_%s', kb.number);
        end loop;
      end $$`)
    for (const table of ['applied', 'seen', 'document_version', 'document', 'knowledge_base'])
      this.addSql(`drop table ${table}`)
  }
}
