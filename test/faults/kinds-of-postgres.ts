import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import type { Worker } from '../kit/installation.ts'
import { until } from '../kit/until.ts'
import type { Kind } from './kind.ts'
import { unknownOutcome } from './kinds-of-kafka.ts'
import { soon, withinMs } from './under.ts'

export const postgresKinds: readonly Kind[] = [
  {
    name: 'answer to a COMMIT of PostgreSQL lost',
    rows: [10],
    threatens: unknownOutcome,
    takesMs: 6_000,
    async strike({ store }) {
      const { promise, resolve } = Promise.withResolvers<void>()
      let left = 1
      store.lose = bytes => {
        if (left === 0 || !/commit/i.test(bytes.toString('latin1'))) return false
        left--
        resolve()
        return true
      }
      await soon('a COMMIT', promise).finally(() => {
        store.lose = null
      })
    },
  },
  {
    name: 'all connections to PostgreSQL cut',
    rows: [27],
    threatens: 'an effect is lost or doubled',
    takesMs: 6_000,
    strike: async ({ store }) => store.cut(),
  },
  {
    name: 'a lock held on what every effect needs',
    rows: [27],
    threatens: 'a wait is taken for a failure',
    takesMs: 8_000,
    async strike({ penstock: { pool } }) {
      const client = await pool.connect()
      try {
        await client.query(
          'begin; set local idle_in_transaction_session_timeout = 0; lock table applied in access exclusive mode',
        )
        await delay(4_000)
      } finally {
        await client.query('rollback')
        client.release()
      }
    },
  },
  {
    name: 'one connection to PostgreSQL that swallows everything',
    rows: [25],
    threatens: 'a worker waits for ever',
    takesMs: 30_000,
    async strike({ store }) {
      const { promise: struck, resolve } = Promise.withResolvers<void>()
      store.swallow = bytes => {
        if (!bytes.includes('select next_offset, rejects from applied')) return false
        store.swallow = null
        resolve()
        return true
      }
      await soon('a write', struck)
    },
  },
  {
    name: 'a write to PostgreSQL held past a hand-over',
    rows: [8],
    threatens: 'the old owner writes what the new one has claimed',
    takesMs: 20_000,
    async strike(rig, { job }) {
      await rig.seen(job, 'indexing')
      const { promise: held, resolve: hold } = Promise.withResolvers<Worker>()
      const [old, next] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
      let first: Buffer | null = null
      rig.store.hold = (bytes, hello) => {
        if (hello === first) return old.promise
        const owner = rig.workers('indexing').find(({ name }) => hello.includes(`test.worker=${name}`))
        if (!owner) return null
        if (first !== null) return bytes.includes('select next_offset, rejects from applied') ? next.promise : null
        if (!/begin/i.test(bytes.toString('latin1'))) return null
        first = hello
        hold(owner)
        return old.promise
      }
      const owner = await soon('a write', held)
      try {
        owner.signal('SIGSTOP')
        await until(
          'the hand-over of its lanes',
          async () => ![...(await rig.penstock.witness.owners(job)).values()].includes(owner.name),
          withinMs,
        )
        old.resolve()
      } finally {
        owner.signal('SIGCONT')
        // Long enough for all that the old owner would write, while the new one has yet to begin.
        await delay(1_500)
        old.resolve()
        next.resolve()
        rig.store.hold = null
      }
    },
  },
  ...(['fast', 'kill'] as const).map(
    (how): Kind => ({
      name: `PostgreSQL ${how === 'kill' ? 'killed' : 'ended'} and started again`,
      rows: [27],
      threatens: 'an effect is lost or doubled',
      takesMs: 15_000,
      async strike({ postgres }) {
        await postgres.end(how)
        await delay(2_000)
        await postgres.revive()
      },
    }),
  ),
  {
    name: 'no connection to PostgreSQL is left',
    rows: [27],
    threatens: 'a wait is taken for a failure',
    takesMs: 15_000,
    async strike({ postgres, store }) {
      const taken: pg.Client[] = []
      const take = async () => {
        const client = new pg.Client({ connectionString: postgres.url })
        client.on('error', () => undefined)
        await client.connect()
        taken.push(client)
      }
      try {
        store.cut()
        // Until the server itself has none left.
        for (let refused = false; !refused; )
          await Promise.all(Array.from({ length: 10 }, take)).catch(error => {
            if (error.code !== '53300') throw error
            refused = true
          })
        await delay(4_000)
      } finally {
        await Promise.all(taken.map(client => client.end()))
      }
    },
  },
  {
    name: 'transactions of PostgreSQL that cannot be serialized',
    rows: [27],
    threatens: 'a refusal that passes is taken for a failure',
    takesMs: 12_000,
    async strike({ penstock: { pool } }) {
      await pool.query(`
        create function refuse() returns trigger language plpgsql as $$ begin
          raise exception 'could not serialize access' using errcode = (array['40001', '40P01'])[1 + random()::int];
        end $$;
        create trigger refuse before update on applied for each statement execute function refuse()`)
      await delay(5_000)
      await pool.query('drop function refuse cascade')
    },
  },
]
