import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from './lib/build.mjs'
import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { writeGenerated } from './lib/generated.mjs'
import { ensurePackages } from './lib/packages.mjs'

await runMain(async (report) => {
  await asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step }))
  await asStep(report, 'Build', (step) => build({ root: ROOT, step }))
  const check = process.argv.includes('--check')
  const schema = `${JSON.stringify(await planSchema(), null, 2)}\n`
  const changed = await writeGenerated({ [join(ROOT, 'schema', 'plan.schema.json')]: schema }, { check })
  if (check && changed.length > 0) {
    throw new Error(
      'schema/plan.schema.json is not what the plan’s zod schemas say. Run `npm run schema` and commit it.',
    )
  }
  report.note(changed.length === 0 ? 'schema/plan.schema.json is up to date' : 'wrote schema/plan.schema.json')
})

async function planSchema() {
  const [{ planJsonSchema }, { STEP_KINDS }, { CHECK_KINDS }] = await Promise.all([
    compiled('domain/plan/plan-json-schema.js'),
    compiled('domain/plan/steps/index.js'),
    compiled('catalog.js'),
  ])
  return planJsonSchema(STEP_KINDS, CHECK_KINDS)
}

/** @param {string} file */
function compiled(file) {
  return import(pathToFileURL(join(ROOT, 'dist', file)).href)
}
