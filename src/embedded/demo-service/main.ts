import { runService } from '../service-process.ts'
import { startDemoService } from './demo-service.ts'

await runService(startDemoService)
