import type { CommandConfig } from '../config/hook-schema.ts'
import { SluiceError } from '../domain/errors.ts'
import { writeDuration } from '../domain/units.ts'
import type { AskOutcome, CallOutcome, CallRequest } from './outside.ts'
import { type Fillings, fill, fillingsOf } from './placeholders.ts'
import { type CommandEnd, runCommand } from './run-command.ts'
import { saidLine } from './said.ts'

/** How a program says "not now" (`EX_TEMPFAIL` of sysexits.h). */
const NOT_NOW = 75

/** Runs a call as a command: 0 is a yes, 75 asks to be tried again, anything else is a no. */
export async function callCommand(
  config: CommandConfig,
  request: CallRequest,
  variables: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<CallOutcome> {
  const { code, fault, output } = await run(config, request, variables, signal)
  if (code === 0) return { kind: 'done', text: '' }
  if (code === NOT_NOW) return { kind: 'unanswered', reason: `exit code ${code}${output}` }
  const killed = `${fault ?? ''} (deadline ${writeDuration(config.deadline)})`
  return { kind: 'refused', reason: code === null ? killed : `exit code ${code}${output}` }
}

/** Asks a command for a yes: 0 is yes, 1 is no, 75 is not yet, anything else is no answer. */
export async function askCommand(
  config: CommandConfig,
  request: CallRequest,
  variables: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<AskOutcome> {
  const { code, fault, output } = await run(config, request, variables, signal)
  const reason = output.replace(/^: /, '')
  if (code === 0) return { kind: 'yes', reason }
  if (code === 1) return { kind: 'no', reason }
  if (code === NOT_NOW) return { kind: 'wait', reason }
  return { kind: 'unreadable', reason: code === null ? (fault ?? '') : `exit code ${code}${output}` }
}

async function run(
  config: CommandConfig,
  request: CallRequest,
  variables: NodeJS.ProcessEnv,
  signal: AbortSignal,
): Promise<CommandEnd> {
  const fillings = fillingsOf(request)
  const argv = config.run.map((argument) => fill(argument, fillings))
  for (const [index, argument] of argv.entries()) refuseOption(argument, config.run[index] ?? '')
  const passed = passedOn(config, variables)
  const environment = { ...passed, ...ownVariables(request, fillings) }
  const end = await runCommand({ argv, environment, deadline: config.deadline }, signal)
  return { ...end, output: toldOutput(end.output, Object.values(passed)) }
}

/** What is filled in must not turn an argument into an option. */
function refuseOption(argument: string, written: string): void {
  if (written.startsWith('-') || !argument.startsWith('-')) return
  throw new SluiceError('hook.misconfigured', {
    message: `the argument ${written} would be an option of the command`,
    received: argument,
    fix: 'start a version that begins with a letter or a digit',
  })
}

function passedOn({ environment }: CommandConfig, variables: NodeJS.ProcessEnv): Readonly<Record<string, string>> {
  const names = ['PATH', ...environment]
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = variables[name]
      return value === undefined ? [] : [[name, value] as const]
    }),
  )
}

function ownVariables({ call, direction }: CallRequest, fillings: Fillings): Readonly<Record<string, string>> {
  const { callback: _, ...known } = fillings
  const own = Object.entries({ ...known, call, direction })
  return Object.fromEntries(own.map(([name, value]) => [`SLUICE_${name.toUpperCase()}`, value]))
}

const SHORTEST_SECRET = 6

/** The last line that was written, behind a colon, without the values that were handed to the command. */
function toldOutput(output: string, secrets: readonly string[]): string {
  const last = output.trim().split('\n').at(-1) ?? ''
  const hidden = secrets
    .filter((value) => value.length >= SHORTEST_SECRET)
    .reduce((line, value) => line.replaceAll(value, '***'), last)
  const line = saidLine(hidden)
  return line === '' ? '' : `: ${line}`
}
