import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs'
import {dirname, join} from 'node:path'
import type {KernelRoots} from '../../src/image/kernel-file.js'
import type {Scene} from './scene.js'

/** Files of a block device, by their paths in its folder, with what they say. */
type DeviceFiles = Readonly<Record<string, string | number>>

/** What the queue of a disk says. */
export function queue(writeCache: string, more: DeviceFiles = {}): DeviceFiles {
  const facts = {
    write_cache: writeCache,
    fua: 0,
    logical_block_size: 512,
    physical_block_size: 4096,
    rotational: 0,
    ...more,
  }
  return Object.fromEntries(Object.entries(facts).map(([name, value]) => [`queue/${name}`, value]))
}

/** A /proc and a /sys of our own, laid out as the kernel does it. */
export class KernelTree {
  readonly roots: KernelRoots

  constructor(scene: Scene) {
    this.roots = {procfs: scene.path('proc'), sysfs: scene.path('sys')}
    for (const folder of ['dev/block', 'class/block', 'fs'])
      mkdirSync(join(this.roots.sysfs, folder), {recursive: true})
    mkdirSync(join(this.roots.procfs, 'self'), {recursive: true})
  }

  mounts(...lines: string[]): void {
    this.#write(join(this.roots.procfs, 'self/mountinfo'), `${lines.join('\n')}\n`)
  }

  /**
   * Plants a block device.
   *
   * @param place its folder below /sys/devices, which ends with its name
   * @param members folders of devices it stands on, which must be there
   */
  device(place: string, number: string, files: DeviceFiles, members: readonly string[] = []): void {
    const {sysfs} = this.roots
    const folder = this.folder(place)
    mkdirSync(join(folder, 'slaves'), {recursive: true})
    for (const [name, value] of Object.entries({...files, dev: number})) this.#write(join(folder, name), `${value}\n`)
    for (const member of members)
      symlinkSync(this.folder(member), join(folder, 'slaves', member.split('/').at(-1) ?? ''))
    symlinkSync(folder, join(sysfs, 'dev/block', number))
    symlinkSync(folder, join(sysfs, 'class/block', place.split('/').at(-1) ?? ''))
  }

  folder(place: string): string {
    return join(this.roots.sysfs, 'devices', place)
  }

  #write(path: string, text: string): void {
    mkdirSync(dirname(path), {recursive: true})
    writeFileSync(path, text)
  }
}
