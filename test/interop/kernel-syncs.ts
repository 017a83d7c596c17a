import {existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'

import {fileSystemOf} from '../../src/image/file-system.js'
import {capability, root, type Need} from '../peers.js'

const INSTANCES = '/sys/kernel/tracing/instances'
const EVENT = 'ext4_sync_file_enter'

/** What it takes to have the kernel count. */
export function kernelSyncNeeds(): Need[] {
  const isExt4 = fileSystemOf(tmpdir()).name === 'ext4'
  return [
    root(),
    capability(existsSync(INSTANCES), `there is no ${INSTANCES}`),
    capability(isExt4, 'the temporary folder is not on ext4, whose syncs the kernel tells of'),
  ]
}

/**
 * Counts the syncs that reach the file system for one file, whoever asks for them and how: fdatasync, a ring, or a write that is to be
 * stable at its end. In an instance of the kernel's tracing that nobody else uses; close() removes it.
 */
export class KernelSyncs {
  readonly #folder: string

  constructor(path: string) {
    this.#folder = join(INSTANCES, `flushpoint-${process.pid}-${statSync(path).ino}`)
    mkdirSync(this.#folder)
    const event = join(this.#folder, 'events', 'ext4', EVENT)
    writeFileSync(join(event, 'filter'), `ino == ${statSync(path).ino}`)
    writeFileSync(join(event, 'enable'), '1')
  }

  /** How many there have been since the last call. */
  take(): number {
    const trace = join(this.#folder, 'trace')
    const count = readFileSync(trace, 'utf8').split(`${EVENT}:`).length - 1
    writeFileSync(trace, '')
    return count
  }

  close(): void {
    writeFileSync(join(this.#folder, 'events', 'ext4', EVENT, 'enable'), '0')
    rmdirSync(this.#folder)
  }
}
