/** Making keys, seeing them, and revoking them. A key of the tenant `default` does so for all tenants, others for their own. */
import { byKey, createdKey, keyList, keyRequest, keyRevoked, keysQuery } from './keys.ts'
import { invalid, route } from './route.ts'

export const keyRoutes = {
  keys: route({
    method: 'GET',
    path: '/api/keys',
    tag: 'keys',
    summary: 'Keys, the newest first, page by page, without what they are',
    query: keysQuery,
    answer: keyList,
    statuses: { 200: 'One page; revoked ones are in it too.' },
    errors: invalid,
  }),
  createKey: route({
    method: 'POST',
    path: '/api/keys',
    tag: 'keys',
    summary: 'Make a key; it is told once',
    body: keyRequest,
    answer: createdKey,
    statuses: { 201: 'It is made, and good at once.' },
    errors: { ...invalid, 403: 'The scope is missing, or the key would be of another tenant (operators_only).' },
  }),
  revokeKey: route({
    method: 'DELETE',
    path: '/api/keys/{key_id}',
    tag: 'keys',
    summary: 'Revoke a key; within seconds no process takes it any more',
    params: byKey,
    answer: keyRevoked,
    statuses: { 200: 'It is revoked, or was before.' },
    errors: { 404: 'There is no such key.', ...invalid },
  }),
} as const
