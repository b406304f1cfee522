import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createServer } from '../../src/api/server.ts'
import { readPipelineFile } from '../../src/cli/pipeline-file.ts'
import { columnsOf } from '../../src/cli/text.ts'
import { describeError } from '../../src/domain/errors.ts'
import { planText } from '../domain/pipeline/pipelines.ts'
import { apiParts } from '../support/api-parts.ts'
import { createFakePipelines, type FakePipelines } from '../support/fake-pipelines.ts'
import { createFakeReleases } from '../support/fake-releases.ts'
import { fetchFrom, runServed, runSluice } from '../support/program.ts'

const PIPELINE = `pipeline: shop
stages:
  - stage: production
    target: checkout/production
    plan: plan.yaml
    approve: { by: checkout-owners, within: 4h }
`
const PLAN = `service: checkout
environment: production
steps:
  - weight: 5%
  - bake: 10m
  - weight: 100%
`
const FILES = { 'ops/shop.yaml': PIPELINE, 'ops/plan.yaml': PLAN }
const NOW = Date.UTC(2026, 10, 28, 12)

let server: FastifyInstance
let pipelines: FakePipelines
let releases: ReturnType<typeof createFakeReleases>
beforeEach(() => {
  pipelines = createFakePipelines({ now: () => NOW })
  releases = createFakeReleases()
  server = createServer(apiParts({ pipelines, releases, now: () => NOW }))
})
afterEach(() => server.close())

const run = (args: string, files: Readonly<Record<string, string>> = FILES) =>
  runServed(server, args.split(' '), { now: NOW, files })

const start = async () => (await run('pipeline start ops/shop.yaml --version 2.4.0')).out.split(' ')[0] ?? ''

