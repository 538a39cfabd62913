/** Loaded before the program into each process under test (`node --import`): strikes at failpoints when it is told to. */
import { connect } from 'node:net'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { installFault, type Place } from '../../src/runtime/failpoint.ts'
import { installTable } from '../../src/sources/parsing/table-in-use.ts'
import { type Order, portVariable, type Said, type Told } from './failpoint-orders.ts'
import { stepClock } from './wrong-clock.ts'

const port = Number(process.env[portVariable])
const orders: Order[] = []
const asked = new Map<number, (may: boolean) => void>()
const socket = connect(port, '127.0.0.1')
socket.unref()
const say = (said: Said) => socket.write(`${JSON.stringify(said)}\n`)
socket.on('connect', () => say({ pid: process.pid }))
const lines = createInterface({ input: socket })
// The orders end with the test; the process does not.
for (const one of [socket, lines]) one.on('error', () => socket.destroy())
lines.on('line', line => {
  const told = JSON.parse(line) as Told
  if ('id' in told) return void orders.push(told)
  if ('may' in told) return asked.get(told.of)?.(told.may)
  if ('clock' in told) return stepClock(told.clock)
  const i = orders.findIndex(({ id }) => id === told.withdrawn)
  if (i >= 0) orders.splice(i, 1)
})

installTable(new URL('../kit/poisoned-parsers.ts', import.meta.url))

const fits = (order: Order, { stage, inputs = [] }: Place) =>
  (order.stage === undefined || order.stage === stage) &&
  (order.document === undefined || inputs.some(one => (one as { document_id?: string }).document_id === order.document))

installFault(async (point, place) => {
  const order = orders.find(one => one.point === point && fits(one, place))
  if (!order) return
  if (order.document === undefined) orders.splice(orders.indexOf(order), 1)
  const { promise: may, resolve } = Promise.withResolvers<boolean>()
  asked.set(order.id, resolve)
  say({ struck: order.id })
  if (!(await may)) return
  if (order.action === 'kill') process.kill(process.pid, 'SIGKILL')
  if (order.action === 'throw') throw Object.assign(new Error(`A fault at ${point}.`), { code: 'fault' })
  if (order.action === 'break') throw new TypeError(`A fault at ${point}.`)
  if (order.action === 'sleep') await delay(order.ms)
  if (order.action === 'block') {
    const end = performance.now() + order.ms!
    while (performance.now() < end);
  }
})
