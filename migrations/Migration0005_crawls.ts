import { Migration } from '@mikro-orm/migrations'

/** What crawls know: the addresses of each, while its job is not over, and what is kept of pages from run to run. */
export class Migration0005_crawls extends Migration {
  override up(): void {
    this.addSql(`
      create table crawl_url (
        job_id text collate "C" not null references job on delete cascade,
        source_index int not null,
        number bigint not null,
        url text collate "C" not null,
        kind text not null check (kind in ('page', 'sitemap')),
        seed boolean not null,
        depth int not null,
        hops int not null,
        attempt int not null,
        due_at timestamptz not null,
        pattern text collate "C",
        found_on text,
        waits int not null default 0,
        state text not null default 'pending',
        text_hash text,
        error text,
        primary key (job_id, source_index, number),
        unique (job_id, source_index, url, attempt)
      )`)
    this.addSql(`
      create index crawl_url_pattern on crawl_url (job_id, source_index, pattern) where pattern is not null`)
    this.addSql(`
      create index crawl_url_text on crawl_url (job_id, source_index, text_hash) where text_hash is not null`)
    this.addSql(`
      create table page_validator (
        kb_id text collate "C" not null references knowledge_base on delete cascade,
        document_id text collate "C" not null,
        content_hash text not null,
        revision int not null,
        etag text,
        last_modified text,
        text_hash text not null,
        links jsonb not null,
        primary key (kb_id, document_id)
      )`)
  }

  override down(): void {
    this.addSql('drop table page_validator')
    this.addSql('drop table crawl_url')
  }
}
