import { AssignerProtocol } from 'kafkajs'
import type { Link } from './link.ts'

interface DescribeGroupsResponse {
  readonly groups: readonly {
    readonly state: string
    readonly members: readonly { readonly clientId: string; readonly memberAssignment: Buffer }[]
  }[]
}

/** States in which a group has no members, and those in which its lanes are somebody's; in others nobody can say. */
const empty: readonly string[] = ['Empty', 'Dead']
const settled: readonly string[] = [...empty, 'Stable']

/** Lane to the client id of the member that has it; null while the group rebalances. */
export const groupOwners = async (
  link: Link,
  groupId: string,
  topic: string,
): Promise<ReadonlyMap<number, string> | null> => {
  const { groups } = await link.patiently(async () =>
    link.send<DescribeGroupsResponse>(await link.coordinator('group', groupId), 'DescribeGroups', {
      groupIds: [groupId],
    }),
  )
  const [group] = groups
  if (!group || !settled.includes(group.state)) return null
  const owners = new Map<number, string>()
  for (const { clientId, memberAssignment } of empty.includes(group.state) ? [] : group.members) {
    const assigned = AssignerProtocol.MemberAssignment.decode(memberAssignment)
    for (const lane of assigned?.assignment[topic] ?? []) owners.set(lane, clientId)
  }
  return owners
}
