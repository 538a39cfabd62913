import type { SubjectName } from './kind.ts'
import type { Rig } from './rig.ts'
import { subjects } from './subjects.ts'

/** How many requests for vectors a job that nothing disturbs takes; the first time its workers start and it is seen to be whole. */
export const undisturbedCalls = async (rig: Rig, name: SubjectName): Promise<number> => {
  const known = rig.undisturbedCalls.get(name)
  if (known !== undefined) return known
  const subject = subjects[name]
  await Promise.all(subject.roles.map(role => rig.penstock.employ(role)))
  const kb = `undisturbed-${name}`
  const begun = await subject.begin(rig, kb, () => 0.5)
  try {
    await begun.isWhole({})
  } catch (cause) {
    throw new Error(`The undisturbed job is broken: ${name}`, { cause })
  } finally {
    await begun.end()
  }
  rig.undisturbedCalls.set(name, rig.calls(kb))
  return rig.calls(kb)
}
