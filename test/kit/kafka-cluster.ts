import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { randomClusterId, startKafka } from '../../src/kafka/embedded.ts'
import { freePort } from '../../src/supervisor/ports.ts'
import { cacheDir } from './kafka.ts'
import { removeOrphans, serviceFolder } from './temporary-folder.ts'

/** Where clients reach a node: it names one address to them, and listens on another behind it. */
export interface NodePorts {
  readonly named: number
  readonly listening: number
}

/** One node of the cluster; each is broker and controller. */
export interface KafkaNode {
  readonly id: number
  /** Ends it as kill -9 does, or as an operator does. */
  end(how: 'kill' | 'clean'): Promise<void>
  /** Starts one that has ended, with its data and on its ports. */
  revive(): Promise<void>
}

/** A Kafka of several nodes, each of which keeps a copy of everything; a majority of them can do without the others. */
export const startTestCluster = async (ports: readonly NodePorts[]) => {
  await removeOrphans('kafka')
  const clusterId = randomClusterId()
  const members = await Promise.all(
    ports.map(async ({ named, listening }, i) => {
      const { folder, remove } = serviceFolder('kafka')
      const [controller, internal] = [await freePort(), await freePort()]
      // Where the node looks for the port it had before.
      writeFileSync(join(folder, 'controller-port'), String(controller))
      return { id: i + 1, folder, remove, named, listening, controller, internal }
    }),
  )
  const copies = members.length
  const most = copies - 1
  const start = ({ id, folder, named, listening, controller, internal }: (typeof members)[number]) =>
    startKafka({
      dataDir: folder,
      cacheDir,
      progress: line => console.log(line),
      port: listening,
      clusterId,
      settings: {
        'node.id': id,
        'controller.quorum.voters': members.map(one => `${one.id}@127.0.0.1:${one.controller}`).join(','),
        listeners: `CLIENTS://127.0.0.1:${listening},INTERNAL://127.0.0.1:${internal},CONTROLLER://127.0.0.1:${controller}`,
        'advertised.listeners': `CLIENTS://127.0.0.1:${named},INTERNAL://127.0.0.1:${internal}`,
        'inter.broker.listener.name': 'INTERNAL',
        'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
        'offsets.topic.replication.factor': copies,
        'transaction.state.log.replication.factor': copies,
        'transaction.state.log.min.isr': most,
        'share.coordinator.state.topic.replication.factor': copies,
        'share.coordinator.state.topic.min.isr': most,
      },
    })
  const running = new Map(await Promise.all(members.map(async member => [member.id, await start(member)] as const)))
  const end = async (id: number, how: 'kill' | 'clean') => {
    const node = running.get(id)!
    process.kill(node.pid, how === 'kill' ? 'SIGKILL' : 'SIGTERM')
    await node.ended
  }
  const nodes = members.map(
    (member): KafkaNode => ({
      id: member.id,
      end: how => end(member.id, how),
      async revive() {
        running.set(member.id, await start(member))
      },
    }),
  )
  return {
    brokers: members.map(({ named }) => `127.0.0.1:${named}`),
    nodes,
    get pid() {
      return running.get(1)!.pid
    },
    get outcome() {
      return running.get(1)!.outcome
    },
    kill: async () => void (await Promise.all(nodes.map(node => node.end('kill')))),
    revive: async () => void (await Promise.all(nodes.map(node => node.revive()))),
    /** Killed: a node that ends as it should asks for a leader that may have gone before. */
    async stop() {
      for (const { pid, ended } of running.values()) {
        try {
          process.kill(pid, 'SIGKILL')
        } catch (error) {
          if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
        }
        await ended
      }
      for (const { remove } of members) remove()
    },
  }
}
