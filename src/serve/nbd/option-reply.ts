import {
  IHAVEOPT,
  NBD_FLAG_FIXED_NEWSTYLE,
  NBD_FLAG_NO_ZEROES,
  NBD_INFO_BLOCK_SIZE,
  NBD_INFO_EXPORT,
  NBD_REP_INFO,
  NBD_REP_META_CONTEXT,
  NBD_REP_SERVER,
  NBDMAGIC,
  OPTION_REPLY_MAGIC,
} from './protocol.js'

const HEAD_BYTES = 20
const ZEROES_BYTES = 124

/** What a server says first: fixed newstyle, and no zeroes behind the answer to EXPORT_NAME. */
export function greeting(): Buffer {
  const bytes = Buffer.alloc(18)
  bytes.writeUInt32BE(NBDMAGIC[0], 0)
  bytes.writeUInt32BE(NBDMAGIC[1], 4)
  bytes.writeUInt32BE(IHAVEOPT[0], 8)
  bytes.writeUInt32BE(IHAVEOPT[1], 12)
  bytes.writeUInt16BE(NBD_FLAG_FIXED_NEWSTYLE | NBD_FLAG_NO_ZEROES, 16)
  return bytes
}

/** One answer to an option. */
export function optionReply(option: number, type: number, data: Uint8Array = new Uint8Array(0)): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + data.length)
  bytes.writeUInt32BE(OPTION_REPLY_MAGIC[0], 0)
  bytes.writeUInt32BE(OPTION_REPLY_MAGIC[1], 4)
  bytes.writeUInt32BE(option, 8)
  bytes.writeUInt32BE(type, 12)
  bytes.writeUInt32BE(data.length, 16)
  bytes.set(data, HEAD_BYTES)
  return bytes
}

/** An error with a sentence for people. */
export function optionError(option: number, type: number, sentence: string): Buffer {
  return optionReply(option, type, Buffer.from(sentence))
}

/** An export in the answer to LIST. */
export function serverReply(option: number, name: string): Buffer {
  const text = Buffer.from(name)
  const data = Buffer.alloc(4 + text.length)
  data.writeUInt32BE(text.length, 0)
  data.set(text, 4)
  return optionReply(option, NBD_REP_SERVER, data)
}

/** NBD_INFO_EXPORT: size and transmission flags. */
export function exportInfo(option: number, sizeBytes: number, flags: number): Buffer {
  const data = Buffer.alloc(12)
  data.writeUInt16BE(NBD_INFO_EXPORT, 0)
  data.writeBigUInt64BE(BigInt(sizeBytes), 2)
  data.writeUInt16BE(flags, 10)
  return optionReply(option, NBD_REP_INFO, data)
}

/** NBD_INFO_NAME or NBD_INFO_DESCRIPTION. */
export function textInfo(option: number, info: number, text: string): Buffer {
  const bytes = Buffer.from(text)
  const data = Buffer.alloc(2 + bytes.length)
  data.writeUInt16BE(info, 0)
  data.set(bytes, 2)
  return optionReply(option, NBD_REP_INFO, data)
}

/** NBD_INFO_BLOCK_SIZE: smallest, preferred, and the longest payload. */
export function blockSizeInfo(option: number, minBytes: number, preferredBytes: number, maxBytes: number): Buffer {
  const data = Buffer.alloc(14)
  data.writeUInt16BE(NBD_INFO_BLOCK_SIZE, 0)
  data.writeUInt32BE(minBytes, 2)
  data.writeUInt32BE(preferredBytes, 6)
  data.writeUInt32BE(maxBytes, 10)
  return optionReply(option, NBD_REP_INFO, data)
}

/** A metadata context with its id. */
export function metaContextReply(option: number, id: number, name: string): Buffer {
  const text = Buffer.from(name)
  const data = Buffer.alloc(4 + text.length)
  data.writeUInt32BE(id, 0)
  data.set(text, 4)
  return optionReply(option, NBD_REP_META_CONTEXT, data)
}

/** The answer to EXPORT_NAME, which has no head and cannot be an error. */
export function exportNameReply(sizeBytes: number, flags: number, noZeroes: boolean): Buffer {
  const bytes = Buffer.alloc(10 + (noZeroes ? 0 : ZEROES_BYTES))
  bytes.writeBigUInt64BE(BigInt(sizeBytes), 0)
  bytes.writeUInt16BE(flags, 8)
  return bytes
}
