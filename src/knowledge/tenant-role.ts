import type { EntityManager } from '@mikro-orm/postgresql'
import { tenantRole } from './tenancy.ts'

const notAllowed = '42501'

/**
 * Lets the user of a database act as the role by which the API reads for a tenant, and makes the role where the server has
 * none. To have made a role does not suffice since PostgreSQL 16, and a backup brings no memberships along. Throws, with
 * what an administrator has to run, where the user may do neither.
 */
export const grantTenantRole = async (tx: EntityManager): Promise<void> => {
  await tx.execute(`
    do $$ begin
      if not exists (select from pg_roles where rolname = '${tenantRole}') then create role ${tenantRole} nologin; end if;
      begin
        set local role ${tenantRole};
      exception when insufficient_privilege then
        execute format('grant ${tenantRole} to %I', current_user);
        set local role ${tenantRole};
      end;
      set local role none;
    exception when insufficient_privilege then
      raise exception using errcode = '${notAllowed}', message = format(
        '%s may not act as the role ${tenantRole}: let an administrator run: create role ${tenantRole} nologin; grant ${tenantRole} to %I;',
        current_user, current_user);
    end $$`)
}

/** Throws, with what to do, where the user of a database may not act as that role: every request would fail. */
export const checkTenantRole = async (em: EntityManager): Promise<void> => {
  await em
    .transactional(tx => tx.execute(`set local role ${tenantRole}`))
    .catch(cause => {
      if (!(cause instanceof Error && 'code' in cause && cause.code === notAllowed)) throw cause
      throw new Error(
        `The user of DATABASE_URL may not act as the role ${tenantRole}: run \`penstock migrate\`, which grants it or says who can.`,
        { cause },
      )
    })
}
