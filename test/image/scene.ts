import {execFileSync} from 'node:child_process'
import {existsSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync} from 'node:fs'
import {tmpdir} from 'node:os'
import {join} from 'node:path'
import {ToolError} from '../../src/base/index.js'
import {capability} from '../peers.js'

/** A folder for one test, with whatever the test attached to the system; close() undoes all of it. */
export class Scene {
  readonly folder = mkdtempSync(join(tmpdir(), 'flushpoint-image-'))
  readonly #undo: (() => void)[] = []

  path(name: string): string {
    return join(this.folder, name)
  }

  /** A file of the given size: sparse, or with the given byte everywhere. */
  file(name: string, sizeBytes: number, fill?: number): string {
    const path = this.path(name)
    writeFileSync(path, fill === undefined ? '' : Buffer.alloc(sizeBytes, fill))
    truncateSync(path, sizeBytes)
    return path
  }

  /** Has something undone when the test ends, last first. */
  onClose(undo: () => void): void {
    this.#undo.push(undo)
  }

  /** Attaches a file to a loop device. @returns the device */
  loop(path: string, ...options: string[]): string {
    const device = execFileSync('losetup', ['--find', '--show', ...options, path], {encoding: 'utf8'}).trim()
    this.onClose(() => execFileSync('losetup', ['--detach', device]))
    return device
  }

  /** Mounts a device. @returns the mount point */
  mount(device: string, ...options: string[]): string {
    const point = mkdtempSync(join(this.folder, 'mount-'))
    execFileSync('mount', [...options, device, point])
    this.onClose(() => execFileSync('umount', [point]))
    return point
  }

  close(): void {
    const failures: unknown[] = []
    for (const undo of this.#undo.toReversed()) {
      try {
        undo()
      } catch (error) {
        failures.push(error)
      }
    }
    rmSync(this.folder, {recursive: true, force: true})
    if (failures.length > 0) throw new AggregateError(failures, 'the scene was not taken down')
  }
}

/** The ToolError a promise ends with; anything else fails the test. */
export async function refusalOf(promise: Promise<unknown>): Promise<ToolError> {
  try {
    await promise
  } catch (error) {
    if (error instanceof ToolError) return error
    throw error
  }
  throw new Error('nothing was refused')
}

/** How many descriptors this process has open. */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** Descriptors can be counted. */
export const procFd = capability(existsSync('/proc/self/fd'), 'this system has no /proc/self/fd')

/** Loop devices may be attached. */
export const loopDevices = capability(existsSync('/dev/loop-control'), 'the kernel has no loop devices')
