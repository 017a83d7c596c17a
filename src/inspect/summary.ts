import {fstatSync} from 'node:fs'
import type {Contents} from '../disk-layout/index.js'
import {hostFacts, imageUsers, type HostFacts, type ImageUsers} from '../image/index.js'
import {loadLibc} from '../native/index.js'
import {contentsOf} from './image-reader.js'
import {sparsenessOf, type Sparseness} from './sparseness.js'
import type {Target} from './target.js'

/** Everything `info` tells of an image. */
export interface Summary {
  readonly name: string
  /** Of the whole image when a partition was named. */
  readonly path: string
  /** The partition that was named. */
  readonly partition: number | undefined
  readonly kind: 'file' | 'block device'
  /** Where in the image the figures below are from. */
  readonly startBytes: number
  readonly sizeBytes: number
  /** What the file system has set aside for the whole image; undefined for a block device, whose own are not told. */
  readonly allocatedBytes: number | undefined
  /** Or why the holes cannot be told. */
  readonly sparseness: Sparseness | string
  readonly contents: Contents
  readonly users: ImageUsers
  readonly host: HostFacts
}

/**
 * Looks at an image and at what its host means for it. Promises: nothing is written, no lock taken, nobody stopped; the number
 * of reads does not depend on the size of the image.
 *
 * @throws ToolError of kind io when the image cannot be read
 */
export async function summaryOf(target: Target): Promise<Summary> {
  const {name, source, whole, partition} = target
  const native = await loadLibc()
  return {
    name,
    path: whole.path,
    partition: partition?.number,
    kind: whole.blockDevice ? 'block device' : 'file',
    startBytes: source.startBytes,
    sizeBytes: source.sizeBytes,
    allocatedBytes: whole.blockDevice ? undefined : fstatSync(whole.fd).blocks * 512, // st_blocks counts 512 bytes everywhere
    sparseness: sparsenessOf(native, source),
    contents: contentsOf(source),
    users: await imageUsers(whole),
    host: await hostFacts(whole.path, undefined, {measure: false}),
  }
}
