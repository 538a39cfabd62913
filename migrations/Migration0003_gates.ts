import { Migration } from '@mikro-orm/migrations'

/** Demands on jobs beside their start, and who works on the lanes of a stage. */
export class Migration0003_gates extends Migration {
  override up(): void {
    this.addSql(`
      alter table command drop constraint command_verb_check,
        add constraint command_verb_check check (verb in ('start', 'pause', 'resume', 'cancel', 'retry')),
        add column refusal text, add column command_id text unique`)
    this.addSql(`
      create table stage_owners (
        stage text primary key,
        owners jsonb not null,
        seen_at timestamptz not null
      )`)
    this.addSql('alter table lease add column trouble text')
    this.addSql(`
      update job set state =
        '{"revision": 0, "paused": [], "pauseAskedAt": null, "cancelAskedAt": null, "pressed": false}' || state`)
  }

  override down(): void {
    this.addSql('alter table lease drop column trouble')
    this.addSql('drop table stage_owners')
    this.addSql(`delete from command where verb <> 'start'`)
    this.addSql(`
      alter table command drop constraint command_verb_check,
        add constraint command_verb_check check (verb in ('start')),
        drop column refusal, drop column command_id`)
  }
}
