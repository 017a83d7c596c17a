import {closeSync, constants, fstatSync, openSync, readSync} from 'node:fs'
import {ToolError} from '../base/index.js'
import {deviceSizeBytes} from './block-device.js'
import {reopen} from './descriptor.js'
import type {Image} from './image.js'
import {checkKind} from './open.js'
import {openRefusal, readFailure} from './refusal.js'

/** A raw image, or a part of one, for looking at. By its type nothing can be written through it. */
export interface ImageSource {
  readonly path: string
  /** Open for reading only. Offsets on it are those of the whole image: `startBytes` is where this source begins. */
  readonly fd: number
  readonly startBytes: number
  /** Every byte counts, also those behind the last whole sector. May be 0. */
  readonly sizeBytes: number
  readonly blockDevice: boolean
  /**
   * Fills `bytes` from an offset of this source. @returns how many bytes were read: fewer only where the source ends, 0 behind it
   *
   * @throws ToolError of kind io when it cannot be read
   */
  readInto(bytes: Uint8Array, offsetBytes: number): number
  /** Gives the descriptor back; of a part, nothing: it is that of the whole. */
  close(): void
}

/**
 * Opens an image for looking at: read-only, without a lock, without a request to anybody who holds one. Nothing of it changes.
 *
 * @throws ToolError of kind environment when it is missing, denied, or neither a file nor a block device
 */
export function openSource(path: string): ImageSource {
  const blockDevice = checkKind(path, true)
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY)
  } catch (error) {
    throw openRefusal({path, readOnly: true, blockDevice}, error)
  }
  try {
    const sizeBytes = blockDevice ? deviceSizeBytes(fstatSync(fd).rdev) : fstatSync(fd).size
    if (sizeBytes === undefined || !Number.isSafeInteger(sizeBytes)) {
      throw new ToolError('environment', 'E_SIZE_UNKNOWN', `the size of ${path} cannot be determined`, {
        hint:
          sizeBytes === undefined ? 'Block devices need /sys mounted.' : 'Sizes beyond 2^53-1 bytes are not supported.',
        context: {path},
      })
    }
    return {...reading(path, fd, 0, sizeBytes), blockDevice, close: () => closeSync(fd)}
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/**
 * An image that is open, to be looked at beside whoever changes it: through the page cache, whatever its mode.
 *
 * @throws ToolError of kind environment when it cannot be opened again
 */
export function sourceOf({path, fd, startBytes, sizeBytes, blockDevice}: Image): ImageSource {
  try {
    const own = reopen(fd, path, constants.O_RDONLY)
    return {...reading(path, own, startBytes, sizeBytes), blockDevice, close: () => closeSync(own)}
  } catch (error) {
    throw openRefusal({path, readOnly: true, blockDevice}, error)
  }
}

/** The part of a source that a range covers, cut where the source ends; it shares the descriptor. */
export function partOf(source: ImageSource, offsetBytes: number, lengthBytes: number): ImageSource {
  const fromBytes = Math.min(offsetBytes, source.sizeBytes)
  const sizeBytes = Math.min(lengthBytes, source.sizeBytes - fromBytes)
  const {path, blockDevice} = source
  return {...reading(path, source.fd, source.startBytes + fromBytes, sizeBytes), blockDevice, close: () => {}}
}

type Reading = Pick<ImageSource, 'path' | 'fd' | 'startBytes' | 'sizeBytes' | 'readInto'>

function reading(path: string, fd: number, startBytes: number, sizeBytes: number): Reading {
  return {
    path,
    fd,
    startBytes,
    sizeBytes,
    readInto(bytes, offsetBytes) {
      const wantedBytes = Math.max(0, Math.min(bytes.length, sizeBytes - offsetBytes))
      let done = 0
      while (done < wantedBytes) {
        const got = readFrom(path, fd, bytes.subarray(done, wantedBytes), startBytes + offsetBytes + done)
        if (got === 0) break // it became shorter meanwhile
        done += got
      }
      return done
    },
  }
}

function readFrom(path: string, fd: number, bytes: Uint8Array, atBytes: number): number {
  try {
    return readSync(fd, bytes, 0, bytes.length, atBytes)
  } catch (error) {
    throw readFailure(path, atBytes, error)
  }
}
