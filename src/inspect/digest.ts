import {read} from 'node:fs'
import {promisify} from 'node:util'
import {readFailure, shortenedImage, type ImageSource} from '../image/index.js'
import {dataRanges} from './extent-map.js'
import {refuseShortened} from './shortened.js'

const readAt = promisify(read)

/** The digests one may ask for. */
export const DIGESTS = ['sha256', 'blake3'] as const
export type DigestName = (typeof DIGESTS)[number]

const CHUNK_BYTES = 1024 * 1024
const ZEROES = Buffer.alloc(CHUNK_BYTES)

interface Hasher {
  update(bytes: Uint8Array): unknown
  digest(): string
}

async function hasherOf(name: DigestName): Promise<Hasher> {
  switch (name) {
    case 'sha256': {
      const {createHash} = await import('node:crypto')
      const hash = createHash('sha256')
      return {update: (bytes) => hash.update(bytes), digest: () => hash.digest('hex')}
    }
    case 'blake3': {
      const {createBLAKE3} = await import('hash-wasm')
      const hash = (await createBLAKE3()).init()
      return {update: (bytes) => hash.update(bytes), digest: () => hash.digest('hex')}
    }
  }
}

/**
 * The digest of a source as lower-case hex: that of its bytes, whatever is a hole. Holes are not read but hashed as zeroes.
 * Reading goes on while the piece before is hashed.
 *
 * @param progress is told how many bytes are hashed; awaited
 * @param ofHoles digests of holes by their size, kept from one source to the next: of a thousand holes alike one is hashed
 * @throws ToolError of kind io when the source cannot be read or ends early
 */
export async function digestOf(
  source: ImageSource,
  name: DigestName,
  progress: (doneBytes: number) => Promise<void> = async () => {},
  ofHoles: Map<number, string> = new Map(),
): Promise<string> {
  const data = await dataRanges(source)
  const known = data?.length === 0 ? ofHoles.get(source.sizeBytes) : undefined
  if (known !== undefined) {
    refuseShortened(source)
    await progress(source.sizeBytes)
    return known
  }
  const hasher = await hasherOf(name)
  const buffers = [Buffer.allocUnsafeSlow(CHUNK_BYTES), Buffer.allocUnsafeSlow(CHUNK_BYTES)] as const
  const pieces = piecesOf(source.sizeBytes, data)
  let turn = 0
  const start = (): Reading | undefined => {
    const {value} = pieces.next()
    return value === undefined
      ? undefined
      : {...value, bytes: beginReading(source, value, buffers[turn++ % 2] as Buffer)}
  }
  let reading = start()
  while (reading !== undefined) {
    const bytes = await reading.bytes
    const {offsetBytes, lengthBytes} = reading
    reading = start()
    reading?.bytes.catch(() => {}) // told when its turn comes
    hasher.update(bytes)
    await progress(offsetBytes + lengthBytes)
  }
  refuseShortened(source)
  const digest = hasher.digest()
  if (data?.length === 0) ofHoles.set(source.sizeBytes, digest)
  return digest
}

interface Piece {
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly hole: boolean
}

type Reading = Piece & {readonly bytes: Promise<Uint8Array>}

/** The source from its start to its end in pieces, each either data or a hole. */
function* piecesOf(sizeBytes: number, data: Awaited<ReturnType<typeof dataRanges>>): Generator<Piece, undefined> {
  let cursorBytes = 0
  const upTo = function* (endBytes: number, hole: boolean): Generator<Piece> {
    while (cursorBytes < endBytes) {
      const lengthBytes = Math.min(CHUNK_BYTES, endBytes - cursorBytes)
      yield {offsetBytes: cursorBytes, lengthBytes, hole}
      cursorBytes += lengthBytes
    }
  }
  for (const {offsetBytes, lengthBytes} of data ?? [{offsetBytes: 0, lengthBytes: sizeBytes}]) {
    yield* upTo(offsetBytes, true)
    yield* upTo(offsetBytes + lengthBytes, false)
  }
  yield* upTo(sizeBytes, true)
}

async function beginReading(source: ImageSource, piece: Piece, buffer: Buffer): Promise<Uint8Array> {
  const {offsetBytes, lengthBytes, hole} = piece
  if (hole) return ZEROES.subarray(0, lengthBytes)
  let done = 0
  while (done < lengthBytes) {
    const at = source.startBytes + offsetBytes + done
    const bytesRead = await readAt(source.fd, buffer, done, lengthBytes - done, at).then(
      (answer) => answer.bytesRead,
      (error: unknown) => {
        throw readFailure(source.path, at, error)
      },
    )
    if (bytesRead === 0) throw shortenedImage(source.path, at, 'read')
    done += bytesRead
  }
  return buffer.subarray(0, lengthBytes)
}
