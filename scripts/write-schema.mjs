import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './lib/build.mjs'
import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { writeGenerated } from './lib/generated.mjs'
import { ensurePackages } from './lib/packages.mjs'

await runMain(async (report) => {
  await asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step }))
  await asStep(report, 'Build', (step) => build({ root: ROOT, step }))
  const check = process.argv.includes('--check')
  const { openApiDocument } = await compiled('api/openapi.js')
  const documents = {
    'plan.schema.json': await planSchema(),
    'pipeline.schema.json': await pipelineSchema(),
    'openapi.json': openApiDocument(),
  }
  const files = Object.fromEntries(
    Object.entries(documents).map(([name, document]) => [
      join(ROOT, 'schema', name),
      `${JSON.stringify(document, null, 2)}\n`,
    ]),
  )
  const changed = (await writeGenerated(files, { check })).map((path) => relative(ROOT, path)).join(', ')
  if (check && changed !== '') {
    throw new Error(`${changed}: not what the zod schemas say. Run \`npm run schema\` and commit it.`)
  }
  report.note(changed === '' ? 'the files in schema/ are up to date' : `wrote ${changed}`)
})

async function planSchema() {
  const [{ planJsonSchema }, { STEP_KINDS }, { CHECK_KINDS }] = await Promise.all([
    compiled('domain/plan/plan-json-schema.js'),
    compiled('domain/plan/steps/index.js'),
    compiled('catalog.js'),
  ])
  return planJsonSchema(STEP_KINDS, CHECK_KINDS)
}

async function pipelineSchema() {
  const { pipelineJsonSchema } = await compiled('domain/pipeline/pipeline-form.js')
  return pipelineJsonSchema()
}

/** @param {string} file */
function compiled(file) {
  return import(pathToFileURL(join(ROOT, 'dist', file)).href)
}
