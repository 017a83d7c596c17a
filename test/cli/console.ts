import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import type {Interfaces} from '@oclif/core'
import {Config} from '@oclif/core/config'
import {captureOutput} from '@oclif/test'

/** How a command ended inside this process. */
export interface InProcessEnd {
  /** The exit status the process would have. */
  readonly status: number
  readonly stdout: string
  readonly stderr: string
}

/** An oclif configuration without commands of its own, in a temporary folder that is gone when this returns. */
export async function emptyConfig(): Promise<Interfaces.Config> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'flushpoint-config-'))
  try {
    const oclif = {bin: 'flushpoint', topicSeparator: ' '}
    fs.writeFileSync(path.join(root, 'package.json'), JSON.stringify({name: 'flushpoint', version: '0.0.0', oclif}))
    return await Config.load({root})
  } finally {
    fs.rmSync(root, {recursive: true, force: true})
  }
}

/** Runs something that writes to stdout and stderr and sets the exit status; leaves the status of this process alone. */
export async function inProcess(work: () => Promise<unknown>): Promise<InProcessEnd> {
  const before = process.exitCode
  process.exitCode = undefined
  try {
    const {error, stdout, stderr} = await captureOutput(work, {stripAnsi: false})
    const thrown = (error as {oclif?: {exit?: number}} | undefined)?.oclif?.exit
    const set = process.exitCode as number | undefined
    if (error && thrown !== set)
      throw new Error(`oclif would end with ${thrown}, the process with ${set}`, {cause: error})
    return {status: set ?? 0, stdout, stderr}
  } finally {
    process.exitCode = before
  }
}
