import { describeError } from '../domain/errors.ts'
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
  const help = helpIfAsked(process.argv.slice(2), program)
  if (help !== null) return void process.stdout.write(help)
  await main().catch((error: unknown) => {
    log.fatal({ error: describeError(error) }, `the ${program.role} could not start`)
    process.exit(1)
  })
}

/** What such a program says instead of starting when it is asked for help; null when it is not. */
export function helpIfAsked(args: readonly string[], { role, command, what }: ArgumentlessProgram): string | null {
  if (!args.includes('--help') && !args.includes('-h')) return null
  const rows = Object.entries(environmentSchema.shape).flatMap(([name, schema]) => {
    const [, roles = '', meaning = ''] = /^([^:]*): (.*)$/.exec(schema.description ?? '') ?? []
    if (!roles.includes(role)) return []
    const otherwise = schema.safeParse(undefined).data
    return [[name, `${meaning.replaceAll('`', '')}${otherwise === undefined ? '' : ` [${otherwise}]`}`] as const]
  })
  const width = Math.max(...rows.map(([name]) => name.length))
  return [
    `Usage: ${command}`,
    '',
    `${what} It takes no arguments. These environment variables set it up,`,
    'in brackets what holds without them:',
    '',
    ...rows.map(([name, meaning]) => `  ${name.padEnd(width)}  ${meaning}`),
    '',
  ].join('\n')
}
