import { Command, CommanderError, Option } from 'commander'

import { SLUICE_VERSION } from '../domain/sluice-version.ts'
import { CliFailure, EXIT, type ExitCode } from './failure.ts'
import { addPipelines } from './program/pipelines.ts'
import { addPlans } from './program/plans.ts'
import { addReleases } from './program/releases.ts'
import type { RunInSession } from './program/run.ts'
import { addTargets } from './program/targets.ts'
import { type GlobalOptions, jsonLine, openSession } from './session.ts'
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

function buildProgram(terminal: Terminal, run: RunInSession): Command {
  const program = new Command('sluice')
    .description('Releases a new version step by step, watches it, and rolls back by itself.')
    .addOption(new Option('--server <url>', 'the server to use, instead of SLUICE_URL'))
    .addOption(new Option('--output <format>', 'output format').choices(['text', 'json']).default('text'))
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err, getOutHelpWidth: terminal.columns })
    .configureHelp({ subcommandTerm: termOf })
    .exitOverride()
    .showHelpAfterError('(see sluice --help)')
    .addHelpText('after', AFTER_HELP)
  addPlans(program, run)
  addReleases(program, run)
  addTargets(program, run)
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
