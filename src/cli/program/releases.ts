import { type Command, Option } from 'commander'
import { COMMAND_VERBS, type CommandVerb, VERBS } from '../../domain/release/verbs.ts'
import { type CommandOptions, sendCommand } from '../commands/command.ts'
import { type ListOptions, listReleases, showRelease } from '../commands/look.ts'
import { type StartOptions, startRelease } from '../commands/start.ts'
import { giveTicket, type TryOptions } from '../commands/try.ts'
import type { ManifestOptions } from '../import-options.ts'
import { addManifestOptions, addValue } from './options.ts'
import type { RunInSession } from './run.ts'

/** Commands on releases: started, looked at, told what to do. */
export function addReleases(program: Command, run: RunInSession): void {
  addStart(program, run)
  addLooks(program, run)
  for (const verb of COMMAND_VERBS) addVerb(program, verb, run)
  addTry(program, run)
}

function addStart(program: Command, run: RunInSession): void {
  const command = program
    .command('start [plan.yaml]')
    .description('start a release')
    .option('--version <version>', 'the version to release (with -f: the tag of the only image)')
    .option('--reason <text>', 'reason, shown to everyone', '')
    .option('--key <key>', 'starting again with the same key returns the same release')
    .addOption(new Option('--queue', 'wait for your turn when the target is busy').conflicts('replace'))
    .addOption(new Option('--replace', 'roll the running release back first when the target is busy'))
    .option('--override-freeze', 'start in a freeze that lets you, with a reason')
    .option('--follow-plan', 'follow the plan also where the version is the one before, whose pool is kept')
    .option('--watch', 'follow it until it ends')
  addManifestOptions(command)
  command
    .option('-f, --file <file>', 'a manifest of Argo Rollouts or Flagger instead of a plan (repeatable)', addValue)
    .option('--accept-left-out', 'with -f: start although part of it was left out')
    .action((file: string | undefined, options: StartOptions & ManifestOptions, self: Command) =>
      run(self, (session) => startRelease(file, options, session)),
    )
}

function addLooks(program: Command, run: RunInSession): void {
  program
    .command('status <release>')
    .description('show a release, such as checkout/production/7')
    .option('--watch', 'follow it until it ends')
    .action((id: string, { watch }: { watch?: true }, command: Command) =>
      run(command, (session) => showRelease(id, watch === true, session)),
    )
  program
    .command('list')
    .description('list releases, newest first')
    .option('--service <name>', 'only of this service')
    .option('--environment <name>', 'only of this environment')
    .option('--phase <phase>', 'only in this phase, such as queued; open means all that run, closed all that ended')
    .option('--size <count>', 'how many, at most 100')
    .option('--next <token>', 'continue after the previous page')
    .action((options: ListOptions, command: Command) => run(command, (session) => listReleases(options, session)))
}

function addVerb(program: Command, verb: CommandVerb, run: RunInSession): void {
  const { does, meansStep } = VERBS[verb]
  const command = program
    .command(`${verb} <release>`)
    .description(does)
    .option('--reason <text>', 'reason, shown to everyone', '')
  if (meansStep) command.option('--step <number>', 'refuse unless the release is at this step (the current one)')
  if (verb === 'extend') command.requiredOption('--by <duration>', 'by how much, such as 10m')
  command.action((id: string, options: CommandOptions, self: Command) =>
    run(self, (session) => sendCommand(verb, id, options, session)),
  )
}

function addTry(program: Command, run: RunInSession): void {
  program
    .command('try <release>')
    .description('make a link and a cookie that put one person on the canary, whatever the weight')
    .option('--for <duration>', 'how long it is good for, at most 7d; it ends with the release at the latest', '1h')
    .option('--url <address>', 'a page of the service, to print a link to it')
    .action((id: string, options: TryOptions, command: Command) =>
      run(command, (session) => giveTicket(id, options, session)),
    )
}
