import { asStep, ROOT, runMain } from './lib/entry.mjs'
import { ensurePackages } from './lib/packages.mjs'

await runMain((report) => asStep(report, 'Packages', (step) => ensurePackages({ root: ROOT, step })))
