import type { Command } from 'commander'
import { showFreezes } from '../commands/freezes.ts'
import {
  allowVersion,
  freezeLane,
  goBack,
  pinLane,
  type RecoverOptions,
  recoverLane,
  showLane,
  unfreezeLane,
  unpinLane,
} from '../commands/lane.ts'
import { printRouterConfig } from '../commands/router-config.ts'
import type { RunInSession } from './run.ts'

/** Commands on targets: their routers, lanes, freezes and pins. */
export function addTargets(program: Command, run: RunInSession): void {
  addRouter(program, run)
  addLanes(program, run)
}

function addRouter(program: Command, run: RunInSession): void {
  program
    .command('router')
    .description('look at the routers of targets')
    .command('config <service> <environment>')
    .description('print what has to stand in the configuration of a target’s router')
    .option('--config <sluice.yaml>', 'the installation', 'sluice.yaml')
    .action((service: string, environment: string, { config }: { config: string }, command: Command) =>
      run(command, (session) => printRouterConfig({ service, environment }, config, session)),
    )
}

function addLanes(program: Command, run: RunInSession): void {
  program
    .command('lane <service> <environment>')
    .description('show what runs and waits on a target, and who controls its router')
    .action((service: string, environment: string, _options: object, command: Command) =>
      run(command, (session) => showLane({ service, environment }, session)),
    )
  program
    .command('freezes')
    .description('show when the windows and freezes of sluice.yaml close and open next')
    .action((_options: object, command: Command) => run(command, showFreezes))
  program
    .command('freeze <service> <environment>')
    .description('stop releases from starting on a target')
    .requiredOption('--reason <text>', 'reason, shown to everyone')
    .action((service: string, environment: string, { reason }: { reason: string }, command: Command) =>
      run(command, (session) => freezeLane({ service, environment }, reason, session)),
    )
  program
    .command('unfreeze <service> <environment>')
    .description('let releases start again')
    .action((service: string, environment: string, _options: object, command: Command) =>
      run(command, (session) => unfreezeLane({ service, environment }, session)),
    )
  program
    .command('allow <service> <environment> <version>')
    .description('let a version start again that was rolled back on a target')
    .requiredOption('--reason <text>', 'reason, shown to everyone')
    .action((service: string, environment: string, version: string, options: { reason: string }, command: Command) =>
      run(command, (session) => allowVersion({ service, environment }, version, options, session)),
    )
  program
    .command('pin <service> <environment> [version]')
    .description('keep a target on the version that it has: no release starts until it is unpinned')
    .requiredOption('--reason <text>', 'reason, shown to everyone')
    .action(
      (
        service: string,
        environment: string,
        version: string | undefined,
        options: { reason: string },
        command: Command,
      ) => run(command, (session) => pinLane({ service, environment }, version, options, session)),
    )
  program
    .command('unpin <service> <environment>')
    .description('let releases start again on a target that was pinned')
    .action((service: string, environment: string, _options: object, command: Command) =>
      run(command, (session) => unpinLane({ service, environment }, session)),
    )
  program
    .command('back <service> <environment>')
    .description('return to the version before while its pool is kept: one step, in a freeze as well')
    .option('--reason <text>', 'reason, shown to everyone', '')
    .option('--watch', 'follow it until it ends')
    .action((service: string, environment: string, options: { reason: string; watch?: true }, command: Command) =>
      run(command, (session) => goBack({ service, environment }, options, session)),
    )
  program
    .command('recover <service> <environment>')
    .description('send everybody back to stable, whoever controls the router, and end the release that runs')
    .requiredOption('--reason <text>', 'reason, shown to everyone')
    .option('--stable <pool>', 'the pool that gets everybody (the one the lane knows)')
    .action((service: string, environment: string, options: RecoverOptions, command: Command) =>
      run(command, (session) => recoverLane({ service, environment }, options, session)),
    )
}
