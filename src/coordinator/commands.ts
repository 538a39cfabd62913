import { CommandRow } from './entities.ts'
import type { Tenure } from './tenure.ts'

/**
 * Applies the commands that wait, in order. `start` only marks the job as due: the queue decides when it runs.
 * True when there was one.
 */
export const applyCommands = (tenure: Tenure): Promise<boolean> =>
  tenure.transaction(async (tx, now) => {
    const commands = await tx.find(CommandRow, { appliedAt: null }, { orderBy: { id: 'asc' } })
    for (const command of commands) command.appliedAt = now
    return commands.length > 0
  })
