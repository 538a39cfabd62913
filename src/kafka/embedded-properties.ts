const MiB = 1024 * 1024
/** Kafka's clock of expiry counts minutes in 32 bits: 4,083 years. */
const never = 2_147_483_647

export interface ServerSettings {
  readonly port: number
  readonly controllerPort: number
  /** The folder of all its logs, the metadata's included. */
  readonly logs: string
  /** Settings of Kafka beside ours and instead of them. */
  readonly more?: Readonly<Record<string, string | number>> | undefined
}

/** The settings of a Kafka of one node, for one machine that it shares with everything else. */
export const serverProperties = ({ port, controllerPort, logs, more }: ServerSettings): string => {
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': 1,
    listeners: `CLIENTS://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controllerPort}`,
    'advertised.listeners': `CLIENTS://127.0.0.1:${port}`,
    'inter.broker.listener.name': 'CLIENTS',
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CLIENTS:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    'log.dirs': logs,

    // A node that was killed may come back only when its former self has timed out.
    'broker.session.timeout.ms': 2700,
    'broker.heartbeat.interval.ms': 600,
    'metadata.max.idle.interval.ms': 0,
    'auto.leader.rebalance.enable': false,

    'auto.create.topics.enable': false,
    'message.max.bytes': 8 * MiB,
    'log.segment.bytes': 64 * MiB,
    'log.index.size.max.bytes': MiB,
    'log.retention.check.interval.ms': 60_000,
    'log.cleaner.threads': 1,
    'log.cleaner.dedupe.buffer.size': 16 * MiB,

    'offsets.topic.num.partitions': 4,
    'offsets.topic.replication.factor': 1,
    'offsets.topic.segment.bytes': 16 * MiB,
    'offsets.retention.minutes': never,
    'group.initial.rebalance.delay.ms': 0,

    'transaction.state.log.num.partitions': 4,
    'transaction.state.log.replication.factor': 1,
    'transaction.state.log.min.isr': 1,
    'transaction.state.log.segment.bytes': 16 * MiB,
    // What a killed worker left open holds up its readers until it is aborted.
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 2000,

    'share.coordinator.state.topic.num.partitions': 1,
    'share.coordinator.state.topic.replication.factor': 1,
    'share.coordinator.state.topic.min.isr': 1,

    'num.network.threads': 2,
    'num.io.threads': 4,
    'background.threads': 2,
    'num.recovery.threads.per.data.dir': 2,
    ...more,
  }
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${escaped(String(value))}\n`)
    .join('')
}

/** As Java's properties files want it: a backslash is an escape there, and only Latin-1 is safe as it is. */
const escaped = (value: string): string =>
  value
    .replaceAll('\\', '\\\\')
    .replace(/[^\x20-\x7e]/g, character => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
