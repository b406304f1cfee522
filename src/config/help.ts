import { describeError } from '../domain/errors.ts'
import { SLUICE_VERSION } from '../domain/sluice-version.ts'
import { environmentSchema } from './environment.ts'

/** A program that takes no arguments, by the name that the descriptions of its settings begin with. */
interface ArgumentlessProgram {
  readonly role: 'API' | 'worker'
  readonly command: string
  /** What it is, as one sentence. */
  readonly what: string
}

/** Runs a program until it has started, or says how it is used instead; one that cannot start says why, and ends. */
export async function startUnlessAsked(
  program: ArgumentlessProgram,
  main: () => Promise<void>,
  log: { readonly fatal: (fields: object, text: string) => void },
): Promise<void> {
  const answer = answerIfAsked(process.argv.slice(2), program)
  if (answer !== null) return void process.stdout.write(answer)
  await main().catch((error: unknown) => {
    log.fatal({ error: describeError(error) }, `the ${program.role} could not start`)
    process.exit(1)
  })
}

/** What such a program says instead of starting when it is asked for its version or for help; null when it is not. */
export function answerIfAsked(args: readonly string[], program: ArgumentlessProgram): string | null {
  if (args.includes('--version')) return `${SLUICE_VERSION}\n`
  return args.includes('--help') || args.includes('-h') ? helpOf(program) : null
}

function helpOf({ role, command, what }: ArgumentlessProgram): string {
  const rows = Object.entries(environmentSchema.shape).flatMap(([name, schema]) => {
    const [, roles = '', meaning = ''] = /^([^:]*): (.*)$/.exec(schema.description ?? '') ?? []
    if (!roles.includes(role)) return []
    const otherwise = schema.safeParse(undefined).data
    return [[name, `${meaning.replaceAll('`', '')}${otherwise === undefined ? '' : ` [${otherwise}]`}`] as const]
  })
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    `Usage: ${command} [--version | --help]`,
    '',
    `${what} It takes no other arguments. These environment variables set it up,`,
    'in brackets what holds without them:',
    '',
    ...rows.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`),
    '',
  ].join('\n')
}
