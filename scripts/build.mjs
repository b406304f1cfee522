import { build } from './lib/build.mjs'
import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { ensurePackages } from './lib/packages.mjs'

await runMain(async (report) => {
  await asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step }))
  await asStep(report, 'Build', (step) => build({ root: ROOT, step }))
})
