import { type Command, Option } from 'commander'
import { type CalibrateOptions, calibrateFile } from '../commands/calibrate.ts'
import { type ImportCommandOptions, importFiles } from '../commands/import.ts'
import { type CheckOptions, checkPlan } from '../commands/plan-check.ts'
import { type DesignOptions, designForTarget } from '../commands/plan-design.ts'
import { explainPlan } from '../commands/plan-explain.ts'
import { askReady, type ReadyOptions } from '../commands/ready.ts'
import { type RehearseOptions, rehearse } from '../commands/rehearse.ts'
import { type SimulateOptions, simulatePlan } from '../commands/simulate.ts'
import { addManifestOptions, addTraffic, addValue } from './options.ts'
import type { RunInSession } from './run.ts'

/** Commands on plans, before any release: checked, designed, rehearsed, simulated, calibrated, imported. */
export function addPlans(program: Command, run: RunInSession): void {
  addPlan(program, run)
  addReady(program, run)
  addRehearse(program, run)
  addSimulate(program, run)
  addCalibrate(program, run)
  addImport(program, run)
}

function addPlan(program: Command, run: RunInSession): void {
  const plan = program.command('plan').description('work on plans without starting anything')
  const config = ['--config <sluice.yaml>', 'check against this sluice.yaml, without a server'] as const
  const check = plan
    .command('check <file>')
    .description('list everything that is wrong with a plan, with line and column')
    .option(...config)
    .option('--traffic <number>', 'requests per second, such as 200rps: show what each bake can detect')
  addTraffic(check)
  check.action((file: string, options: CheckOptions, command: Command) =>
    run(command, (session) => checkPlan(file, options, session)),
  )
  plan
    .command('explain <file>')
    .description('show what a plan does, when, to whom, and what watches it')
    .option(...config)
    .action((file: string, options: { config?: string }, command: Command) =>
      run(command, (session) => explainPlan(file, options.config, session)),
    )
  plan
    .command('design')
    .description('propose a plan for the traffic of a target, and a harm that its bakes are to see')
    .requiredOption('--service <service>', 'the service')
    .requiredOption('--environment <environment>', 'the environment')
    .option('--traffic <number>', 'requests per second, such as 200rps (measured on the server)')
    .option('--errors <share>', 'share of requests that fail today (measured, or 0.5%)')
    .option('--regression <harm>', 'what must be seen: 2x as many failed requests, or a share such as 2%', '2x')
    .option('--since <duration>', 'how far back the server measures (1d)')
    .option('--config <sluice.yaml>', 'for a target of this sluice.yaml, without a server')
    .option('--releases <number>', 'releases of each kind that are simulated of it')
    .option('-o, --out <plan.yaml>', 'write the plan to this file')
    .action((options: DesignOptions, command: Command) => run(command, (session) => designForTarget(options, session)))
}

function addReady(program: Command, run: RunInSession): void {
  program
    .command('ready <plan.yaml>')
    .description('go through the checklist before a release: could it begin, and could it go back')
    .option('--version <version>', 'the version to release')
    .action((file: string, options: ReadyOptions, self: Command) =>
      run(self, (session) => askReady(file, options, session)),
    )
}

function addRehearse(program: Command, run: RunInSession): void {
  program
    .command('rehearse <plan.yaml>')
    .description('run a plan for real in a small world of its own, once healthy and once per fault')
    .option('--bake <duration>', 'the longest that a bake lasts, and an analysis', '5s')
    .option('--without <name>', 'leave out a check that cannot be rehearsed, or flags (repeatable)', addValue, [])
    .option('--config <sluice.yaml>', 'check the plan against this sluice.yaml, without a server: nothing is kept')
    .action((file: string, options: RehearseOptions, self: Command) =>
      run(self, (session) => rehearse(file, options, session)),
    )
}

function addSimulate(program: Command, run: RunInSession): void {
  const command = program
    .command('simulate <plan.yaml>')
    .description(
      'run a plan many times on a virtual clock: is a bad version stopped, when, and what does it cost until then',
    )
    .option('--config <sluice.yaml>', 'check the plan against this sluice.yaml, without a server')
    .option('--traffic <number>', 'requests per second of the target, such as 200rps')
    .option('--releases <number>', 'releases of each kind (10 to 1,000, fewer for a long plan)')
    .option('--seed <number>', 'the same number gives the same figures', '1')
    .option('--noticed-after <duration>', 'when somebody notices a bad version that everybody has', '30m')
    .option('--cohort-share <share>', 'share of the requests that one cohort sends', '1%')
    .option('--lag <duration>', 'how far the metrics are behind', '0s')
    .option('--svg <file.svg>', 'draw it')
  addTraffic(command)
  command.action((file: string, options: SimulateOptions, self: Command) =>
    run(self, (session) => simulatePlan(file, options, session)),
  )
}

function addCalibrate(program: Command, run: RunInSession): void {
  program
    .command('calibrate <plan.yaml>')
    .description(
      'replay past traffic: how often would these checks have raised a false alarm, and what would they have missed',
    )
    .addOption(new Option('--since <duration>', 'how far back the server asks its metric sources (14d)'))
    .addOption(
      new Option('--recording <file.json>', 'replay this instead, without asking metric sources').conflicts('since'),
    )
    .addOption(new Option('--save <file.json>', 'save what the server read, for --recording').conflicts('recording'))
    .option('--config <sluice.yaml>', 'with --recording: check the plan against this sluice.yaml, without a server')
    .option('--replays <number>', 'with --recording: replays per check, at most (400); fewer for a long plan')
    .option('--seed <number>', 'the same number gives the same figures', '1')
    .action((file: string, options: CalibrateOptions, command: Command) =>
      run(command, (session) => calibrateFile(file, options, session)),
    )
}

function addImport(program: Command, run: RunInSession): void {
  const command = program.command('import').description('turn the configuration of other tools into a plan')
  const argo = command
    .command('argo <files...>')
    .description('print a Rollout of Argo Rollouts with its AnalysisTemplates as a plan, or templates alone as checks')
  const flagger = command
    .command('flagger <files...>')
    .description('print a Canary of Flagger with its MetricTemplates as a plan')
  for (const [vendor, one] of [['argo', argo] as const, ['flagger', flagger] as const]) {
    addManifestOptions(one)
    one
      .option('--out <plan.yaml>', 'write the plan to this file')
      .action((files: readonly string[], options: ImportCommandOptions, self: Command) =>
        run(self, (session) => importFiles(vendor, files, options, session)),
      )
  }
}
