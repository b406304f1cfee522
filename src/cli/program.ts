import { Command, CommanderError, Option } from 'commander'
import { PIPELINE_VERB_NAMES, PIPELINE_VERBS, type PipelineVerb } from '../domain/pipeline/pipeline-verbs.ts'
import { COMMAND_VERBS, type CommandVerb, VERBS } from '../domain/release/verbs.ts'
import { SLUICE_VERSION } from '../domain/sluice-version.ts'
import { USUAL_OPTIONS } from '../vendors/options.ts'
import { type CalibrateOptions, calibrateFile } from './commands/calibrate.ts'
import { type CommandOptions, sendCommand } from './commands/command.ts'
import { showFreezes } from './commands/freezes.ts'
import { type ImportCommandOptions, importFiles } from './commands/import.ts'
import type { RecoverOptions } from './commands/lane.ts'
import {
  allowVersion,
  freezeLane,
  goBack,
  pinLane,
  recoverLane,
  showLane,
  unfreezeLane,
  unpinLane,
} from './commands/lane.ts'
import { type ListOptions, listReleases, showRelease } from './commands/look.ts'
import {
  checkPipeline,
  commandPipeline,
  listPipelines,
  type PipelineListOptions,
  type PipelineStartOptions,
  showPipeline,
  startPipeline,
} from './commands/pipeline.ts'
import { type CheckOptions, checkPlan } from './commands/plan-check.ts'
import { type DesignOptions, designForTarget } from './commands/plan-design.ts'
import { explainPlan } from './commands/plan-explain.ts'
import { askReady, type ReadyOptions } from './commands/ready.ts'
import { type RehearseOptions, rehearse } from './commands/rehearse.ts'
import { printRouterConfig } from './commands/router-config.ts'
import { type SimulateOptions, simulatePlan } from './commands/simulate.ts'
import { type StartOptions, startRelease } from './commands/start.ts'
import { giveTicket, type TryOptions } from './commands/try.ts'
import { CliFailure, EXIT, type ExitCode } from './failure.ts'
import type { ManifestOptions } from './import-options.ts'
import { type GlobalOptions, jsonLine, openSession, type Session } from './session.ts'
import { guarded, type Terminal } from './terminal.ts'

