import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import type { Outside } from '../../src/hooks/outside.ts'
import { signatureProblem } from '../../src/outbound/signature.ts'
import { open } from '../support/calls.ts'
import { NOW, outsideOf, REQUEST, startListener } from './parts.ts'

interface Example {
  readonly hooks: Readonly<Record<string, { readonly webhook?: object; readonly command?: object }>>
}
let example: Example
let folder: string
beforeEach(async () => {
  example = parse(await readFile('examples/sluice.yaml', 'utf8')) as Example
  folder = await mkdtemp(join(tmpdir(), 'sluice-examples-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

/** A program of this name that writes down how it was called. */
async function standInFor(program: string): Promise<NodeJS.ProcessEnv> {
  const file = join(folder, program)
  await writeFile(file, `#!/bin/sh\nprintf '%s|' "$@" >> ${folder}/called\necho "$KUBECONFIG" >> ${folder}/called\n`)
  await chmod(file, 0o755)
  return { PATH: `${folder}:${process.env['PATH'] ?? ''}`, KUBECONFIG: '/etc/kube', HOME: '/root' }
}
const called = async () => (await readFile(`${folder}/called`, 'utf8')).trim().split('\n')
const run = (outside: Outside, call: string) => outside.call({ ...REQUEST, call }, open())
/** The hooks of the example without the targets that this test does not have. */
const hooks = (names: readonly string[]) => ({
  hooks: Object.fromEntries(names.map((name) => [name, example.hooks[name]])),
})

describe('the calls of examples/sluice.yaml', () => {
  it('deploy to Kubernetes with kubectl, and scale the canary away', async () => {
    const names = ['set-image', 'scale-up', 'scale-down']
    const outside = outsideOf(hooks(names), await standInFor('kubectl'))
    for (const name of names) expect(await run(outside, name)).toEqual({ kind: 'done', text: '' })
    expect(await called()).toEqual([
      'set|image|deployment/checkout-green|app=registry.example.com/checkout:2.4.0|/etc/kube',
      'scale|deployment/checkout-green|--replicas=3|/etc/kube',
      'scale|deployment/checkout-green|--replicas=0|/etc/kube',
    ])
  })

  it('start and stop a unit of systemd', async () => {
    const names = ['start-unit', 'stop-unit']
    const outside = outsideOf(hooks(names), await standInFor('systemctl'))
    for (const name of names) expect(await run(outside, name)).toEqual({ kind: 'done', text: '' })
    expect(await called()).toEqual(['start|checkout-green@2.4.0.service|', 'stop|checkout-green@2.4.0.service|'])
  })

  it('dispatch a workflow of GitHub Actions, which calls back when it is done', async () => {
    const github = await startListener((response) => response.writeHead(204).end())
    const written = example.hooks['run-deployment']?.webhook as { readonly url: string }
    const url = written.url.replace('https://api.github.com', github.url)
    const variables = { GITHUB_TOKEN: 'ghs_token', DEPLOY_SECRET: 's3cret' }
    const outside = outsideOf({ hooks: { dispatch: { webhook: { ...written, url } } } }, variables)
    expect(await run(outside, 'dispatch')).toEqual({ kind: 'begun', within: 1_200_000 })
    await github.close()
    const [heard] = github.heard
    if (heard === undefined) throw new Error('nothing was heard')
    expect(heard).toMatchObject({
      ...{ method: 'POST', url: '/repos/example/checkout/actions/workflows/deploy.yaml/dispatches' },
      headers: { authorization: 'Bearer ghs_token', accept: 'application/vnd.github+json', 'user-agent': 'sluice' },
    })
    expect(signatureProblem('s3cret', heard.body, heard.headers, NOW)).toBeNull()
    const callback = 'https://sluice.example.com/callbacks/checkout/production/7'
    expect(JSON.parse(heard.body)).toEqual({
      ref: 'main',
      inputs: { version: '2.4.0', pool: 'green', key: REQUEST.key, callback },
    })
  })
})
