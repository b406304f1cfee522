import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { z } from 'zod'
import { SluiceError } from '../domain/errors.ts'
import { formatProblem } from '../domain/problems.ts'
import { readPlanYaml } from '../domain/plan/plan-text.ts'
import { type AdapterLists, type Installation, readInstallation, tokenSha256 } from './installation.ts'
import type { TargetId } from '../domain/target.ts'

const environmentSchema = z.object({
  /** Path of sluice.yaml. */
  SLUICE_CONFIG: z.string().min(1).default('sluice.yaml'),
  SLUICE_HOST: z.string().min(1).default('127.0.0.1'),
  SLUICE_PORT: z
    .string()
    .regex(/^\d{1,5}$/, { error: 'expected a port number' })
    .transform(Number)
    .refine((port) => port <= 65_535, { error: 'expected at most 65535' })
    .default(8230),
  SLUICE_TASK_QUEUE: z.string().min(1).default('sluice'),
  /** The workflows as built; bundled at start when absent. */
  SLUICE_WORKFLOW_BUNDLE: z.string().min(1).optional(),
  /** Port of the worker's own metrics on loopback; none when absent. */
  SLUICE_WORKER_METRICS: z
    .string()
    .regex(/^[\d.]+:\d{1,5}$/, { error: 'expected address:port' })
    .optional(),
  TEMPORAL_ADDRESS: z.string().min(1).default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  /** SHA-256 of the API token of the person `admin`, hexadecimal: a start without a token in sluice.yaml. */
  SLUICE_ADMIN_TOKEN_SHA256: tokenSha256.optional(),
  SLUICE_SLACK_SIGNING_SECRET: z.string().min(1).optional(),
  SLUICE_SLACK_BOT_TOKEN: z.string().min(1).optional(),
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
    received: parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    fix: 'correct these variables',
  })
}

/** @throws SluiceError `config.invalid` with every problem at its place in the file. */
export async function loadInstallation(path: string, lists: AdapterLists): Promise<Installation> {
  const text = await readText(path)
  const read = readInstallation(text, path, lists)
  if ('installation' in read) return read.installation
  throw new SluiceError('config.invalid', {
    message: `${path} has problems:\n${read.problems.map(formatProblem).join('\n')}`,
    fix: 'correct them',
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
      fix: `correct ${file}`,
    })
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new SluiceError('config.invalid', {
      message: `${path} cannot be read`,
      fix: 'see that the file exists',
      cause,
    })
  }
}