describe('sluice pipeline', () => {
  it('says what a pipeline will do, with the plans that stand beside it', async () => {
    const { code, out } = await run('pipeline check ops/shop.yaml')
    expect(code).toBe(0)
    expect(out).toContain('ops/shop.yaml is a valid pipeline: shop')
    expect(out).toContain('1  production  checkout/production  approved by 1 of checkout-owners, 3 steps, 10m')
  })

  it('gives each problem its place in the file that it is of', async () => {
    const files = {
      'ops/shop.yaml': PIPELINE.replace('4h', 'soon'),
      'ops/plan.yaml': PLAN.replace('- bake', '- bakery'),
    }
    const { code, err } = await run('pipeline check ops/shop.yaml', files)
    expect(code).toBe(1)
    expect(err).toMatch(/^ops\/plan\.yaml:5:5: there is no step kind bakery/)
    expect(err).toContain('ops/shop.yaml:6:45: this value is not accepted')
    expect(err).toContain('2 problems')
  })

  it('takes a pipeline by its name where there is no such file, as people do in Slack', async () => {
    const noFile = () => Promise.reject(new Error('ENOENT: no such file'))
    const run = (args: string) =>
      runSluice(args.split(' '), { env: { SLUICE_PERSON: 'carol' }, fetch: fetchFrom(server), readFile: noFile })
    expect((await run('pipeline check shop')).out).toContain('shop is a valid pipeline: shop')
    expect((await run('pipeline start shop --version 2.4.0')).out).toMatch(/^shop\/[0-9a-f]{8} started/)
    const { code, err } = await run('pipeline start shop --version 2.5.0')
    expect(code).toBe(1)
    expect(err).toMatch(/^shop\.yaml:3:26: another pipeline has this target: shop\//)
    expect((await run('pipeline start regions --version 2.4.0')).err).toContain(
      'there is no pipeline regions in sluice.yaml',
    )
    expect((await run('pipeline start regions.yaml --version 2.4.0')).err).toContain('regions.yaml cannot be read')
  })

  it('says at the line of the stage that the file of its plan is not there', async () => {
    const readFile = (name: string) =>
      name === 'ops/shop.yaml' ? Promise.resolve(PIPELINE) : Promise.reject(new Error('ENOENT: no such file'))
    const failure = await readPipelineFile('ops/shop.yaml', { readFile, readBeside: readFile }).catch(describeError)
    expect(failure).toMatch(/^ops\/shop\.yaml:5:11: ops\/plan\.yaml cannot be read: ENOENT/)
    expect(failure).toContain('fix:      name a file that is there, or leave plan out')
  })

  it('answers a start that comes again with the same key as the first, for it is not in its own way', async () => {
    const body = {
      ...{ version: '2.4.0', key: 'once' },
      pipeline: {
        pipeline: 'shop',
        stages: [
          {
            stage: 'production',
            target: 'checkout/production',
            plan: planText('checkout/production', { after: undefined }),
          },
        ],
      },
    }
    const post = () =>
      server.inject({ ...{ method: 'POST', url: '/api/v1/pipelines', headers: { 'x-sluice-person': 'carol' } }, body })
    const first = await post()
    expect(first.statusCode).toBe(201)
    await releases.freeze({ service: 'checkout', environment: 'production' }, { by: 'bob', reason: 'an incident' })
    const second = await post()
    expect([second.statusCode, second.json()]).toEqual([201, first.json()])
  })

  it('starts one, shows it, commands it and lists it', async () => {
    const id = await start()
    expect(id).toMatch(/^shop\/[0-9a-f]{8}$/)
    const approve = {
      by: 'checkout-owners',
      people: ['alice', 'bob'],
      need: 1,
      notAuthor: true,
      deadline: NOW + 60_000,
    }
    pipelines.record(id, { type: 'approval-asked', stage: 'production', request: approve })
    const shown = await run(`pipeline status ${id}`)
    expect(shown.out).toContain('0 of 1 from checkout-owners, until 2026-11-28 12:01 UTC')
    expect(shown.out).toContain(`sluice pipeline approve ${id} --stage production`)
    for (const line of shown.out.split('\n')) expect(columnsOf(line)).toBeLessThanOrEqual(100)
    expect(await run(`pipeline approve ${id} --stage production`)).toMatchObject({ code: 1, out: '' })
    expect((await run(`pipeline pause ${id} --reason lunch`)).out).toBe(`${id}: pause accepted, now paused\n`)
    expect((await run(`pipeline status ${id}`)).out).toContain('paused by carol: lunch')
    expect((await run('pipeline list --name shop')).out).toMatch(/shop\/0{7}1 +2\.4\.0 +paused/)
    expect((await run('pipeline list --name other')).out).toBe('no pipelines\n')
  })

  it('is followed until it ends, and the exit code says how', async () => {
    const id = await start()
    await run(`pipeline abort ${id}`)
    pipelines.record(id, { type: 'ended' })
    const { code, out } = await run(`pipeline status ${id} --watch`)
    expect(code).toBe(1)
    expect(out).toContain('abort by carol: everything goes back')
    expect(out).toContain('rolled back: no stage has the version')
    expect((await run(`pipeline resume ${id}`)).err).toContain('the pipeline has ended: rolled-back')
  })

  it('starts nothing where a lane is frozen or another pipeline has the target, and says so at the line of the stage', async () => {
    await start()
    await releases.freeze({ service: 'checkout', environment: 'production' }, { by: 'bob', reason: 'an incident' })
    const { code, err } = await run('pipeline start ops/shop.yaml --version 2.5.0')
    expect(code).toBe(1)
    expect(err).toContain('ops/shop.yaml:4:13: another pipeline has this target: shop/00000001')
    expect(err).toContain('ops/shop.yaml:4:13: this target is frozen by bob: an incident')
    expect((await pipelines.list({}, { size: 5, next: null })).pipelines).toHaveLength(1)
  })

  it('starts nothing where another one of the same moment got the target, of which visibility does not know yet', async () => {
    await start()
    vi.spyOn(pipelines, 'open').mockResolvedValue([])
    const { code, err } = await run('pipeline start ops/shop.yaml --version 2.5.0')
    expect([code, err.split('\n')[0]]).toEqual([
      ...[1, 'ops/shop.yaml:4:13: another pipeline has this target: shop/00000001'],
    ])
  })

  it('takes a version for each service, and refuses one for a service that it does not have', async () => {
    const { code, err } = await run('pipeline start ops/shop.yaml --version checkout=2.4.0 --version search=1.9.0')
    expect(code).toBe(1)
    expect(err).toContain('no stage is for the service search')
    expect((await run('pipeline start ops/shop.yaml --version checkout=2.4.0')).code).toBe(0)
    expect((await run('pipeline start ops/shop.yaml --version checkout=')).code).toBe(2)
    const twice = await run('pipeline start ops/shop.yaml --version checkout=2.4.0 --version checkout=2.5.0')
    expect([twice.code, twice.err]).toEqual([2, expect.stringContaining('checkout has two versions')])
    expect((await run('pipeline status shop')).err).toContain('shop is not a pipeline')
    expect((await run('pipeline status shop/12345678')).err).toContain('there is no pipeline shop/12345678')
  })
})

describe('examples/pipelines', () => {
  const FOLDER = fileURLToPath(new URL('../../examples/pipelines/', import.meta.url))
  const isPipeline = (file: string) => /^pipeline:/m.test(readFileSync(FOLDER + file, 'utf8'))

  it.each(readdirSync(FOLDER).filter((file) => file.endsWith('.yaml') && isPipeline(file)))(
    '%s is valid with its plans, and names the schema that editors check it with',
    async (file) => {
      const { code, out } = await runSluice(['pipeline', 'check', FOLDER + file, '--config', `${FOLDER}sluice.yaml`], {
        readFile: async (name) => readFileSync(name, 'utf8'),
      })
      expect(out).toContain('is a valid pipeline')
      expect(code).toBe(0)
      expect(readFileSync(FOLDER + file, 'utf8')).toMatch(
        /^# yaml-language-server: \$schema=\.\.\/\.\.\/schema\/pipeline\.schema\.json\n#\n# \w/,
      )
    },
  )
})
