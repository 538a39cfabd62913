import type { Pool } from 'pg'

/** A claim of a lane, or a slice that was applied, by the process whose transaction it was; both as committed. */
export interface Witnessed {
  readonly kind: 'claim' | 'apply'
  readonly worker: string
  readonly stage: string
  readonly lane: number
  /** The applied offset before and after. */
  readonly first: number
  readonly next: number
}

/** Statements at which workers can be made to stay for a while, inside their own transaction. */
const places = {
  loading: ['insert', 'seen'],
  indexing: ['insert', 'document_version'],
  finishing: ['delete', 'seen'],
} as const

/** What a process has to be given so that the database knows it by its name. */
export const nameFor = (worker: string) => ({ PGOPTIONS: `-c test.worker=${worker}` })

/** Watches a database from inside: who claims and applies what, and who is in the middle of a transaction. */
export const openWitness = async (pool: Pool) => {
  const me = `coalesce(current_setting('test.worker', true), '')`
  await pool.query(`
    create table witnessed (id bigint generated always as identity, kind text not null, worker text not null,
      job_id text not null, stage text not null, lane int not null, first bigint not null, next bigint not null);
    create function witness() returns trigger language plpgsql as $$ begin
      insert into witnessed (kind, worker, job_id, stage, lane, first, next)
      values (case when tg_op = 'INSERT' or new.fence > old.fence then 'claim' else 'apply' end,
              ${me}, new.job_id, new.stage, new.lane, coalesce(old.next_offset, 0), new.next_offset);
      return null;
    end $$;
    create trigger witness after insert or update on applied for each row execute function witness();
    create function stay() returns trigger language plpgsql as $$ begin
      perform set_config('application_name', ${me}, false), pg_sleep(tg_argv[0]::float);
      return null;
    end $$;
    create table rewritten (name text not null, document_id text not null, version bigint not null);
    create function rewrite() returns trigger language plpgsql as $$ begin
      insert into rewritten values (tg_table_name, new.document_id, new.version);
      return null;
    end $$;
    create function watch() returns event_trigger language plpgsql as $$ declare made record; begin
      for made in select * from pg_event_trigger_ddl_commands() where object_identity ~ '\\.chunks_\\d+$' loop
        execute format('create trigger rewrite after update on %s for each row execute function rewrite()', made.object_identity);
      end loop;
    end $$;
    create event trigger watch on ddl_command_end when tag in ('CREATE TABLE') execute function watch()`)

  const of = async (job: string): Promise<readonly Witnessed[]> => {
    const { rows } = await pool.query<Witnessed>(
      `select kind, worker, stage, lane, first::int, next::int from witnessed where job_id = $1 order by id`,
      [job],
    )
    return rows
  }
  return {
    of,
    /** From now on workers of a stage stay so long in each transaction; 0 ends it. */
    async slow(place: keyof typeof places, seconds: number) {
      const [verb, table] = places[place]
      await pool.query(`drop trigger if exists stay_${place} on ${table}`)
      if (seconds === 0) return
      await pool.query(
        `create trigger stay_${place} before ${verb} on ${table} for each statement execute function stay('${seconds}')`,
      )
    },
    /** The workers that have just come to such a place. */
    async inside(): Promise<readonly string[]> {
      const { rows } = await pool.query<{ worker: string }>(
        `select application_name as worker from pg_stat_activity
         where datname = current_database() and wait_event = 'PgSleep'
           and clock_timestamp() - query_start < interval '200 ms'`,
      )
      return rows.map(({ worker }) => worker)
    },
    /**
     * What must never be: a slice applied by another process than the last that had claimed the lane, or one of which
     * nothing was new. One of which a part was new shows in the store's contract alone.
     */
    async faults(job: string): Promise<readonly string[]> {
      const owners = new Map<string, string>()
      return (await of(job)).flatMap(({ kind, worker, stage, lane, first, next }) => {
        const where = `${stage} lane ${lane}`
        if (kind === 'claim') owners.set(where, worker)
        const slice = `${where}: ${worker} applied up to ${next}`
        if (owners.get(where) !== worker) return [`${slice}, fenced by ${owners.get(where)}`]
        return kind === 'apply' && next <= first ? [`${slice}, which was applied up to ${first}`] : []
      })
    },
    /** Chunks that were written once more: a slice, or a part of one, was applied twice. */
    async rewritten(): Promise<readonly object[]> {
      const { rows } = await pool.query<object>(
        'select name, document_id, version, count(*) from rewritten group by 1, 2, 3',
      )
      return rows
    },
    /** The worker that claimed each lane last. */
    owners: async (job: string): Promise<ReadonlyMap<number, string>> =>
      new Map((await of(job)).filter(({ kind }) => kind === 'claim').map(({ lane, worker }) => [lane, worker])),
  }
}
