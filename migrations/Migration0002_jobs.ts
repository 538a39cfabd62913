import { Migration } from '@mikro-orm/migrations'

/** Jobs, their commands and lanes, and what the coordinator has to remember. */
export class Migration0002_jobs extends Migration {
  override up(): void {
    this.addSql(`
      create table job (
        id text primary key,
        number bigint generated always as identity unique,
        kb_id text not null,
        kind text not null check (kind in ('run')),
        status text not null
          check (status in ('pending', 'running', 'paused', 'completed', 'failed', 'cancelled')),
        submission jsonb not null,
        state jsonb not null,
        run bigint not null,
        priority int not null default 0,
        submitted_at timestamptz not null default now(),
        started_at timestamptz,
        completed_at timestamptz,
        closed_at timestamptz
      )`)
    this.addSql(`
      create unique index job_one_unfinished on job (kb_id, kind) where status in ('pending', 'running', 'paused')`)
    this.addSql('create unique index job_run on job (kb_id, run)')
    this.addSql('create index job_status on job (status)')

    this.addSql(`
      create table command (
        id bigint generated always as identity primary key,
        job_id text not null references job on delete cascade,
        verb text not null check (verb in ('start')),
        phase text,
        created_at timestamptz not null default now(),
        applied_at timestamptz
      )`)
    this.addSql('create index command_waiting on command (id) where applied_at is null')
    this.addSql('create index command_job on command (job_id)')

    this.addSql(`
      create table lane (
        lane int primary key,
        job_id text references job,
        revision bigint not null default 0,
        starts jsonb not null default '{}',
        leaving boolean not null default false
      )`)
    this.addSql('create index lane_job on lane (job_id)')

    this.addSql(`
      create table publication (
        id bigint primary key,
        records jsonb not null,
        created_at timestamptz not null default now()
      )`)
    this.addSql('create sequence control_revision')

    this.addSql(`
      create table followed (
        topic text not null,
        lane int not null,
        next bigint not null,
        primary key (topic, lane)
      )`)

    this.addSql(`
      create table dead_letter (
        lane int not null,
        position bigint not null,
        job_id text not null,
        kb_id text not null,
        stage text not null,
        input_topic text not null,
        input_lane int not null,
        input_offset bigint not null,
        code text not null,
        message text not null,
        attempts int not null,
        uri text,
        document_id text,
        payload bytea,
        created_at timestamptz not null default now(),
        primary key (lane, position)
      )`)
    this.addSql('create index dead_letter_job on dead_letter (job_id, stage, code)')

    this.addSql(`
      create table lease (
        name text primary key,
        epoch bigint not null default 0,
        holder text,
        until timestamptz not null default '-infinity'
      )`)
    this.addSql(`insert into lease (name) values ('coordinator')`)

    this.addSql('create table admission (only_row boolean primary key default true check (only_row))')
    this.addSql('insert into admission default values')

    this.addSql(`
      create table cluster (
        only_row boolean primary key default true check (only_row),
        id text not null
      )`)
  }

  override down(): void {
    for (const table of [
      'cluster',
      'admission',
      'lease',
      'dead_letter',
      'followed',
      'publication',
      'lane',
      'command',
      'job',
    ])
      this.addSql(`drop table ${table}`)
    this.addSql('drop sequence control_revision')
  }
}
