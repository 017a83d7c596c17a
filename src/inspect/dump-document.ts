import {formatBytesBoth, ToolError, type Range} from '../base/index.js'
import type {ImageSource} from '../image/index.js'
import type {Document} from '../report/index.js'

/** A document is made in memory, and ten times as long as its bytes. */
const DOCUMENT_BYTES_MAX = 1024 * 1024
const ROW_BYTES = 16

interface DumpRow {
  readonly offsetBytes: number
  /** Two lower-case digits a byte, without gaps. */
  readonly hex: string
  /** As hexdump -C shows it: a dot for all but printable ASCII. */
  readonly text: string
}

/**
 * The bytes of a range for programs: rows of 16, none folded.
 *
 * @param image as it was typed
 * @throws ToolError of kind usage when the range is too long for a document, of kind io when it cannot be read
 */
export function dumpDocument(image: string, source: ImageSource, {offsetBytes, lengthBytes}: Range): Document {
  if (lengthBytes > DOCUMENT_BYTES_MAX) {
    const message = `${formatBytesBoth(lengthBytes)} are too much for a document: it has at most ${formatBytesBoth(DOCUMENT_BYTES_MAX)}`
    throw new ToolError('usage', 'E_DUMP_LENGTH', message, {
      hint: 'Say how much with --length 1M. The hex view without --format, and --raw, have no such bound.',
      context: {path: source.path},
    })
  }
  const bytes = Buffer.alloc(lengthBytes)
  const rows = rowsOf(bytes.subarray(0, source.readInto(bytes, offsetBytes)), offsetBytes)
  const columns = [
    {name: 'offset', key: 'offsetBytes', align: 'right' as const},
    {name: 'hex', key: 'hex'},
    {name: 'text', key: 'text'},
  ]
  const range = {schema: 'flushpoint/dump@1', image, sizeBytes: source.sizeBytes, offsetBytes, lengthBytes}
  return {
    title: `${image}: ${lengthBytes} bytes from byte ${offsetBytes}`,
    blocks: [{kind: 'table', columns, rows: rows.map(({offsetBytes: at, hex, text}) => [String(at), hex, text])}],
    json: {...range, rows},
    records: rows.map((row) => ({record: 'row', ...row})),
  }
}

function rowsOf(bytes: Buffer, offsetBytes: number): DumpRow[] {
  return Array.from({length: Math.ceil(bytes.length / ROW_BYTES)}, (_, i) => {
    const row = bytes.subarray(i * ROW_BYTES, (i + 1) * ROW_BYTES)
    const text = row.toString('latin1').replaceAll(/[^\x20-\x7e]/g, '.')
    return {offsetBytes: offsetBytes + i * ROW_BYTES, hex: row.toString('hex'), text}
  })
}
