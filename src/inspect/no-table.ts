import {ToolError} from '../base/index.js'
import type {Contents} from '../disk-layout/index.js'
import {contentText} from './signature-text.js'

/** The answer "no" to who asked for a partition table, with what is there instead. */
export function noTable(name: string, {whole}: Contents): ToolError {
  const hint =
    whole.length === 0
      ? 'Nothing known begins there either: it may be empty, encrypted without a header, or damaged at its start.'
      : `What is there: ${contentText(whole)}. "flushpoint info" says more.`
  return new ToolError('verdict', 'E_NO_PARTITION_TABLE', `${name} has no partition table`, {
    hint,
    context: {path: name},
  })
}
