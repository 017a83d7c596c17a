import {readFileSync} from 'node:fs'

import * as Args from '@oclif/core/args'

import {ToolError} from '../../base/index.js'
import {BaseCommand, exitStatusHelp} from '../../cli/index.js'
import {exploreDocument} from '../../crash-report/index.js'
import {mergeReports} from '../../crash-run/index.js'

export default class CrashMerge extends BaseCommand<typeof CrashMerge> {
  static override summary = 'Join the reports of all shards of an exploration.'
  static override description = [
    'Takes what crash explore --shard printed with --json, in any order, and gives the report of the whole. Shards of another trace, check, budget or seed are refused, as are shards that are missing or there twice.',
    exitStatusHelp(['ok', 'verdict', 'usage', 'environment', 'format']),
  ].join('\n\n')

  static override examples = [
    {
      description: 'Four parts, from four machines',
      command: '<%= config.bin %> crash merge part-1.json part-2.json part-3.json part-4.json',
    },
  ]

  static override args = {
    reports: Args.string({description: 'JSON reports, one a shard.', required: true, multiple: true}),
  }

  async run(): Promise<object> {
    const files = this.args.reports
    const report = mergeReports(files.map(readReport))
    const name = `${files.length} ${files.length === 1 ? 'shard' : 'shards'}`
    await this.print(exploreDocument(report, name, {cutBy: report.finished ? 'budget' : 'shard'}))
    if (report.violations.length > 0) this.endWith('verdict')
    return {}
  }
}

function readReport(path: string): unknown {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const {code = 'unknown error'} = error as NodeJS.ErrnoException
    throw new ToolError('environment', 'E_REPORT_OPEN', `${path}: the report cannot be read (${code})`, {
      hint: 'Check the path.',
      context: {path},
      cause: error,
    })
  }
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new ToolError('format', 'E_REPORT', `${path} is not JSON: ${(error as Error).message}`, {
      hint: 'A report is what crash explore prints with --shard and --json.',
      context: {path},
      cause: error,
    })
  }
}