/** Runs the program with these arguments (without node and script) and answers with its exit code. Never throws. */
export async function runProgram(args: readonly string[], outer: Terminal): Promise<ExitCode> {
  const terminal = guarded(outer)
  // As an option of the program it would take the one of `start` away from it.
  if (args[0] === '--version') {
    terminal.out(`${SLUICE_VERSION}\n`)
    return EXIT.ok
  }
  let isJson = false
  let exitCode: ExitCode = EXIT.ok
  const program = buildProgram(terminal, async (command, body) => {
    const options = command.optsWithGlobals<GlobalOptions>()
    isJson = options.output === 'json'
    exitCode = (await body(openSession(terminal, options))) ?? EXIT.ok
  })
  try {
    await program.parseAsync([...args], { from: 'user' })
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!(error instanceof CliFailure)) {
      terminal.err(`sluice failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
      return EXIT.refused
    }
    terminal.err(isJson ? `${jsonLine(error.value)}\n` : `${error.message}\n`)
    return error.exitCode
  }
}

type Run = (command: Command, body: (session: Session) => Promise<ExitCode | void>) => Promise<void>

const AFTER_HELP = `
sluice --version says which version this is.

Environment:
  SLUICE_URL      where the server listens (http://127.0.0.1:8230)
  SLUICE_TOKEN    your token, if the server asks for one
  SLUICE_PERSON   who you are, if it does not (your login name)
  NO_COLOR        set to anything for no colour

Exit codes:
  0  done; with --watch: the release was promoted
  1  refused or failed; with --watch: it ended otherwise; of ready: it is not
  2  wrong usage
  3  the server cannot be reached
  4  imported, but part of it was left out`

function buildProgram(terminal: Terminal, run: Run): Command {
  const program = new Command('sluice')
    .description('Releases a new version step by step, watches it, and rolls back by itself.')
    .addOption(new Option('--server <url>', 'the server to use, instead of SLUICE_URL'))
    .addOption(new Option('--output <format>', 'output format').choices(['text', 'json']).default('text'))
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, getOutHelpWidth: terminal.columns })
    .configureHelp({ subcommandTerm: termOf })
    .exitOverride()
    .showHelpAfterError('(see sluice --help)')
    .addHelpText('after', AFTER_HELP)
  addPlan(program, run)
  addReady(program, run)
  addRehearse(program, run)
  addSimulate(program, run)
  addCalibrate(program, run)
  addImport(program, run)
  addStart(program, run)
  addLooks(program, run)
  for (const verb of COMMAND_VERBS) addVerb(program, verb, run)
  addTargeting(program, run)
  addLanes(program, run)
  addPipelines(program, run)
  return program
}

/** Longer terms would leave the descriptions no room to be wrapped in. */
const LONGEST_TERM = 34

/** The command with its arguments, as far as they fit; the rest, and the options that most have, is said by their own help. */
function termOf(command: Command): string {
  const args = command.registeredArguments.map((one) => (one.required ? ` <${one.name()}>` : ` [${one.name()}]`))
  const whole = command.name() + args.join('')
  return whole.length <= LONGEST_TERM ? whole : `${command.name()}${args.slice(0, -1).join('')} …`
}

function addPlan(program: Command, run: Run): void {
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

function addReady(program: Command, run: Run): void {
  program
    .command('ready <plan.yaml>')
    .description('go through the checklist before a release: could it begin, and could it go back')
    .option('--version <version>', 'the version to release')
    .action((file: string, options: ReadyOptions, self: Command) =>
      run(self, (session) => askReady(file, options, session)),
    )
}

function addRehearse(program: Command, run: Run): void {
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

/** How the traffic is, and how a bad canary would change it. */
function addTraffic(command: Command): void {
  command
    .option('--since <duration>', 'measure the traffic of the last 1d (or any time) on the server')
    .option('--errors <share>', 'share of requests that fail today (measured, or 0.5%)')
    .option('--regression <harm>', 'what a bad canary fails: 2x as many requests, or a share such as 2% (4x)')
    .option('--latency <quantiles>', 'latency today, such as p50=80ms,p99=900ms (measured)')
    .option('--buckets <times>', 'bucket bounds for --latency, such as 10ms,50ms,250ms,1s (those of Prometheus)')
    .option('--slower <ratio>', 'how much slower a bad canary is, such as 2x (1.5 times what the check accepts)')
    .option('--event <name=share>', 'events per request, such as orders=3% (repeatable)', addValue)
    .option(
      '--change <name=ratio>',
      'how a bad canary changes them, such as orders=0.8x, 20% fewer (repeatable)',
      addValue,
    )
}

function addSimulate(program: Command, run: Run): void {
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

function addCalibrate(program: Command, run: Run): void {
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

function addImport(program: Command, run: Run): void {
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

/** What a plan needs and manifests do not say. */
function addManifestOptions(command: Command): void {
  command
    .option('--environment <name>', 'the environment of the plan', USUAL_OPTIONS.environment)
    .option('--service <name>', 'the service of the plan (the name of the Rollout or the Canary)')
    .option('--source <name>', 'the metric source that the checks query', USUAL_OPTIONS.source)
    .option('--arg <name=value>', 'a value for an argument of a template (repeatable)', addValue)
    .option('--approvers <group>', 'the group that lets it go on where a person is waited for')
    .option('--preview <cohort>', 'the cohort that sees the new version before everybody, as by a preview service')
    .option('--cohort <route=cohort>', 'the cohort that stands for a route (repeatable)', addValue)
    .option('--mirror', 'copies of requests, where the manifest mirrors them and the router of the target can')
    .option('--faster <times>', 'divide every duration, such as 60x: for a rehearsal')
}

function addValue(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value]
}

function addStart(program: Command, run: Run): void {
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

function addLooks(program: Command, run: Run): void {
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

function addVerb(program: Command, verb: CommandVerb, run: Run): void {
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

function addTargeting(program: Command, run: Run): void {
  program
    .command('try <release>')
    .description('make a link and a cookie that put one person on the canary, whatever the weight')
    .option('--for <duration>', 'how long it is good for, at most 7d; it ends with the release at the latest', '1h')
    .option('--url <address>', 'a page of the service, to print a link to it')
    .action((id: string, options: TryOptions, command: Command) =>
      run(command, (session) => giveTicket(id, options, session)),
    )
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

function addLanes(program: Command, run: Run): void {
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

function addPipelines(program: Command, run: Run): void {
  const pipeline = program.command('pipeline').description('take one version through several targets, stage by stage')
  pipeline
    .command('check <pipeline>')
    .description('list everything that is wrong with a pipeline, a file or a name, and its plans, with line and column')
    .option('--config <sluice.yaml>', 'check against this sluice.yaml, without a server')
    .action((file: string, options: { config?: string }, command: Command) =>
      run(command, (session) => checkPipeline(file, options, session)),
    )
  pipeline
    .command('start <pipeline>')
    .description('start a pipeline: its file, or its name in sluice.yaml')
    .requiredOption('--version <version>', 'the version, or service=version for each service (repeatable)', addValue)
    .option('--reason <text>', 'reason, shown to everyone', '')
    .option('--key <key>', 'starting again with the same key returns the same pipeline')
    .option('--watch', 'follow it until it ends')
    .action((file: string, options: PipelineStartOptions, command: Command) =>
      run(command, (session) => startPipeline(file, options, session)),
    )
  pipeline
    .command('status <pipeline>')
    .description('show a pipeline, such as checkout-regions/3fa9c2d1')
    .option('--watch', 'follow it until it ends')
    .action((id: string, { watch }: { watch?: true }, command: Command) =>
      run(command, (session) => showPipeline(id, watch === true, session)),
    )
  pipeline
    .command('list')
    .description('list pipelines, newest first')
    .option('--name <name>', 'only of this name')
    .option('--phase <phase>', 'only in this phase; open means all that run, closed all that ended')
    .option('--size <count>', 'how many, at most 100')
    .option('--next <token>', 'continue after the previous page')
    .action((options: PipelineListOptions, command: Command) =>
      run(command, (session) => listPipelines(options, session)),
    )
  for (const verb of PIPELINE_VERB_NAMES) addPipelineVerb(pipeline, verb, run)
}

function addPipelineVerb(pipeline: Command, verb: PipelineVerb, run: Run): void {
  const { does, meansStage } = PIPELINE_VERBS[verb]
  const command = pipeline
    .command(`${verb} <pipeline>`)
    .description(does)
    .option('--reason <text>', 'reason, shown to everyone', '')
  if (meansStage) command.option('--stage <name>', 'the stage that is meant, where several wait for an approval')
  command.action((id: string, options: { reason: string; stage?: string }, self: Command) =>
    run(self, (session) => commandPipeline(verb, id, options, session)),
  )
}
