import { Migration } from '@mikro-orm/migrations'

/** Branches of the line, and the tables that TABULATING writes. */
export class Migration0007_tables extends Migration {
  override up(): void {
    this.addSql(`
      update job set state = jsonb_set('{"branches": []}' || state, '{phases, TABULATING}',
        '{"lanes": {}, "held": null, "pace": null, "items": 0, "outputs": 0, "rejects": 0, "bytes": 0, "total": null,
          "shown": 0, "startedAt": null, "completedAt": null}')
      where state ? 'phases'`)
  }

  override down(): void {
    this.addSql(`update job set state = state - 'branches' #- '{phases, TABULATING}'`)
  }
}
