import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { columnsOf } from '../../src/cli/text.ts'
import { runSluice } from '../support/program.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))

async function runPlan(args: readonly string[], text = '') {
  let written = ''
  const writeFile = async (_path: string, more: string) => void (written = more)
  return { ...(await runSluice(['plan', ...args], { readFile: async () => text, writeFile })), written }
}

const designArgs = (config: string, service: string, environment: string, ...more: readonly string[]) => [
  ...['design', '--config', `${EXAMPLES}${config}`, '--service', service, '--environment', environment],
  ...['--releases', '1', ...more],
]
const STATED = ['--traffic', '200rps', '--errors', '0.5%', '--regression', '4x']

describe('sluice plan design', () => {
  it.each([
    ['sluice.yaml', 'checkout', 'production'],
    ['sluice.yaml', 'checkout', 'canary'],
    ['sluice.yaml', 'search', 'production'],
    ['governed/sluice.yaml', 'checkout', 'production'],
  ])('prints a plan that plan check accepts: %s, %s in %s', async (config, service, environment) => {
    const { code, out } = await runPlan(designArgs(config, service, environment, ...STATED))
    expect(code).toBe(0)
    expect(out).toMatch(/# everybody at once/)
    const checked = await runPlan(['check', 'plan.yaml', '--config', `${EXAMPLES}${config}`], out)
    expect(checked.err).toBe('')
    expect(checked.out).toContain(`is a valid plan for ${service} in ${environment}`)
  })

  it('writes the plan to a file, and says the rest in 80 columns', async () => {
    const { code, out, written } = await runPlan(
      designArgs('sluice.yaml', 'checkout', 'production', ...STATED, '-o', 'new.yaml'),
    )
    expect(code).toBe(0)
    expect(written).toContain('service: checkout\n')
    expect(out).toContain('THE BAD VERSION')
    expect(out.split('\n').filter((line) => columnsOf(line) > 80)).toEqual([])
  })

  it.each([
    [['--traffic', '0rps'], '--traffic 0rps: expected the requests per second'],
    [['--traffic', '9rps', '--regression', '1x'], '--regression 1x: expected more than 1x'],
    [['--traffic', '9rps', '--regression', '99999x'], 'and at most 9999x'],
    [['--traffic', '9rps', '--errors', '5%', '--regression', '2%'], 'no worse than stable, of whose requests 5% fail'],
    [[], 'a design needs the traffic'],
  ])('refuses %j with what to do', async (more, message) => {
    const { code, err } = await runPlan(designArgs('sluice.yaml', 'checkout', 'production', ...more))
    expect(code).not.toBe(0)
    expect(err).toContain(message)
  })

  it('says that a target of flags alone has no weights', async () => {
    const { err } = await runPlan(designArgs('sluice.yaml', 'payments', 'production', ...STATED))
    expect(err).toContain('payments/production: it has no router')
  })
})
