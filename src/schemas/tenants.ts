/**
 * Whose is what nobody's key made: what was made before there were tenants, what is asked for without a key, and the
 * operator's. The rules of row-level security have the same name.
 */
export const defaultTenant = 'default'
