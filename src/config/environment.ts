import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { describeError, SluiceError } from '../domain/errors.ts'
import { issueTexts } from '../domain/plan/plan-issues.ts'
import { readPlanYaml } from '../domain/plan/plan-text.ts'
import { formatProblem } from '../domain/problems.ts'
import type { TargetId } from '../domain/target.ts'
import { readRegularFile, readRegularFileSync } from '../outbound/regular-file.ts'
import { type Installation, readInstallation } from './installation.ts'
import { type AdapterLists, tokenSha256 } from './installation-schema.ts'

/** What the API and the workers read from their environment. */
export const environmentSchema = z.object({
  SLUICE_CONFIG: z.string().min(1).default('sluice.yaml').describe('API and worker: path of `sluice.yaml`'),
  SLUICE_HOST: z
    .string()
    .min(1)
    .default('127.0.0.1')
    .describe('API: the address it listens on; other machines only once somebody has a token'),
  SLUICE_PORT: z
    .string()
    .regex(/^\d{1,5}$/, { error: 'expected a port number' })
    .transform(Number)
    .refine((port) => port <= 65_535, { error: 'expected at most 65535' })
    .default(8230)
    .describe('API: the port it listens on; `0` takes a free one'),
  SLUICE_TASK_QUEUE: z
    .string()
    .min(1)
    .default('sluice')
    .describe('API and worker: the task queue in Temporal, the same for all of them'),
  SLUICE_WORKFLOW_BUNDLE: z
    .string()
    .min(1)
    .optional()
    .describe('worker: file with the built workflows; the one beside the program when left out'),
  SLUICE_WORKER_METRICS: z
    .string()
    .regex(/^[\d.]+:\d{1,5}$/, { error: 'expected address:port' })
    .optional()
    .describe('worker: `address:port` where it shows its figures at `/metrics`, such as `127.0.0.1:8231`'),
  TEMPORAL_ADDRESS: z
    .string()
    .min(1)
    .default('127.0.0.1:7233')
    .describe('API and worker: `host:port` of the Temporal server, without TLS'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default').describe('API and worker: the namespace in Temporal'),
  SLUICE_ADMIN_TOKEN_SHA256: tokenSha256
    .optional()
    .describe('API: SHA-256 of the token of the person `admin`, for a start without a token in `sluice.yaml`'),
  SLUICE_SLACK_SIGNING_SECRET: z
    .string()
    .min(1)
    .optional()
    .describe('API: the signing secret of the Slack app; with the bot token it turns Slack on'),
  SLUICE_SLACK_BOT_TOKEN: z
    .string()
    .min(1)
    .optional()
    .describe('API and worker: the bot token of the Slack app, `xoxb-…`'),
})

export type Environment = z.infer<typeof environmentSchema>

/**
 * Reads the settings of a process from its environment.
 * @throws SluiceError `config.invalid` naming every variable that is wrong.
 */
export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const parsed = environmentSchema.safeParse(variables)
  if (parsed.success) return parsed.data
  throw new SluiceError('config.invalid', {
    message: 'the environment has problems',
    received: issueTexts(parsed.error.issues, variables, 'the environment', { isSecret: true }).join('; '),
    fix: 'set these variables to what is expected, or remove them',
  })
}

/** @throws SluiceError `config.invalid` with every problem at its place in the file. */
export async function loadInstallation(path: string, lists: AdapterLists): Promise<Installation> {
  const text = await readText(path)
  const read = readInstallation(text, path, lists, (file) => readBeside(path, file))
  if ('installation' in read) return read.installation
  throw new SluiceError('config.invalid', {
    message: `${path} has problems:\n${read.problems.map(formatProblem).join('\n')}`,
    fix: `fix each of them in ${path}, then start again`,
  })
}

/** Reads the plan that a target has registered, parsed but not yet checked; null when it has none. */
export function registeredPlans(installation: Installation, configPath: string) {
  return async (target: TargetId): Promise<unknown> => {
    const file = installation.find(target)?.plan
    if (file === undefined) return null
    const path = resolve(dirname(configPath), file)
    const read = readPlanYaml(await readText(path), file)
    if ('yaml' in read) return read.yaml.value
    throw new SluiceError('plan.not-yaml', {
      message: read.problems.map(formatProblem).join('\n'),
      fix: `fix the YAML in ${file} at that place`,
    })
  }
}

/** Calendars are read where nothing can wait; they are small. */
function readBeside(config: string, file: string): string {
  try {
    return readRegularFileSync(resolve(dirname(config), file))
  } catch (cause) {
    throw new SluiceError('config.invalid', {
      message: `${file} cannot be read: ${describeError(cause)}`,
      fix: 'create the file beside sluice.yaml or name another, and let the API and the workers read it',
      cause,
    })
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readRegularFile(path)
  } catch (cause) {
    throw new SluiceError('config.invalid', {
      message: `${path} cannot be read: ${describeError(cause)}`,
      fix: 'create the file or name another, and let this process read it',
      cause,
    })
  }
}
